import { describe, expect, it } from "vitest";
import { hunt } from "./hunt.ts";
import { PLANTS } from "./plants.ts";

describe("planted bugs", () => {
  it.concurrent.each(PLANTS)(
    "$name: $about; $caughtBy complains within $budget histories of $scenario",
    { timeout: 120_000 },
    async ({ name, caughtBy, budget }) => {
      const caught = await hunt(name);
      expect(caught.by).toContain(caughtBy);
      expect(caught.histories).toBeLessThanOrEqual(budget);
    },
  );

  it("are at least 25, and no two share a name", () => {
    expect(PLANTS.length).toBeGreaterThanOrEqual(25);
    expect(new Set(PLANTS.map(({ name }) => name)).size).toBe(PLANTS.length);
  });
});
