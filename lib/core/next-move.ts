import { type Evidence, evidenceOfExpiry, type Proof, type Sighting, watchLeftMs } from "./evidence.ts";
import type { LeaseRecord } from "./record.ts";
import type { Timing } from "./timing.ts";
import type { EpochMs, Reading } from "./units.ts";
import { isSessionRow, reservedForAll } from "./names.ts";

/**
 * Why a candidate does not lead: another does; the vacant lease is kept for another; the occurrence is done; or a later one is, and
 * nobody can say whether this one was.
 */
export type RefusalReason = "held" | "reserved" | "tick-done" | "tick-passed";

type EvidenceTiming = Pick<Timing, "graceMs" | "clockDriftRatio">;

/** What a candidate does next, given what it saw. */
export type Move =
  | { readonly kind: "claim" }
  | { readonly kind: "take-over"; readonly seen: LeaseRecord; readonly because: Proof | "vacant" }
  | { readonly kind: "resume"; readonly seen: LeaseRecord; readonly because: "own-term" }
  | { readonly kind: "stand-by"; readonly reason: RefusalReason; readonly retryAfterMs: number };

/** What a candidate knows when it decides. */
export interface Situation {
  /** The record as last seen; `undefined` when there is none. */
  readonly seen: Sighting | undefined;
  readonly at: Reading;
  /** The candidate's estimate of service time. */
  readonly now: EpochMs;
  readonly tick: string | undefined;
  /** The candidate's id. */
  readonly holder: string;
  /** The label that it shares with others. */
  readonly affinity: string | undefined;
  /** Whether its id is declared stable: a process before this one may have begun the term of a record that carries it. */
  readonly stable: boolean;
  /** The highest token of the terms that this candidate itself began; all of those have ended. Of a session infinite: nobody else has its id. */
  readonly lastToken: number;
  /** Whether a write id is that of a claim of ours whose outcome we never learned, and told nobody of. */
  readonly isOwnClaim: (writeId: string) => boolean;
}

/**
 * Decides a candidate's next move. A vacant lease is claimed; one whose token is ahead of our clock is taken
 * over in the state that was seen; one whose term or reservation is over by evidence likewise; any other is
 * left alone. A term of our own id is ours to take again once we have ended it, and to go on with if the id is stable.
 */
export function nextMove(situation: Situation, timing: EvidenceTiming): Move {
  const { seen, at, now, tick } = situation;
  if (seen === undefined) return { kind: "claim" };
  const { record } = seen;
  const refused = tickRefusal(record, tick);
  if (refused !== undefined) return refused;
  const { reservedFor } = record;
  const open = reservedFor === undefined || isFor(reservedFor, situation);
  if (record.holder === undefined && open) {
    return record.token < now ? { kind: "claim" } : { kind: "take-over", seen: record, because: "vacant" };
  }
  if (returns(situation, seen, timing)) {
    return { kind: "resume", seen: record, because: "own-term" };
  }
  const because = proofOf(situation, seen, timing);
  if (because !== undefined) return { kind: "take-over", seen: record, because };
  const reason = record.holder === undefined ? "reserved" : "held";
  return { kind: "stand-by", reason, retryAfterMs: untilEvidenceMs(seen, at, now, timing) };
}

/** Refuses an occurrence that is done, or may be. */
export function tickRefusal(
  record: LeaseRecord,
  tick: string | undefined,
): Extract<Move, { kind: "stand-by" }> | undefined {
  if (tick === undefined || record.tick === undefined || record.tick < tick) return undefined;
  const reason = record.tick === tick ? "tick-done" : "tick-passed";
  return { kind: "stand-by", reason, retryAfterMs: 0 };
}

/** Whether the term is one that an earlier process with our declared-stable id left, and lasts. */
function returns(situation: Situation, seen: Sighting, timing: EvidenceTiming): boolean {
  const { stable, holder, isOwnClaim, lastToken, at } = situation;
  const { record } = seen;
  if (!stable || record.holder !== holder || record.token <= lastToken) return false;
  return !isOwnClaim(record.writeId) && evidenceOfExpiry(seen, at, timing) === undefined;
}

function isFor(reservedFor: string, { holder, affinity }: Situation): boolean {
  return reservedFor === holder || (affinity !== undefined && reservedFor === reservedForAll(affinity));
}

/**
 * Whether a term of one's own may be gone over without evidence. A new session frees the shards of the one before it, so what the row of
 * that one has promised counts, and not what its successor is told to promise.
 */
export function opens({ row, lockDelayMs = 0 }: LeaseRecord): boolean {
  return lockDelayMs === 0 || !isSessionRow(row);
}

function proofOf(situation: Situation, seen: Sighting, timing: EvidenceTiming): Evidence | undefined {
  const { holder, lastToken, isOwnClaim, at } = situation;
  const { record } = seen;
  if (isOwnClaim(record.writeId)) return "own-claim";
  if (record.holder === holder && record.token <= lastToken && opens(record)) return "own-term";
  return evidenceOfExpiry(seen, at, timing);
}

/**
 * How long until there may be evidence against a holder that does not renew, in ms: by the service's clock
 * (whose header shows whole seconds) or by watching, whichever is sooner.
 */
export function untilEvidenceMs(seen: Sighting, at: Reading, now: EpochMs, timing: EvidenceTiming): number {
  const watch = watchLeftMs(seen, at, timing);
  const { expiresAt } = seen.record;
  // Without the service's word on this very state, its clock will not be the proof.
  if (expiresAt === undefined || seen.servedAt === undefined) return Math.max(0, Math.ceil(watch));
  const provable = Math.ceil((expiresAt + timing.graceMs) / 1_000) * 1_000;
  return Math.max(0, Math.ceil(Math.min(watch, provable - now)));
}
