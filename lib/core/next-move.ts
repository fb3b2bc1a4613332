import { type Evidence, evidenceOfExpiry, type Sighting, watchLeftMs } from "./evidence.ts";
import type { LeaseRecord } from "./record.ts";
import type { Timing } from "./timing.ts";
import type { EpochMs, Reading } from "./units.ts";

/** Why a candidate does not lead: another does; or the occurrence is done. */
export type RefusalReason = "held" | "tick-done";

/** What a candidate does next, given what it saw. */
export type Move =
  | { readonly kind: "claim" }
  | { readonly kind: "take-over"; readonly seen: LeaseRecord; readonly because: Evidence | "vacant" }
  | { readonly kind: "stand-by"; readonly reason: RefusalReason; readonly retryAfterMs: number };

/** What a candidate knows when it decides. */
export interface Situation {
  /** The record as last seen; `undefined` when there is none. */
  readonly seen: Sighting | undefined;
  readonly at: Reading;
  /** The candidate's estimate of service time. */
  readonly now: EpochMs;
  readonly tick: string | undefined;
  /** Whether a write id is that of a claim of ours whose outcome we never learned, and told nobody of. */
  readonly isOwnClaim: (writeId: string) => boolean;
}

/**
 * Decides a candidate's next move. A vacant lease is claimed; one whose token is ahead of our clock is taken
 * over in the state that was seen; one whose term is over by evidence likewise; any other is left alone.
 */
export function nextMove(situation: Situation, timing: Pick<Timing, "graceMs" | "clockDriftRatio">): Move {
  const { seen, at, now, tick } = situation;
  if (seen === undefined) return { kind: "claim" };
  const { record } = seen;
  if (tick !== undefined && record.tick !== undefined && record.tick >= tick) {
    return { kind: "stand-by", reason: "tick-done", retryAfterMs: 0 };
  }
  if (record.holder === undefined) {
    return record.token < now ? { kind: "claim" } : { kind: "take-over", seen: record, because: "vacant" };
  }
  const because = situation.isOwnClaim(record.writeId) ? "own-claim" : evidenceOfExpiry(seen, at, timing);
  if (because !== undefined) return { kind: "take-over", seen: record, because };
  return { kind: "stand-by", reason: "held", retryAfterMs: untilEvidenceMs(seen, at, now, timing) };
}

/**
 * How long until there may be evidence against a holder that does not renew, in ms: by the service's clock
 * (whose header shows whole seconds) or by watching, whichever is sooner.
 */
export function untilEvidenceMs(
  seen: Sighting,
  at: Reading,
  now: EpochMs,
  timing: Pick<Timing, "graceMs" | "clockDriftRatio">,
): number {
  const watch = watchLeftMs(seen, at, timing);
  const { expiresAt } = seen.record;
  if (expiresAt === undefined) return Math.max(0, Math.ceil(watch));
  const provable = Math.ceil((expiresAt + timing.graceMs) / 1_000) * 1_000;
  return Math.max(0, Math.ceil(Math.min(watch, provable - now)));
}
