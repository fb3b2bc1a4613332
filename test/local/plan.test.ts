import { describe, expect, it } from "vitest";
import { makePlan } from "../../local/play/plan.ts";
import { fillIn, scheduledTime } from "../../local/play/schedule.ts";

const seeds = Array.from({ length: 200 }, (_, seed) => seed);
const plan = (ticks: number, seed: number, recoveryMs: number | undefined = 8_000) =>
  makePlan({ ticks, seed, tickMs: 2_000, recoveryMs });

describe("a plan", () => {
  it("follows from its seed alone", () => {
    expect(plan(16, 5)).toEqual(plan(16, 5));
    expect(new Set(seeds.map((seed) => JSON.stringify(plan(16, seed)))).size).toBeGreaterThan(190);
  });

  it("kills one leader and freezes one, each with time to recover, at every seed", () => {
    for (const seed of seeds) {
      const { faults, leftOut } = plan(16, seed);
      expect(leftOut).toEqual([]);
      expect(faults.map(({ kind }) => kind).sort()).toEqual(["freeze", "kill"]);
      const [first, second] = faults.map(({ fromTick }) => fromTick);
      expect(first).toBeGreaterThanOrEqual(2);
      expect(second).toBeGreaterThanOrEqual((first ?? 0) + 5);
      expect((second ?? 0) + 4).toBeLessThanOrEqual(16);
    }
  });

  it("strikes no leader before it has left a witness", () => {
    for (const seed of seeds) for (const { write } of plan(16, seed).faults) expect(write).toBeGreaterThan(1);
  });

  it.each([
    [2, 0],
    [5, 0],
    [6, 1],
    [10, 1],
    [11, 2],
  ])("of %d ticks has room for %d faults and says which are left out", (ticks, faults) => {
    for (const seed of seeds) {
      expect(plan(ticks, seed).faults).toHaveLength(faults);
      expect(plan(ticks, seed).leftOut).toHaveLength(2 - faults);
    }
  });

  it("goes on striking in longer runs", () => {
    for (const seed of seeds) expect(plan(60, seed).faults.length).toBeGreaterThanOrEqual(8);
  });

  it("without an election has duplicates only", () => {
    const { faults, leftOut } = makePlan({ ticks: 16, seed: 1, tickMs: 2_000, recoveryMs: undefined });
    expect([faults, leftOut]).toEqual([[], []]);
  });

  it("delivers every occurrence twice almost at once, and within its tick", () => {
    for (const seed of seeds) {
      for (const [index, deliveries] of plan(16, seed).deliveries.entries()) {
        const own = deliveries.filter(({ kind }) => kind !== "late");
        expect(own.every(({ tick }) => tick === index + 1)).toBe(true);
        expect(own.filter(({ afterMs }) => afterMs <= 360).length).toBeGreaterThanOrEqual(2);
        expect(deliveries.every(({ afterMs }) => afterMs < 2_000)).toBe(true);
      }
    }
  });

  it("plays an occurrence again long after it was due", () => {
    for (const seed of seeds) {
      const late = plan(2, seed).deliveries[1]?.filter(({ kind }) => kind === "late");
      expect(late).toMatchObject([{ tick: 1 }]);
    }
  });
});

describe("the scheduler", () => {
  it("counts scheduled times up by the period, to the second", () => {
    expect(scheduledTime(1, 60_000)).toBe("2026-01-01T00:01:00Z");
    expect(scheduledTime(61, 60_000)).toBe("2026-01-01T01:01:00Z");
  });

  it("fills in the payload that the template gives", () => {
    const input = '{"tick":"<aws.scheduler.scheduled-time>","executionId":"<aws.scheduler.execution-id>"}';
    const filled: unknown = JSON.parse(
      fillIn(input, { scheduledTime: "2026-01-01T00:01:00Z", executionId: "e" }),
    );
    expect(filled).toEqual({ tick: "2026-01-01T00:01:00Z", executionId: "e" });
    expect(() => fillIn("<aws.scheduler.moon-phase>", { scheduledTime: "", executionId: "" })).toThrow(
      /moon-phase/,
    );
  });
});
