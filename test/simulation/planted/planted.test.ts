import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { scenarioNamed } from "../scenarios.ts";
import { hunt } from "./hunt.ts";
import { PLANTS } from "./plants.ts";

const OF_GROUPS = PLANTS.filter(({ scenario }) => scenarioNamed(scenario).group !== undefined);

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

  it("are at least 25, of them at least 20 of groups, and no two share a name", () => {
    expect(PLANTS.length).toBeGreaterThanOrEqual(25);
    expect(OF_GROUPS.length).toBeGreaterThanOrEqual(20);
    expect(new Set(PLANTS.map(({ name }) => name)).size).toBe(PLANTS.length);
  });

  it("of groups are found by each checker of safety, those of leases among them", () => {
    const checkers = new Set(OF_GROUPS.map(({ caughtBy }) => caughtBy));
    for (const by of ["I1-tokens-rise", "I3-fencing", "I4-own-term-only", "no-orphan", "session-tokens"])
      expect(checkers).toContain(by);
  });

  it("are in the table of docs/proof.md, with the seed that a hunt begins at", () => {
    const proof = readFileSync(new URL("../../../docs/proof.md", import.meta.url), "utf8");
    const [, table = ""] = proof.split(
      "| planted | world | first seed | budget (histories) | by |\n|---|---|---|---|---|\n",
    );
    const rows = table.slice(0, table.indexOf("\n\n")).split("\n");
    expect(rows).toEqual(
      PLANTS.map(
        ({ name, scenario, from = 1, budget, caughtBy }) =>
          `| ${name} | ${scenario} | ${from} | ${budget} | ${caughtBy} |`,
      ),
    );
  });
});
