/*
 * A holder has to stop before anybody else can have proof that its term is over. It cannot ask first: the question could take
 * longer than the rest of the term. So it counts for itself, from its last acknowledged write, and takes the shorter of two bounds, one for
 * each proof that a challenger can have: the written length by its own clock, and `expiresAt` by service time. Why that is
 * soon enough: docs/protocol.md, Validity, and I2.
 */
import { allowanceUntil, type Sample, samplesSince } from "./service-clock.ts";
import type { Timing } from "./timing.ts";
import { elapsedAtMost, type EpochMs, plusMs, type Reading } from "./units.ts";

/** A length of time that began at a reading. */
export interface Allowance {
  readonly from: Reading;
  readonly lengthMs: number;
}

/** How long a holder may lead: while every allowance lasts. */
export type Validity = readonly Allowance[];

/** What is left of a validity, in ms; zero or less when the term is over. */
export function remainingOf(validity: Validity, at: Reading): number {
  let remaining = Infinity;
  for (const { from, lengthMs } of validity)
    remaining = Math.min(remaining, lengthMs - elapsedAtMost(from, at));
  return remaining;
}

/** What a write that was acknowledged promised. */
export interface Grant {
  /** Taken before the write was sent. */
  readonly sent: Reading;
  /** What it wrote as the length, the lock-delay included, in ms. */
  readonly durationMs: number;
  /** How much of that its holder does not lead in, in ms; 0 where it is left out. */
  readonly lockDelayMs?: number | undefined;
  /** What it wrote as `expiresAt`; `undefined` where only watching can end the term. */
  readonly expiresAt?: EpochMs | undefined;
}

type ValidityTiming = Pick<Timing, "graceMs" | "serviceClockErrorMs" | "clockDriftRatio">;

/**
 * How long a holder may lead after a write of its own was acknowledged: until `durationMs` after it was SENT
 * (no observer can have started to count before), and while service time is surely short of the moment when
 * a challenger could have the service's word that the term is over. A lock-delay makes both end that much earlier.
 *
 * `undefined` where the write set an `expiresAt` that no sample vouches for: only one of a request that was sent no
 * earlier than the write does. Such a write grants nothing.
 */
export function validityOf(
  grant: Grant,
  samples: readonly Sample[],
  at: Reading,
  timing: ValidityTiming,
): Validity | undefined {
  const fresh = samplesSince(samples, grant.sent);
  if (grant.expiresAt !== undefined && fresh.length === 0) return undefined;
  return boundsOf(grant, fresh, at, timing);
}

/** The bounds that a write puts to its holder's validity once it has landed, by samples that vouch for service time. */
export function boundsOf(
  grant: Grant,
  samples: readonly Sample[],
  at: Reading,
  timing: ValidityTiming,
): Validity {
  const { sent, durationMs, lockDelayMs = 0, expiresAt } = grant;
  const observed = { from: sent, lengthMs: (durationMs - lockDelayMs) * (1 - timing.clockDriftRatio) };
  if (expiresAt === undefined) return [observed];
  return [observed, untilChallenged(plusMs(expiresAt, -lockDelayMs), samples, at, timing)];
}

/**
 * The allowance under an `expiresAt` E. A challenger needs a header D ≥ E + G, and headers run at most δ
 * ahead, so nobody has that proof while service time is below E + G − δ.
 */
export function untilChallenged(
  expiresAt: EpochMs,
  samples: readonly Sample[],
  at: Reading,
  timing: ValidityTiming,
): Allowance {
  const deadline = expiresAt + timing.graceMs - timing.serviceClockErrorMs;
  return allowanceUntil(deadline, samples, at, timing) ?? { from: at, lengthMs: 0 };
}
