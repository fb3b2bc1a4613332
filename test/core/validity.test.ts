import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evidenceOfExpiry } from "../../lib/core/evidence.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { epochMs, GRAIN_MS, instant, nextReading } from "../../lib/core/units.ts";
import { boundsOf, remainingOf, untilChallenged, validityOf } from "../../lib/core/validity.ts";
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
const reading = readingsFrom(0, NOON);
const sample = { sent: reading(0, NOON), received: reading(20, NOON + 20), date: epochMs(NOON) };

/** What a write grants that something vouches for. */
const granted = (...args: Parameters<typeof validityOf>) => {
  const validity = validityOf(...args);
  if (validity === undefined) throw new Error("nothing vouches for it");
  return validity;
};

const recordOf = (durationMs: number, expiresAt: number | undefined): LeaseRecord => ({
  name: "jobs",
  holder: "ann",
  token: 1,
  revision: 1,
  transitions: 1,
  writeId: "w",
  durationMs,
  expiresAt: expiresAt === undefined ? undefined : epochMs(expiresAt),
});

describe.each([
  ["wall clocks that are set at will", wildWall],
  ["freezes that only a steady wall clock shows", freezing],
  ["freezes, and a wall clock that is set between them", setAndFrozen],
])("with %s", (_, stretch) => {
  // The holder: an earlier response (0 to 2), the write sent (3), applied (4), answered (5), and later (6).
  const world = fc.record({
    holder: fc.array(stretch, { minLength: 6, maxLength: 6 }),
    startMs: fc.integer({ min: 0, max: 999 }),
    wallErrorMs: fc.integer({ min: -600_000, max: 600_000 }),
    errors: fc.tuple(frontEnd, frontEnd, frontEnd),
    durationMs: fc.integer({ min: 1_000, max: 20_000 }),
    // The holder stamps the row by whatever it believes.
    stampErrorMs: fc.oneof(
      fc.integer({ min: -3_000, max: 3_000 }),
      fc.integer({ min: -600_000, max: 600_000 }),
    ),
    challengerRate: fc.double({ min: 0.995, max: 1.005, noNaN: true }),
    watchedFrom: fc.double({ min: 0, max: 1, noNaN: true }),
    withEarlier: fc.boolean(),
  });

  it("ends a holder's validity before any challenger has evidence, by the service's clock or by observation", () => {
    const proofs = { "service-clock": 0, observation: 0, "own-claim": 0, "own-term": 0 };
    fc.assert(
      fc.property(world, (run) => {
        const all = moments(run.holder, run.startMs, run.wallErrorMs);
        const [sent, applied, later] = [at(all, 3), at(all, 4), at(all, 6)];
        const expiresAt = Math.round(sent.real + run.durationMs + run.stampErrorMs);
        const samples = [sampleOf(all, 3, run.errors[0])];
        if (run.withEarlier) samples.push(sampleOf(all, 0, run.errors[1]));
        const grant = { sent: sent.reading, durationMs: run.durationMs, expiresAt: epochMs(expiresAt) };
        const validity = granted(grant, samples, at(all, 5).reading, TIMING);

        // The challenger first saw the record some time after it was applied, and sees it again right now.
        const firstSeen = applied.real + (later.real - applied.real) * run.watchedFrom;
        const sighting = {
          record: recordOf(run.durationMs, expiresAt),
          firstSeen: reading(0, 0),
          servedAt: header(later.real, run.errors[2]),
        };
        const now = reading((later.real - firstSeen) * run.challengerRate, 0);
        const proof = evidenceOfExpiry(sighting, now, TIMING);
        if (proof === undefined) return;
        proofs[proof] += 1;
        expect(remainingOf(validity, later.reading)).toBeLessThanOrEqual(0.01);
      }),
      { numRuns: 6_000 },
    );
    expect(proofs["service-clock"], "both proofs have to occur").toBeGreaterThan(200);
    expect(proofs.observation).toBeGreaterThan(30);
  });

  it("ends it before a challenger has evidence against a write whose answer was lost", () => {
    fc.assert(
      fc.property(world, (run) => {
        const all = moments(run.holder, run.startMs, run.wallErrorMs);
        const [before, later] = [at(all, 3), at(all, 6)];
        const expiresAt = epochMs(Math.round(before.real + run.durationMs + run.stampErrorMs));
        const samples = [sampleOf(all, 0, run.errors[1])];
        // Reduced before the write is sent: the write may land, and nobody ever hears of it.
        const ceiling = untilChallenged(expiresAt, samples, before.reading, TIMING);
        const servedAt = header(later.real, run.errors[2]);
        if (servedAt < expiresAt + TIMING.graceMs) return;
        expect(remainingOf([ceiling], later.reading)).toBeLessThanOrEqual(0.01);
      }),
      { numRuns: 3_000 },
    );
  });
});

it("ends it at the latest at the very first moment when a front end could show the proof", () => {
  const edge = { serviceClockErrorMs: 250, graceMs: 1_500, clockDriftRatio: 0.005 };
  const world = fc.record({
    // The last and the first moments of a second matter most, and front ends at the ends of what they may be off.
    sentAt: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 700, max: 999 })),
    holderError: fc.constantFrom(-250, -200, 0, 250),
    challengerError: fc.constantFrom(-250, 0, 200, 250),
    aheadMs: fc.integer({ min: 2, max: 60 }).map((seconds) => seconds * 1_000),
    offMs: fc.constantFrom(0, 0, -1, 1, -400),
    rate: fc.constantFrom(0.995, 1, 1.005),
  });
  fc.assert(
    fc.property(world, ({ sentAt, holderError, challengerError, aheadMs, offMs, rate }) => {
      const sent = NOON + sentAt;
      const from = readingsFrom(0, sent);
      const expiresAt = NOON + aheadMs - edge.graceMs + offMs;
      const answer = { sent: from(0), received: from(0), date: header(sent, holderError) };
      const grant = { sent: answer.sent, durationMs: 1e9, expiresAt: epochMs(expiresAt) };
      const validity = granted(grant, [answer], answer.received, edge);
      // The first whole second that is proof, shown by the front end of the challenger as early as it can be.
      const proof = Math.ceil((expiresAt + edge.graceMs) / 1_000) * 1_000 - challengerError;
      expect(header(proof, challengerError)).toBeGreaterThanOrEqual(expiresAt + edge.graceMs);
      const passed = (proof - sent) * rate;
      expect(remainingOf(validity, from(passed, 0))).toBeLessThanOrEqual(0.01);
    }),
    { numRuns: 3_000 },
  );
});

it("leaves nearly the whole duration to a holder whose stamp is right", () => {
  const grant = { sent: reading(0, NOON), durationMs: 15_000, expiresAt: epochMs(NOON + 15_000) };
  const validity = granted(grant, [sample], sample.received, TIMING);
  expect(remainingOf(validity, sample.received)).toBeGreaterThan(14_800);
  expect(remainingOf(validity, sample.received)).toBeLessThanOrEqual(15_000 * 0.995);
});

it("counts the duration from when the write was sent, not from when it was answered", () => {
  const grant = { sent: reading(0, NOON), durationMs: 15_000, expiresAt: epochMs(NOON + 15_000) };
  const late = { ...sample, received: reading(5_000, NOON + 5_000) };
  const validity = granted(grant, [late], late.received, TIMING);
  expect(remainingOf(validity, late.received)).toBeLessThanOrEqual(15_000 * 0.995 - 5_000);
});

it("grants nothing for an expiry that no sample can check", () => {
  const grant = { sent: reading(0, NOON), durationMs: 15_000, expiresAt: epochMs(NOON + 15_000) };
  expect(validityOf(grant, [], reading(5, NOON), TIMING)).toBeUndefined();
  expect(remainingOf(boundsOf(grant, [], reading(5, NOON), TIMING), reading(5, NOON))).toBeLessThanOrEqual(0);
});

it("grants nothing by the word of a request that was sent before the write", () => {
  const grant = { sent: reading(30, NOON + 30), durationMs: 15_000, expiresAt: epochMs(NOON + 15_000) };
  const now = reading(60, NOON + 60);
  const own = { sent: grant.sent, received: now, date: epochMs(NOON) };
  expect(validityOf(grant, [sample], now, TIMING)).toBeUndefined();
  expect(remainingOf(granted(grant, [sample, own], now, TIMING), now)).toBeGreaterThan(14_000);
  // An older sample is no help, however tight: freezes that nobody saw may lie between it and the write.
  const tight = { ...sample, date: epochMs(NOON - 10_000) };
  const [, challenged] = granted(grant, [tight, own], now, TIMING);
  expect(challenged?.from).toEqual(own.sent);
});

it("grants the duration where only observation can end the term", () => {
  const grant = { sent: reading(0, NOON), durationMs: 15_000, expiresAt: undefined };
  const validity = granted(grant, [], reading(5, NOON), TIMING);
  expect(remainingOf(validity, reading(5, NOON + 5))).toBeCloseTo(15_000 * 0.995 - 5 - GRAIN_MS, 6);
});

it("grants nothing for an expiry that is over already", () => {
  const grant = { sent: reading(0, NOON), durationMs: 15_000, expiresAt: epochMs(NOON - 60_000) };
  const validity = granted(grant, [sample], sample.received, TIMING);
  expect(remainingOf(validity, sample.received)).toBeLessThanOrEqual(0);
});

it("lasts as long as the shortest of its allowances, and for ever without one", () => {
  const from = reading(0, NOON);
  const validity = [300, 100, 200].map((lengthMs) => ({ from, lengthMs }));
  expect(remainingOf(validity, reading(30, NOON + 30))).toBe(70 - GRAIN_MS);
  expect(remainingOf([], from)).toBe(Number.POSITIVE_INFINITY);
});

it("counts a freeze that the monotonic clock did not see", () => {
  const grant = { sent: reading(0, NOON), durationMs: 15_000, expiresAt: epochMs(NOON + 15_000) };
  const validity = granted(grant, [sample], sample.received, TIMING);
  expect(remainingOf(validity, reading(30, NOON + 60_000))).toBeLessThanOrEqual(0);
});

it("counts it also when the wall clock had been set back within the term, by more than the freeze lasted", () => {
  const grant = { sent: reading(0, NOON), durationMs: 15_000, expiresAt: epochMs(NOON + 15_000) };
  const validity = granted(grant, [sample], sample.received, TIMING);
  const setBack = nextReading({ mono: instant(1_000), wall: epochMs(NOON - 59_000) }, sample.received);
  const thawed = nextReading({ mono: instant(1_030), wall: epochMs(NOON - 38_970) }, setBack);
  expect(remainingOf(validity, setBack)).toBeGreaterThan(13_000);
  expect(remainingOf(validity, thawed)).toBeLessThanOrEqual(0);
});
