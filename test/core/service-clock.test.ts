import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  allowanceUntil,
  earliestServiceTime,
  estimateServiceTime,
  latestServiceTime,
  type Sample,
  outsideBy,
  samplesSince,
  steadyServiceTime,
  withSample,
} from "../../lib/core/service-clock.ts";
import { elapsedAtMost, epochMs, GRAIN_MS } from "../../lib/core/units.ts";
import {
  at,
  freezing,
  frontEnd,
  header,
  moments,
  readingsFrom,
  sampleOf,
  setAndFrozen,
  TIMING,
  wildWall,
} from "./timelines.ts";

const NOON = 1_767_268_800_000;
const reading = readingsFrom(1_000, NOON);

/** How far the wall clock is outside of what the samples allow. */
const skewOf = (samples: readonly Sample[], now: ReturnType<typeof reading>): number =>
  outsideBy(now.wall, samples, now, TIMING);

/** Sent at 1000, received at 1040, served at noon and something. */
const sample: Sample = {
  sent: reading(1_000, NOON),
  received: reading(1_040, NOON + 40),
  date: epochMs(NOON),
};

describe.each([
  ["a wall clock that is set at will", wildWall],
  ["freezes that only a steady wall clock shows", freezing],
  ["freezes, and a wall clock that is set between them", setAndFrozen],
])("with %s", (_, stretch) => {
  // Three responses of three moments each, and a last moment: 9 stretches between, 1 after.
  const world = fc.record({
    stretches: fc.array(stretch, { minLength: 9, maxLength: 9 }),
    startMs: fc.integer({ min: 0, max: 999 }),
    wallErrorMs: fc.integer({ min: -600_000, max: 600_000 }),
    errors: fc.tuple(frontEnd, frontEnd, frontEnd),
  });

  it("bounds true service time from both sides, by all samples and by those that are kept", () => {
    fc.assert(
      fc.property(world, ({ stretches, startMs, wallErrorMs, errors }) => {
        const all = moments(stretches, startMs, wallErrorMs);
        const samples = errors.map((error, n) => sampleOf(all, n * 3, error));
        let kept: readonly Sample[] = [];
        for (const each of samples) kept = withSample(kept, each, TIMING);
        const now = at(all, 9);
        for (const known of [samples, kept, samples.slice(0, 1)]) {
          expect(earliestServiceTime(known, now.reading, TIMING)).toBeLessThanOrEqual(now.real + 0.01);
          expect(latestServiceTime(known, now.reading, TIMING)).toBeGreaterThanOrEqual(now.real - 0.01);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("stays within the service's bounds with its estimate, wherever the wall clock is", () => {
    fc.assert(
      fc.property(world, ({ stretches, startMs, wallErrorMs, errors }) => {
        const all = moments(stretches, startMs, wallErrorMs);
        const samples = errors.map((error, n) => sampleOf(all, n * 3, error));
        const { reading: now } = at(all, 9);
        const estimate = estimateServiceTime(samples, now, TIMING);
        expect(estimate).toBeGreaterThanOrEqual(earliestServiceTime(samples, now, TIMING) - 1);
        expect(estimate).toBeLessThanOrEqual(latestServiceTime(samples, now, TIMING) + 1);
        expect(Number.isInteger(estimate)).toBe(true);
      }),
    );
  });

  it("never allows more time until a deadline than there really is", () => {
    const deadlines = fc.tuple(world, fc.integer({ min: -5_000, max: 60_000 }));
    fc.assert(
      fc.property(deadlines, ([{ stretches, startMs, wallErrorMs, errors }, ahead]) => {
        const all = moments(stretches, startMs, wallErrorMs);
        const samples = [sampleOf(all, 0, errors[0]), sampleOf(all, 3, errors[1])];
        const deadline = at(all, 5).real + ahead;
        const allowance = allowanceUntil(deadline, samples, at(all, 5).reading, TIMING);
        if (allowance === undefined) throw new Error("there are samples");
        const later = at(all, 9);
        const left = allowance.lengthMs - elapsedAtMost(allowance.from, later.reading);
        if (left > 0.01) expect(later.real).toBeLessThan(deadline);
      }),
      { numRuns: 2_000 },
    );
  });
});

it("knows nothing without a sample: no bound, no allowance, no skew, and the wall clock as its guess", () => {
  const now = reading(1_000, NOON + 123.4);
  expect(earliestServiceTime([], now, TIMING)).toBe(Number.NEGATIVE_INFINITY);
  expect(latestServiceTime([], now, TIMING)).toBe(Number.POSITIVE_INFINITY);
  expect(allowanceUntil(NOON, [], now, TIMING)).toBeUndefined();
  expect(skewOf([], now)).toBe(0);
  expect(estimateServiceTime([], now, TIMING)).toBe(NOON + 123);
});

it("anchors the upper bound where the request was sent, so that a pause before reading makes nothing of an old header", () => {
  const paused: Sample = { ...sample, received: reading(61_000, NOON + 60_000) };
  const latest = latestServiceTime([paused], reading(61_000, NOON + 60_000), TIMING);
  expect(latest).toBeCloseTo(NOON + 1_000 + 250 + (60_000 + GRAIN_MS) / 0.995, 0);
});

it("anchors the lower bound where the response was received", () => {
  const earliest = earliestServiceTime([sample], reading(1_140, NOON + 140), TIMING);
  expect(earliest).toBeCloseTo(NOON - 250 + 100 / 1.005, 3);
});

it("believes the wall clock where the service does not contradict it, else the middle of the bounds", () => {
  expect(estimateServiceTime([sample], reading(1_040, NOON + 700), TIMING)).toBe(NOON + 700);
  const wrong = estimateServiceTime([sample], reading(1_040, NOON - 3_600_000), TIMING);
  expect(wrong).toBeGreaterThan(NOON - 250);
  expect(wrong).toBeLessThan(NOON + 1_300);
});

it("tells by how much and in which direction the wall clock is off", () => {
  expect(skewOf([sample], reading(1_040, NOON + 700))).toBe(0);
  expect(skewOf([sample], reading(1_040, NOON - 10_250))).toBeCloseTo(-10_000, 0);
  const ahead = { ...sample, sent: reading(1_000, NOON + 10_000), received: reading(1_040, NOON + 10_040) };
  expect(skewOf([ahead], reading(1_040, NOON + 10_040))).toBeCloseTo(10_040 - 1_292.2, 0);
});

it("keeps three samples at most, the new one among them, and loses no tightness by that", () => {
  let kept: readonly Sample[] = [];
  const all: Sample[] = [];
  for (let n = 0; n < 50; n += 1) {
    const real = NOON + n * 137;
    const each: Sample = {
      sent: reading(n * 137, real),
      received: reading(n * 137 + 20, real + 20),
      date: header(real + 10, (n % 5) * 100 - 200),
    };
    kept = withSample(kept, each, TIMING);
    all.push(each);
    expect(kept.length).toBeLessThanOrEqual(3);
    expect(kept).toContain(each);
    const now = each.received;
    expect(latestServiceTime(kept, now, TIMING)).toBeLessThanOrEqual(latestServiceTime(all, now, TIMING) + 1);
    expect(earliestServiceTime(kept, now, TIMING)).toBeGreaterThanOrEqual(
      earliestServiceTime(all, now, TIMING) - 1,
    );
  }
});

it("keeps the new sample alone where the older ones contradict it: the clocks have hidden something", () => {
  // Thawed after a minute that neither clock shows: the wall clock was set back by as much in the same gap.
  const thawed: Sample = {
    sent: reading(1_100, NOON + 100),
    received: reading(1_140, NOON + 140),
    date: epochMs(NOON + 60_000),
  };
  expect(withSample([sample], thawed, TIMING)).toEqual([thawed]);
  const earlier: Sample = { ...thawed, date: epochMs(NOON - 60_000) };
  expect(withSample([sample], earlier, TIMING)).toEqual([earlier]);
  expect(withSample([sample], { ...thawed, date: epochMs(NOON + 1_000) }, TIMING)).toContain(sample);
});

it("takes those samples for fresh whose requests were sent no earlier", () => {
  const other = { ...sample, sent: reading(1_020, NOON + 20) };
  expect(samplesSince([sample, other], reading(1_001, NOON + 1))).toEqual([other]);
  expect(samplesSince([sample, other], sample.sent)).toEqual([sample, other]);
});

describe("a steady guess", () => {
  it("takes the wall clock where the monotonic clock bears it out", () => {
    expect(steadyServiceTime([sample], reading(1_040, NOON + 700), TIMING)).toBe(NOON + 700);
    expect(steadyServiceTime([], reading(1_040, NOON + 700.4), TIMING)).toBe(NOON + 700);
  });

  it.each([
    ["five minutes forward", 300_000],
    ["into the year 2034", 252_460_800_000],
    ["back by an hour", -3_600_000],
  ])("is not moved by a wall clock that was set %s, though that could be a freeze", (_, stepMs) => {
    const now = reading(5_000, NOON + 4_000 + stepMs);
    const steady = steadyServiceTime([sample], now, TIMING);
    expect(Math.abs(steady - (NOON + 4_000))).toBeLessThanOrEqual(1_300);
    expect(Number.isInteger(steady)).toBe(true);
  });

  it("stays no earlier than what the service proves, where two samples lie about each other", () => {
    const later: Sample = { ...sample, received: reading(1_050, NOON + 50), date: epochMs(NOON + 9_000) };
    const now = reading(1_060, NOON - 1);
    expect(steadyServiceTime([sample, later], now, TIMING)).toBeGreaterThanOrEqual(NOON + 8_750);
  });
});
