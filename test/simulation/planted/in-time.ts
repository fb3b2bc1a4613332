import type { Sighting } from "../../../lib/core/evidence.ts";
import type { Sample } from "../../../lib/core/service-clock.ts";
import type { EpochMs } from "../../../lib/core/units.ts";
import { type Plant, replacing } from "./plant.ts";

const UNLIMITED = 1e12;

/** Samples whose headers are this much earlier. */
function earlier(samples: readonly Sample[], byMs: number): Sample[] {
  return samples.map((sample) => ({ ...sample, date: (sample.date - byMs) as EpochMs }));
}

/** Faults in what is concluded from clocks, headers and watching. */
export const IN_TIME: readonly Plant[] = [
  {
    name: "grace left out",
    about: "a challenger takes the header for exact",
    scenario: "clocks",
    caughtBy: "I4-own-term-only",
    budget: 300,
    replace: replacing("core/evidence.ts", (original) => ({
      evidenceOfExpiry: (seen, at, timing) => original.evidenceOfExpiry(seen, at, { ...timing, graceMs: 0 }),
    })),
  },
  {
    name: "the challenger's own wall clock judges",
    about: "a wall clock that is ahead ends other people's terms",
    scenario: "clocks",
    caughtBy: "I4-own-term-only",
    budget: 50,
    replace: replacing("core/evidence.ts", (original) => ({
      evidenceOfExpiry: (seen, at, timing) =>
        original.evidenceOfExpiry({ ...seen, servedAt: at.wall }, at, timing),
    })),
  },
  {
    name: "watching ignores drift",
    about: "a fast clock watches for less than a slow holder's term",
    scenario: "edges",
    caughtBy: "I4-own-term-only",
    budget: 300,
    replace: replacing("core/evidence.ts", (original) => ({
      evidenceOfExpiry: (seen, at, timing) =>
        original.evidenceOfExpiry(seen, at, { ...timing, clockDriftRatio: 0 }),
    })),
  },
  {
    name: "watching ignores renewals",
    about: "the watch goes on from the first sight of a holder, however often it renews",
    scenario: "mixed",
    caughtBy: "I4-own-term-only",
    budget: 100,
    replace: replacing("core/evidence.ts", (original) => ({
      sighted: (before, record, received, servedAt): Sighting => {
        const seen = original.sighted(before, record, received, servedAt);
        return before?.record.holder === record.holder
          ? { ...seen, firstSeen: before?.firstSeen ?? received }
          : seen;
      },
    })),
  },
  {
    name: "watching believes the wall clock",
    about: "a wall clock that steps forward makes a moment's watch a long one",
    scenario: "clocks",
    caughtBy: "I4-own-term-only",
    budget: 300,
    replace: replacing("core/units.ts", () => ({
      elapsedAtLeast: (from, to) => Math.max(0, to.mono - from.mono, to.wall - from.wall),
    })),
  },
  {
    name: "validity counted from the response",
    about: "a slow answer makes a term longer than anybody else counts it",
    scenario: "edges",
    caughtBy: "I4-own-term-only",
    budget: 300,
    replace: replacing("core/validity.ts", (original) => ({
      validityOf: (grant, samples, at, timing) =>
        original.validityOf({ ...grant, sent: at }, samples, at, timing),
    })),
  },
  {
    name: "validity by watching alone",
    about: "a holder forgets that its stamp may be early, and a challenger has the service's word for it",
    scenario: "stamps",
    caughtBy: "I4-own-term-only",
    budget: 1_500,
    from: 55,
    replace: replacing("core/validity.ts", (original) => ({
      validityOf: ({ sent, durationMs }, samples, at, timing) =>
        original.validityOf({ sent, durationMs }, samples, at, timing),
      untilChallenged: (_expiresAt, _samples, at) => ({ from: at, lengthMs: UNLIMITED }),
    })),
  },
  {
    name: "validity by the service's clock alone",
    about: "a holder forgets that it is being watched",
    scenario: "clocks",
    caughtBy: "I4-own-term-only",
    budget: 1_500,
    replace: replacing("core/validity.ts", (original) => ({
      validityOf: (grant, samples, at, timing) =>
        original.validityOf(grant, samples, at, timing)?.slice(grant.expiresAt === undefined ? 0 : 1),
    })),
  },
  {
    name: "upper bound anchored at receipt",
    about: "a pause before the response is read is taken for nothing",
    scenario: "stamps",
    caughtBy: "I4-own-term-only",
    budget: 1_500,
    replace: replacing("core/service-clock.ts", (original) => ({
      withSample: (samples, sample, timing) =>
        original.withSample(samples, { ...sample, sent: sample.received }, timing),
    })),
  },
  {
    name: "header taken for exact",
    about: "a holder forgets that the header is truncated to the second",
    scenario: "stamps",
    caughtBy: "I4-own-term-only",
    budget: 1_500,
    from: 145,
    replace: replacing("core/service-clock.ts", (original) => ({
      allowanceUntil: (deadline, samples, at, timing) =>
        original.allowanceUntil(deadline, earlier(samples, 1_000), at, timing),
    })),
  },
  {
    name: "front ends taken for one",
    about: "a holder and its challenger hear from front ends that disagree",
    scenario: "stamps",
    caughtBy: "I4-own-term-only",
    budget: 1_500,
    from: 308,
    replace: replacing("core/service-clock.ts", (original) => ({
      allowanceUntil: (deadline, samples, at, timing) =>
        original.allowanceUntil(
          deadline + timing.serviceClockErrorMs,
          earlier(samples, timing.serviceClockErrorMs),
          at,
          timing,
        ),
    })),
  },
  {
    name: "freeze not noticed",
    about: "a function thaws with its monotonic clock where it was, and believes it",
    scenario: "pauses",
    caughtBy: "I2-one-leader",
    budget: 100,
    from: 15,
    replace: replacing("core/units.ts", (original) => ({ elapsedAtMost: original.elapsedAtLeast })),
  },
  {
    name: "passed time compared by totals",
    about: "a step back within the term hides a later freeze",
    scenario: "frozen",
    caughtBy: "I2-one-leader",
    budget: 300,
    from: 75,
    replace: replacing("core/units.ts", () => ({
      elapsedAtMost: (from, to) => Math.max(0, to.mono - from.mono, to.wall - from.wall),
    })),
  },
  {
    name: "samples that are older than the write",
    about: "a sample of before a freeze that a step back hid is the tightest, and vouches for a later term",
    scenario: "frozen",
    caughtBy: "I2-one-leader",
    budget: 1_500,
    from: 9_113,
    replace: replacing("core/service-clock.ts", (original) => ({
      samplesSince: (samples) => samples,
      vouchersFor: (_sent, sample, samples) => (sample === undefined ? samples : [sample, ...samples]),
      aheadAtSending: () => 0,
      steadyServiceTime: original.estimateServiceTime,
    })),
  },
  {
    name: "a releaser's stepped clock believed",
    about: "a wall clock that has stepped ahead within the term stamps what the lease is kept until",
    scenario: "hold",
    caughtBy: "I5-recovery",
    budget: 300,
    from: 29,
    replace: replacing("core/service-clock.ts", (original) => ({
      steadyServiceTime: original.estimateServiceTime,
    })),
  },
  {
    name: "time passes by the wall clock alone",
    about: "a wall clock that steps back makes a term longer",
    scenario: "clocks",
    caughtBy: "I4-own-term-only",
    budget: 200,
    replace: replacing("core/units.ts", () => ({
      elapsedAtMost: (from, to) => Math.max(0, to.wall - from.wall),
    })),
  },
  {
    name: "correction forgets the token that was there",
    about: "a corrected claim's token is lower than its predecessor's",
    scenario: "clocks",
    caughtBy: "I1-tokens-rise",
    budget: 1_500,
    from: 7,
    replace: replacing("core/correction.ts", (original) => ({
      correctionOf: (first, samples, timing) =>
        original.correctionOf({ ...first, tokenBefore: 0 }, samples, timing),
    })),
  },
];
