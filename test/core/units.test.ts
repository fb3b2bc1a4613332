import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  elapsedAtLeast,
  elapsedAtMost,
  epochMs,
  GRAIN_MS,
  instant,
  nextReading,
  plusMs,
  type Reading,
} from "../../lib/core/units.ts";
import { readingsFrom } from "./timelines.ts";

const reading = readingsFrom(10, 5_000);

/** Takes readings of two clocks, one after another. */
function taken(...clocks: readonly (readonly [mono: number, wall: number])[]): Reading[] {
  const readings: Reading[] = [];
  for (const [mono, wall] of clocks)
    readings.push(nextReading({ mono: instant(mono), wall: epochMs(wall) }, readings.at(-1)));
  return readings;
}

/** How much can have passed from the first of some readings to the last, beyond the grain. */
function passed(...clocks: readonly (readonly [mono: number, wall: number])[]): number {
  const readings = taken(...clocks);
  return elapsedAtMost(readings[0] as Reading, readings.at(-1) as Reading) - GRAIN_MS;
}

describe("where it must not count too little", () => {
  it("counts as much time as either clock shows", () => {
    expect(passed([10, 5_000], [110, 5_100])).toBe(100);
    expect(passed([10, 5_000], [10, 65_000]), "frozen: the wall clock tells").toBe(60_000);
    expect(passed([10, 5_000], [110, 1_000]), "a wall clock set back hides nothing").toBe(100);
    expect(passed([10, 5_000], [5, 4_000]), "never negative").toBe(0);
  });

  it("counts a freeze after the wall clock was set back, and before", () => {
    expect(passed([0, 60_000], [100, 100], [100, 60_100])).toBe(60_100);
    expect(passed([0, 0], [0, 60_000], [100, 100], [200, 200])).toBe(60_200);
  });

  it("is deceived only by what lies between the same two readings", () => {
    expect(passed([0, 60_000], [0, 60_000])).toBe(0);
    expect(passed([0, 60_000], [0, 0], [0, 30_000], [0, 0], [0, 30_000])).toBe(60_000);
  });

  it("runs as fast as time in a hot loop, by a wall clock of whole milliseconds", () => {
    const clocks = Array.from({ length: 50_000 }, (_, step) => {
      const real = step * 0.0371;
      return [real, 1_000_000 + Math.floor(real)] as const;
    });
    expect(passed(...clocks)).toBe(49_999 * 0.0371);
  });

  it("follows a wall clock that gains slowly, within the grain", () => {
    const clocks = Array.from({ length: 1_000 }, (_, s) => [s * 1_000, s * 1_003] as const);
    expect(passed(...clocks)).toBeGreaterThanOrEqual(999 * 1_003 - GRAIN_MS);
    expect(passed(...clocks)).toBeLessThanOrEqual(999 * 1_003);
  });

  it("counts all that the wall clock gains on the monotonic one, but for a grain, and another for each fall", () => {
    const upTo = (mono: number, wall: number) =>
      fc.tuple(fc.integer({ min: 0, max: mono }), fc.integer({ min: -wall, max: wall }));
    const gap = fc.oneof(upTo(5_000, 90_000), upTo(5, 5));
    fc.assert(
      fc.property(fc.array(gap, { minLength: 1, maxLength: 12 }), (gaps) => {
        const clocks: [number, number][] = [[0, 0]];
        for (const [mono, wall] of gaps) {
          const [m, w] = clocks.at(-1) ?? [0, 0];
          clocks.push([m + mono, w + wall]);
        }
        const shown = gaps.reduce((sum, [mono, wall]) => sum + Math.max(mono, wall), 0);
        const falls = gaps.map(([mono, wall]) => Math.min(Math.max(0, mono - wall), GRAIN_MS));
        const hidden = falls.reduce((sum, fall) => sum + fall, GRAIN_MS);
        expect(passed(...clocks)).toBeGreaterThanOrEqual(shown - hidden);
      }),
      {
        numRuns: 1_000,
        examples: [
          [
            [
              [0, 1],
              [1, 0],
              [7, 9],
              [0, 0],
            ],
          ],
        ],
      },
    );
  });

  it("hides a freeze within the grain where the wall clock falls as far afterwards: a grain each time", () => {
    const times = 10;
    const clocks = Array.from({ length: times }, (_, nth) => {
      const at = nth * 1_000;
      return [[at, at] as const, [at, at + GRAIN_MS] as const, [at + 500, at + 500] as const];
    }).flat();
    expect(passed(...clocks)).toBe((times - 1) * 1_000 + 500);
  });
});

it("counts the monotonic clock alone, when it must not count too much", () => {
  expect(elapsedAtLeast(reading(10, 5_000), reading(110, 3_605_000))).toBe(100);
  expect(elapsedAtLeast(reading(10, 5_000), reading(5, 5_000))).toBe(0);
});

it("keeps epoch milliseconds whole, as rows hold them", () => {
  expect(plusMs(epochMs(1_000), 0.4)).toBe(1_000);
  expect(plusMs(epochMs(1_000), 1_499.6)).toBe(2_500);
});
