/*
 * A shard says no time of its own: its term lasts for as long as its holder's session. So whoever wants it asks for the session's row. But a
 * proof is only as good as a write on the row that it is about: the session may be renewed between the challenger's look and its
 * write, and the shard's row would not show it. So a session that seems over is ended first, by a write on its own row. Why that is safe:
 * docs/protocol.md, Groups.
 */
import { type Evidence, evidenceOfExpiry, type Sighting } from "./evidence.ts";
import { type Move, nextMove, opens, type Situation, tickRefusal, untilEvidenceMs } from "./next-move.ts";
import type { LeaseRecord } from "./record.ts";
import type { Timing } from "./timing.ts";
import type { EpochMs, Reading } from "./units.ts";

type EvidenceTiming = Pick<Timing, "graceMs" | "clockDriftRatio">;

/** What is known of a session. */
export interface SessionSeen {
  /** Its row as last seen; `undefined` where there was none, or where nobody has looked. */
  readonly sighting: Sighting | undefined;
  /** Whether that look was sent after the shard's row had been received. */
  readonly afterShard: boolean;
  /** Whether it was a moment ago: its holder may have closed it since. */
  readonly isFresh: boolean;
}

/** What the session of a shard's term allows. */
export type SessionFinding =
  /** The term is over, for good. */
  | { readonly is: "over" }
  /** There is evidence against the session as it was seen: its row has to be vacated first. */
  | { readonly is: "dead"; readonly seen: LeaseRecord; readonly because: Evidence }
  /** Nobody can say before the session's row has been read. */
  | { readonly is: "unread" }
  /** It lasts, for this much longer at least unless it is closed. */
  | { readonly is: "lasts"; readonly retryAfterMs: number };

/**
 * Judges the session that a term of a shard rests on. A session's row that shows the term's session token without a holder, or a higher token, says so
 * for good, whenever it was read. A row that is gone, or has a lower token, says so only where it was read after the shard's: it may have
 * been made since. And a row that was read long ago does not say that the session lasts: a close frees all shards, and changes the
 * row of none.
 */
export function judgeSession(
  { sessionToken = 0 }: LeaseRecord,
  { sighting, afterShard, isFresh }: SessionSeen,
  at: Reading,
  now: EpochMs,
  timing: EvidenceTiming,
): SessionFinding {
  const record = sighting?.record;
  if (sighting === undefined || record === undefined || record.token < sessionToken)
    return afterShard ? { is: "over" } : { is: "unread" };
  if (record.token > sessionToken || record.holder === undefined) return { is: "over" };
  const because = evidenceOfExpiry(sighting, at, timing);
  // A watch is one of what was read twice: what was not read again may have been renewed.
  if (because === "service-clock" || (because !== undefined && afterShard))
    return { is: "dead", seen: record, because };
  const retryAfterMs = untilEvidenceMs(sighting, at, now, timing);
  if (!afterShard && (!isFresh || retryAfterMs <= 0)) return { is: "unread" };
  return { is: "lasts", retryAfterMs };
}

/** What a candidate for a shard does next. */
export type ShardMove =
  | Exclude<Move, { kind: "resume" }>
  | { readonly kind: "open-session" }
  | { readonly kind: "read-session"; readonly of: string }
  | { readonly kind: "bury"; readonly seen: LeaseRecord; readonly because: Evidence };

/** What a candidate for a shard knows when it decides. */
export interface ShardSituation extends Omit<Situation, "stable" | "lastToken"> {
  /** The session of whoever holds the shard. */
  readonly session: SessionSeen;
  /** The candidate's own session; `undefined` while it has none. */
  readonly own: { readonly token: number; readonly leftMs: number } | undefined;
  /** Whether the candidate's own session leads the shard already. */
  readonly leads: boolean;
}

/** Decides a candidate's next move for a shard; see {@link nextMove}. */
export function nextShardMove(situation: ShardSituation, timing: EvidenceTiming): ShardMove {
  const { seen, own, leads, holder, tick, isOwnClaim, at, now, session } = situation;
  const record = seen?.record;
  if (record?.holder === undefined) {
    const move = nextMove({ ...situation, stable: false, lastToken: 0 }, timing);
    if (move.kind === "resume") throw new TypeError("a vacancy is not resumed");
    return move;
  }
  const refused = tickRefusal(record, tick);
  if (refused !== undefined) return refused;
  if (isOwnClaim(record.writeId)) return { kind: "take-over", seen: record, because: "own-claim" };
  const { sessionToken = 0 } = record;
  if (own !== undefined && record.holder === holder && sessionToken <= own.token) {
    if (sessionToken < own.token) return { kind: "take-over", seen: record, because: "session-ended" };
    if (leads) return { kind: "stand-by", reason: "held", retryAfterMs: Math.ceil(own.leftMs) };
    return { kind: "take-over", seen: record, because: "own-term" };
  }
  const finding = judgeSession(record, session, at, now, timing);
  const of = session.sighting?.record;
  // Held through a session of before: of a dead process with the same declared-stable id, say. It is over once there is a new one, at
  // once unless its row has promised others a lock-delay. Whoever has read that long ago is told so when it opens one.
  if (own === undefined && record.holder === holder && of && opens(of) && finding.is !== "over")
    return { kind: "open-session" };
  switch (finding.is) {
    case "over":
      return { kind: "take-over", seen: record, because: "session-ended" };
    case "dead":
      return { kind: "bury", seen: finding.seen, because: finding.because };
    case "unread":
      return { kind: "read-session", of: record.holder };
    case "lasts":
      return { kind: "stand-by", reason: "held", retryAfterMs: finding.retryAfterMs };
    default:
      return finding satisfies never;
  }
}
