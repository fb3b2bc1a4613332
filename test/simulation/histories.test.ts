import { describe, expect, it } from "vitest";
import { violationsOf } from "./checks/all.ts";
import type { Progress } from "./explore-worker.ts";
import { exploreAbroad } from "./fleet.ts";
import { REGRESSIONS } from "./regressions.ts";
import { claimedKinds, Summary } from "./report/summary.ts";
import { SCENARIOS, scenarioNamed } from "./scenarios.ts";
import { playOne } from "./world/drive.ts";
import { historyOf } from "./world/history-of.ts";

const NAMES = Object.keys(SCENARIOS);
const isOfGroup = (name: string): boolean => scenarioNamed(name).group !== undefined;
/** The share of the exploration that every test run pays for: the same seeds each time. One of a group costs more than two others. */
const SHARES = [
  { of: "leases", names: NAMES.filter((name) => !isOfGroup(name)), each: 11 },
  { of: "groups", names: NAMES.filter(isOfGroup), each: 6 },
] as const;

describe("simulated elections", () => {
  it.each(SHARES)(
    "of $of hold every invariant in $each histories of each world, with every fault injected that is claimed",
    {
      timeout: 240_000,
    },
    async ({ names, each }) => {
      const summary = new Summary(names);
      const failures: Progress["failures"][number][] = [];
      await exploreAbroad(
        {
          scenarios: names,
          firstSeed: 1_000_000,
          histories: names.length * each,
          forMs: Number.POSITIVE_INFINITY,
        },
        (progress) => {
          summary.add(progress);
          failures.push(...progress.failures);
        },
      );
      expect(failures).toEqual([]);
      expect(summary.ok(claimedKinds(names.map(scenarioNamed)))).toBe(true);
    },
  );

  it.each(REGRESSIONS)("stay clean of what $scenario $seed found: $found", async ({ scenario, seed }) => {
    expect(violationsOf(await playOne(historyOf(scenarioNamed(scenario), seed)))).toEqual([]);
  });

  it.each(NAMES)("tell the same history of %s for the same seed, alone or beside others", async (name) => {
    const scenario = scenarioNamed(name);
    const alone = await playOne(historyOf(scenario, 7));
    const [, beside] = await Promise.all([8, 7].map((seed) => playOne(historyOf(scenario, seed))));
    expect(JSON.stringify(beside?.events)).toBe(JSON.stringify(alone.events));
  });
});
