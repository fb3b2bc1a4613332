import { describe, expect, it } from "vitest";
import { billOf } from "../../lib/cli/cost/bill.ts";
import { dollarsOf, numberOf } from "../../lib/cli/cost/picture.ts";
import type { Shape } from "../../lib/cli/cost/requests.ts";
import { DEFAULT_TIMING } from "../../lib/core/timing.ts";
import { rowsOf } from "../support/pages.ts";

/** The workloads of the readme's table, and which of a plan's requests each of them is. */
const WORKLOADS: readonly (readonly [named: RegExp, shape: Shape, requests: RegExp])[] = [
  [/^job every minute, one function/, { as: "schedule", everyMs: 60_000, standbys: 0, workMs: 0 }, /./],
  [/^job every minute, two regions/, { as: "schedule", everyMs: 60_000, standbys: 1, workMs: 0 }, /./],
  [/^service: a leader/, { as: "single", standbys: 0, registrationMs: undefined }, /^renewals/],
  [/^service: each waiting/, { as: "single", standbys: 1, registrationMs: undefined }, /^looks/],
  [/^service: each listed/, { as: "single", standbys: 0, registrationMs: 60_000 }, /^registrations/],
];

describe("the readme", () => {
  it("states the cost that `leasehold cost` reckons", () => {
    const { renewIntervalMs, retryIntervalMs } = DEFAULT_TIMING;
    const rows = rowsOf("README.md", /^(job|service)\b/).filter((row) => row.length === 3);
    expect(rows).toHaveLength(WORKLOADS.length);
    for (const [nth, [named, shape, requests]] of WORKLOADS.entries()) {
      const { items } = billOf({ leases: 1, shape, renewIntervalMs, retryIntervalMs, valueBytes: 0 });
      const counted = items.filter(({ what }) => requests.test(what));
      const sum = (of: (item: (typeof items)[number]) => number): number =>
        counted.reduce((so, item) => so + of(item), 0);
      const unit = counted[0]?.operation === "write" ? "writes" : "strong reads";
      const [name, stated, usd] = rows[nth] ?? [];
      expect(name).toMatch(named);
      expect(stated).toBe(`${numberOf(sum(({ perMonth }) => perMonth))} ${unit}`);
      expect(usd).toBe(dollarsOf(sum(({ usdPerMonth }) => usdPerMonth)));
    }
  });
});
