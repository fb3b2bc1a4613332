import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { correctionOf, type FirstWrite } from "../../lib/core/correction.ts";
import type { Sample } from "../../lib/core/service-clock.ts";
import { parseTiming } from "../../lib/core/timing.ts";
import { epochMs } from "../../lib/core/units.ts";
import { header, readingsFrom } from "./timelines.ts";

const timing = parseTiming({});
const NOON = 1_767_268_800_000;

/** A first write sent at noon by a process whose clock is `skewMs` wrong, answered `tripMs` later. */
function write(skewMs: number, tripMs = 40, more: Partial<FirstWrite> = {}): [FirstWrite, Sample[]] {
  const reading = readingsFrom(0, NOON + skewMs);
  const sent = reading(0);
  const received = reading(tripMs, NOON + skewMs + tripMs);
  const date = header(NOON + tripMs / 2, 0);
  const believed = epochMs(NOON + skewMs);
  const first = { believed, timed: true, token: believed, tokenBefore: 0, sent, received, ...more };
  return [first, [{ sent, received, date }]];
}

const correction = ([first, samples]: [FirstWrite, Sample[]]) => correctionOf(first, samples, timing);

describe("a claim", () => {
  it("stands when its clock was right, within what the service's clock can tell", () => {
    for (const skewMs of [0, -400, 900, 1_200]) expect(correction(write(skewMs))).toBeUndefined();
  });

  it("stands after a slow answer: the round trip is not taken for a wrong clock", () => {
    expect(correction(write(0, 2_900))).toBeUndefined();
    expect(correction(write(0, 14_000))).toBeUndefined();
  });

  it("stands when it is ahead of no more than what service time can be: the grace covers that", () => {
    expect(correction(write(1_240))).toBeUndefined();
    expect(correction(write(1_300))).toBeDefined();
  });

  it("leaves an expiry that is late by the grace at most", () => {
    const world = fc.record({
      skewMs: fc.integer({ min: -5_000, max: 5_000 }),
      at: fc.integer({ min: 0, max: 999 }),
      tripMs: fc.integer({ min: 0, max: 3_000 }),
      errorMs: fc.integer({ min: -250, max: 250 }),
    });
    fc.assert(
      fc.property(world, ({ skewMs, at, tripMs, errorMs }) => {
        const reading = readingsFrom(0, NOON + at + skewMs);
        const [sent, received] = [reading(0), reading(tripMs, NOON + at + skewMs + tripMs)];
        const believed = epochMs(NOON + at + skewMs);
        const samples = [{ sent, received, date: header(NOON + at + tripMs / 2, errorMs) }];
        const first = { believed, timed: true, token: believed, tokenBefore: 0, sent, received };
        const found = correctionOf(first, samples, timing);
        // Counted from the answer: whoever dies before it corrects nothing.
        const stamp = found?.now ?? believed;
        expect(stamp - (NOON + at + tripMs)).toBeLessThanOrEqual(timing.graceMs + 0.02 * tripMs + 3);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["ten minutes behind", -600_000],
    ["two seconds behind", -2_000],
    ["ten minutes ahead", 600_000],
  ])("stamped %s is stamped again, close to the truth, and says how wrong the clock was", (_, skewMs) => {
    const found = correction(write(skewMs));
    expect(found?.timed).toBe(true);
    expect(Math.abs((found?.now ?? 0) - NOON)).toBeLessThan(1_000);
    expect(Math.abs((found?.skewMs ?? 0) - skewMs)).toBeLessThan(1_500);
    expect(Math.sign(found?.skewMs ?? 0)).toBe(Math.sign(skewMs));
  });

  it("gets a token made of the right time, lower or higher than it was", () => {
    for (const skewMs of [600_000, -600_000]) {
      const token = correction(write(skewMs))?.token ?? 0;
      expect(Math.abs(token - NOON)).toBeLessThan(1_000);
    }
  });

  it("keeps a token above the one that it found, wherever that is", () => {
    const before = NOON + 86_400_000;
    expect(correction(write(600_000, 40, { tokenBefore: before }))?.token).toBe(before + 1);
  });

  it("never gets a lower token when nobody can say what it found", () => {
    const token = NOON + 600_000;
    expect(correction(write(600_000, 40, { tokenBefore: undefined, token }))?.token).toBe(token);
    const behind = correction(write(-600_000, 40, { tokenBefore: undefined }));
    expect(Math.abs((behind?.token ?? 0) - NOON)).toBeLessThan(1_000);
  });

  it("loses its expiry where only an older response vouches for service time", () => {
    const [first, samples] = write(0);
    const later = { ...first, sent: readingsFrom(0, NOON)(1, NOON + 1) };
    expect(correctionOf(later, samples, timing)).toMatchObject({ timed: false, skewMs: 0 });
  });

  it("loses its expiry where nothing vouches for service time, and keeps its token", () => {
    const [first] = write(0);
    const found = correctionOf({ ...first, token: 77 }, [], timing);
    expect(found).toMatchObject({ timed: false, skewMs: 0, token: 77 });
  });

  it("without an expiry needs none", () => {
    expect(correction(write(-600_000, 40, { timed: false }))).toBeUndefined();
    const [first] = write(0, 40, { timed: false });
    expect(correctionOf(first, [], timing)).toBeUndefined();
  });
});

it("makes every corrected token higher than the one before, whatever the clocks showed", () => {
  const skew = fc.integer({ min: -1e9, max: 1e9 });
  const before = fc.oneof(fc.constant(0), fc.integer({ min: NOON - 2e9, max: NOON + 2e9 }));
  fc.assert(
    fc.property(skew, fc.integer({ min: 0, max: 3_000 }), before, (skewMs, tripMs, tokenBefore) => {
      const token = Math.max(tokenBefore + 1, NOON + skewMs);
      const found = correction(write(skewMs, tripMs, { tokenBefore, token }));
      if (found === undefined) return;
      expect(found.token).toBeGreaterThan(tokenBefore);
      expect(found.token).toBeGreaterThanOrEqual(found.now);
    }),
  );
});
