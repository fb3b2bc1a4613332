import { aheadAtSending, outsideBy, type Sample, samplesSince, steadyServiceTime } from "./service-clock.ts";
import type { Timing } from "./timing.ts";
import type { EpochMs, Reading } from "./units.ts";

/** What is made of whole seconds alone may be wrong by this much, and is no sign of a wrong clock. */
const HEADER_PRECISION_MS = 500;

/** What a term's first write has to be followed by before anyone is told of the term. */
export interface Correction {
  /**
   * Whether to write `expiresAt` again. Where nothing vouches for service time it is removed instead, and
   * only watching can end the term.
   */
  readonly timed: boolean;
  /** How wrong the clock was that stamped the write, in ms: negative is behind; 0 where nobody can say. */
  readonly skewMs: number;
  /** What to stamp it with. */
  readonly now: EpochMs;
  /** The term's token. */
  readonly token: number;
}

/** A term's first write, acknowledged. */
export interface FirstWrite {
  /** What the candidate believed of service time when it sent the write. */
  readonly believed: EpochMs;
  readonly timed: boolean;
  readonly token: number;
  /** The token that the write found; `undefined` when it cannot be told. */
  readonly tokenBefore: number | undefined;
  readonly sent: Reading;
  readonly received: Reading;
}

/**
 * Judges a term's first write by what its own response told of service time.
 *
 * Behind by more than half a second (or δ, if that is more), `expiresAt` is too early to leave the promised validity.
 * Ahead of the latest that service time can be, others would wait for nothing; what is not ahead of that is late by the
 * width of what a header allows at most, which the grace covers. The belief is aged by the round trip before it is
 * judged, so a slow response is not taken for a wrong clock. Where no response vouches for the write's own time,
 * `expiresAt` is removed.
 *
 * The token is made anew too, since the wrong clock made it: too low, it could repeat one of a row that was
 * deleted; too high, every later claim would need a second request until time has caught up. It stays above
 * the token that the write found; where that cannot be told, it is never lowered.
 */
export function correctionOf(
  first: FirstWrite,
  samples: readonly Sample[],
  timing: Timing,
): Correction | undefined {
  const { timed, believed, sent, received, token, tokenBefore } = first;
  if (!timed) return undefined;
  const fresh = samplesSince(samples, sent);
  if (fresh.length === 0) return { timed: false, skewMs: 0, now: believed, token };
  const aged = believed + Math.max(0, received.mono - sent.mono);
  const skewMs = aheadAtSending(believed, fresh, timing) || outsideBy(aged, samples, received, timing);
  const behindMs = Math.max(timing.serviceClockErrorMs, HEADER_PRECISION_MS);
  if (skewMs >= -behindMs && skewMs <= 0) return undefined;
  const now = steadyServiceTime(fresh, received, timing);
  const floor = tokenBefore === undefined ? token : tokenBefore + 1;
  return { timed: true, skewMs, now, token: Math.max(floor, now) };
}
