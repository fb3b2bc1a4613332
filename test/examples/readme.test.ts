import { describe, expect, it } from "vitest";
import { billOf } from "../../lib/cli/cost/bill.ts";
import { dollarsOf, numberOf } from "../../lib/cli/cost/picture.ts";
import type { Shape } from "../../lib/cli/cost/requests.ts";
import { DEFAULT_TIMING } from "../../lib/core/timing.ts";
import { read, rowsOf } from "../support/pages.ts";

/** The workloads of the table in short, and which of a plan's requests each of them is. */
const WORKLOADS: readonly (readonly [named: RegExp, shape: Shape, requests: RegExp])[] = [
  [/^job every minute, one function/, { as: "schedule", everyMs: 60_000, standbys: 0, workMs: 0 }, /./],
  [/^job every minute, two regions/, { as: "schedule", everyMs: 60_000, standbys: 1, workMs: 0 }, /./],
  [/^service: a leader/, { as: "single", standbys: 0, registrationMs: undefined }, /^renewals/],
  [/^service: each waiting/, { as: "single", standbys: 1, registrationMs: undefined }, /^looks/],
  [/^service: each listed/, { as: "single", standbys: 0, registrationMs: 60_000 }, /^registrations/],
];

/** What one of the workloads costs, and how many requests of which kind that is, as `leasehold cost` reckons it. */
function costOf(shape: Shape, requests: RegExp): { readonly requests: string; readonly usd: string } {
  const { renewIntervalMs, retryIntervalMs } = DEFAULT_TIMING;
  const { items } = billOf({ leases: 1, shape, renewIntervalMs, retryIntervalMs, valueBytes: 0 });
  const counted = items.filter(({ what }) => requests.test(what));
  const sum = (of: (item: (typeof items)[number]) => number): number =>
    counted.reduce((so, item) => so + of(item), 0);
  const unit = counted[0]?.operation === "write" ? "writes" : "strong reads";
  return {
    requests: `${numberOf(sum(({ perMonth }) => perMonth))} ${unit}`,
    usd: dollarsOf(sum(({ usdPerMonth }) => usdPerMonth)),
  };
}

describe("the cost in short", () => {
  it("is what `leasehold cost` reckons", () => {
    const rows = rowsOf("docs/guides/cost.md", /^(job|service)\b/);
    expect(rows).toHaveLength(WORKLOADS.length);
    for (const [nth, [named, shape, requests]] of WORKLOADS.entries()) {
      const [name, stated, usd] = rows[nth] ?? [];
      expect(name).toMatch(named);
      expect({ requests: stated, usd }).toEqual(costOf(shape, requests));
    }
  });

  it("is the same in the readme", () => {
    const [, service, job] =
      /leader costs ([\d.]+) USD a month, a job every minute ([\d.]+):/.exec(read("README.md")) ?? [];
    const [everyMinute, , leader] = WORKLOADS.map(([, shape, requests]) => costOf(shape, requests).usd);
    expect([service, job]).toEqual([leader, everyMinute]);
  });
});
