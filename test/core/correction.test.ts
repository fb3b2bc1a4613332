import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { correctionOf, type FirstWrite } from "../../lib/core/correction.ts";
import type { Sample } from "../../lib/core/service-clock.ts";
import { parseTiming } from "../../lib/core/timing.ts";
import { epochMs, instant } from "../../lib/core/units.ts";
import { header } from "./timelines.ts";

const timing = parseTiming({});
const NOON = 1_767_268_800_000;

/** A first write sent at noon by a process whose clock is `skewMs` wrong, answered `tripMs` later. */
function write(skewMs: number, tripMs = 40, more: Partial<FirstWrite> = {}): [FirstWrite, Sample[]] {
  const sent = { mono: instant(0), wall: epochMs(NOON + skewMs) };
  const received = { mono: instant(tripMs), wall: epochMs(NOON + skewMs + tripMs) };
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

  it("stands when it is ahead by no more than the grace, as nobody waits longer for that", () => {
    expect(correction(write(2_500))).toBeUndefined();
    expect(correction(write(3_200))).toBeDefined();
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
