import { describe, expect, it } from "vitest";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";
import { manual } from "../support/manual.ts";
import { context, type Elect, withMiddy, withWrapper } from "./invocations.ts";

describe.each<readonly [string, Elect]>([
  ["leaderOnly", withMiddy],
  ["withLeadership", withWrapper],
])("%s with options that are out of bounds", (_, elect) => {
  it("checks its options once, when it is made, and names the one that is wrong", () => {
    const leases = manual().client();
    const wrong: readonly (readonly [string, Record<string, unknown>])[] = [
      ["name", { leases, name: "" }],
      ["name", { leases }],
      ["leases", { name: "jobs" }],
      ["leases", { leases: {}, name: "jobs" }],
      ["timeoutMarginMs", { leases, name: "jobs", timeoutMarginMs: -1 }],
      ["timeoutMarginMs", { leases, name: "jobs", timeoutMarginMs: Number.NaN }],
    ];
    for (const [option, options] of wrong) {
      const make = () => elect(async () => 1, options as never);
      expect(leaseErrorIn(make, "INVALID_ARGUMENT").message).toContain(option);
    }
  });

  it.each([
    ["tick", "2026-01-01"],
    ["tick", null],
    ["durationMs", 0],
    ["tickPolicy", "never"],
  ])("does not elect under %s of %j, and names it before anything is sent", async (option, value) => {
    const { client, clock, store } = manual();
    // Whether that is told when it is made or when it is first invoked.
    const attempt = async (): Promise<unknown> => {
      const options = { leases: client(), name: "jobs", [option]: value };
      return elect(async () => 1, options)({}, context(clock));
    };
    const error = await leaseErrorOf(attempt(), "INVALID_ARGUMENT");
    expect(error.message).toContain(option);
    expect(store.requests).toBe(0);
  });
});
