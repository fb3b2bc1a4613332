import { describe, expect, it } from "vitest";
import { correctionOf } from "../../lib/core/correction.ts";
import { parseName } from "../../lib/core/names.ts";
import { parseTerm } from "../../lib/core/options.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { allowanceUntil, type Sample, withSample } from "../../lib/core/service-clock.ts";
import { DEFAULT_TIMING, parseTiming } from "../../lib/core/timing.ts";
import { epochMs } from "../../lib/core/units.ts";
import { claim, release, renew, type TermRequest, takeOver } from "../../lib/core/writes.ts";
import { readingsFrom } from "./timelines.ts";

const NOON = 1_767_268_800_000;
const reading = readingsFrom(0, NOON);
const DAY_MS = 86_400_000;

const request: TermRequest = {
  name: "a",
  holder: "bob",
  writeId: "w-2",
  now: epochMs(9_000),
  durationMs: 1_000,
  timed: true,
  retentionMs: DAY_MS,
  tick: undefined,
  claimsTick: false,
};
const record: LeaseRecord = {
  name: "a",
  token: 5,
  revision: 3,
  writeId: "w-1",
  durationMs: 1_000,
  transitions: 1,
};

/** What a new term removes of the one before. */
const STALE = ["value", "priority", "requestedBy", "requestedPriority", "lockDelayMs", "reservedFor"];

describe("a write, to the letter", () => {
  it("claims with nothing said of ticks where there is none", () => {
    const write = claim(request);
    expect(write.kind).toBe("claim");
    expect(write.beginsTerm).toBe(true);
    expect(write.expects).toStrictEqual({ vacant: true, openTo: ["bob"], tokenBelow: 9_000 });
    expect(write.clear).toStrictEqual(STALE);
    expect(write.set).not.toHaveProperty("tick");
  });

  it("claims without a time where nothing vouches for one, and clears what was proclaimed before", () => {
    const write = claim({ ...request, timed: false });
    expect(write.clear).toStrictEqual(["expiresAt", ...STALE]);
    expect(write.set).not.toHaveProperty("expiresAt");
  });

  it("takes over the state that was seen, and begins a term", () => {
    const write = takeOver(request, record);
    expect(write.kind).toBe("take-over");
    expect(write.beginsTerm).toBe(true);
    expect(write.expects).toStrictEqual({ revision: 3, token: 5 });
    expect(write.set.token).toBe(9_000);
  });

  it("takes over a row without a revision by its token alone", () => {
    expect(takeOver(request, { ...record, revision: 0 }).expects).toStrictEqual({ token: 5 });
  });

  it("renews what is its own, clears nothing, and proclaims nothing", () => {
    const write = renew({ ...record, holder: "bob" }, request);
    expect(write.expects).toStrictEqual({ revision: 3, token: 5, holder: "bob" });
    expect(write.clear).toStrictEqual([]);
    expect(write.set).not.toHaveProperty("value");
    expect(write.beginsTerm).toBe(false);
  });

  it("renews no row that has no holder", () => {
    expect(renew(record, request).expects.holder).toBe("");
  });

  it("clears what is proclaimed as nothing, and does not set it", () => {
    const write = renew(record, { ...request, value: { is: undefined } });
    expect(write.clear).toStrictEqual(["value"]);
    expect(write.set).not.toHaveProperty("value");
  });

  it("releases as such", () => {
    const mine = { name: "a", holder: "bob", token: 5 };
    const write = release(mine, { writeId: "w-2", ttl: 1, tick: undefined });
    expect(write.kind).toBe("release");
    expect(write.set).toStrictEqual({ ttl: 1 });
  });
});

describe("a correction", () => {
  const at = reading(1_000, NOON);
  const sample: Sample = { sent: at, received: at, date: epochMs(NOON) };
  const skewed = (believed: number, timing = DEFAULT_TIMING) =>
    correctionOf(
      { believed: epochMs(believed), timed: true, token: 1, tokenBefore: 0, sent: at, received: at },
      [sample],
      timing,
    )?.skewMs;

  it("forgives half a second behind what the service allows, and not a millisecond more", () => {
    expect(skewed(NOON - 250 - 500)).toBeUndefined();
    expect(skewed(NOON - 250 - 501)).toBe(-501);
  });

  it("forgives as much behind as front ends may disagree, where that is more", () => {
    const wide = { ...DEFAULT_TIMING, serviceClockErrorMs: 2_000, graceMs: 5_000 };
    expect(skewed(NOON - 2_000 - 2_000, wide)).toBeUndefined();
    expect(skewed(NOON - 2_000 - 2_001, wide)).toBe(-2_001);
  });

  it("forgives nothing ahead of what the service allows", () => {
    expect(skewed(NOON + 1_250)).toBeUndefined();
    expect(skewed(NOON + 1_251)).toBe(1);
  });
});

describe("samples of service time", () => {
  const tight: Sample = { sent: reading(1_000, NOON), received: reading(1_010, NOON), date: epochMs(NOON) };
  const slow: Sample = {
    sent: reading(1_020, NOON),
    received: reading(6_020, NOON),
    date: epochMs(NOON + 4_000),
  };
  const now = reading(6_030, NOON);

  it("leave the allowance of the tightest, whatever their order", () => {
    const expected = { from: tight.sent, lengthMs: (30_000 - 1_250) * (1 - 0.005) };
    expect(allowanceUntil(NOON + 30_000, [tight, slow], now, DEFAULT_TIMING)).toEqual(expected);
    expect(allowanceUntil(NOON + 30_000, [slow, tight], now, DEFAULT_TIMING)).toEqual(expected);
  });

  it("are forgotten but for the latest and the tightest from either side", () => {
    const loose: Sample = {
      sent: reading(2_000, NOON),
      received: reading(5_900, NOON),
      date: epochMs(NOON + 3_000),
    };
    const kept = withSample([loose, tight], slow, DEFAULT_TIMING);
    expect(kept).toContain(slow);
    expect(kept).toContain(tight);
    expect(kept).not.toContain(loose);
  });
});

describe("a bound of an option", () => {
  const client = { options: {}, timing: DEFAULT_TIMING, label: "ann" };

  it("is within", () => {
    expect(parseTerm({ termLimitMs: 1_000 }, client).termLimitMs).toBe(1_000);
    expect(parseTiming({ clockDriftRatio: 0 }).clockDriftRatio).toBe(0);
  });

  it("is told with the type of what was given instead of a string, and with the beginning of what was long", () => {
    expect(() => parseName(7)).toThrow('not "7" (number)');
    expect(() => parseTiming({ durationMs: "9".repeat(60) as never })).toThrow(
      `"${"9".repeat(40)}" (string)`,
    );
  });
});
