/*
 * A dead leader tells nobody that it died, and no clock of a candidate can be trusted to say that a term is over. So a
 * challenger has to prove it before it writes. There are two proofs. The service's own clock is past the row's `expiresAt`,
 * whatever the wall clocks of holder and challenger say. Or the challenger has watched the row, unchanged, for the whole length that
 * the row promises. Why each of them is enough: docs/protocol.md, Evidence, and I2.
 */
import type { LeaseRecord } from "./record.ts";
import type { Timing } from "./timing.ts";
import { elapsedAtLeast, type EpochMs, type Reading } from "./units.ts";

/** A state of a record, and since when it has been seen unchanged. */
export interface Sighting {
  readonly record: LeaseRecord;
  /** When the response that first carried this state was received. */
  readonly firstSeen: Reading;
  /** The `Date` header of the latest response that carried it. */
  readonly servedAt: EpochMs | undefined;
}

/**
 * Why a term is over: by the service's own clock, by having watched it, because it was our own claim that
 * nobody was told of, or our own term that we have ended ourselves.
 */
export type Evidence = "service-clock" | "observation" | "own-claim" | "own-term";

/** Why a term is over; of a shard's also: the session that it rested on has ended. */
export type Proof = Evidence | "session-ended";

/** Notes that a record was seen, again or for the first time. A changed record starts the watch anew. */
export function sighted(
  before: Sighting | undefined,
  record: LeaseRecord,
  received: Reading,
  servedAt: EpochMs | undefined,
): Sighting {
  const same = before !== undefined && isSameState(before.record, record);
  return {
    record,
    firstSeen: same ? before.firstSeen : received,
    servedAt: servedAt ?? (same ? before.servedAt : undefined),
  };
}

/** Revisions alone do not tell states apart once a row was deleted; write ids do. */
function isSameState(a: LeaseRecord, b: LeaseRecord): boolean {
  return a.writeId === b.writeId && a.revision === b.revision && a.token === b.token;
}

/**
 * Whether a term, or a reservation, is surely over, and by which proof. A lock-delay is part of the length that the
 * record says.
 *
 * `servedAt` comes from the response that carried the record, so the service itself vouches that it is at
 * least that late: no candidate's wall clock takes part. A watch on the monotonic clock is the proof where
 * the service's clock gives none.
 */
export function evidenceOfExpiry(
  seen: Sighting,
  at: Reading,
  timing: Pick<Timing, "graceMs" | "clockDriftRatio">,
): Evidence | undefined {
  const { expiresAt } = seen.record;
  const { servedAt } = seen;
  if (servedAt !== undefined && expiresAt !== undefined) {
    if (servedAt >= expiresAt + timing.graceMs) return "service-clock";
  }
  return watchLeftMs(seen, at, timing) <= 0 ? "observation" : undefined;
}

/** How much longer a state has to be watched unchanged, in ms, before that proves its term over. */
export function watchLeftMs(seen: Sighting, at: Reading, timing: Pick<Timing, "clockDriftRatio">): number {
  const ratio = timing.clockDriftRatio;
  const needed = seen.record.durationMs * ((1 + ratio) / (1 - ratio));
  return needed - elapsedAtLeast(seen.firstSeen, at);
}
