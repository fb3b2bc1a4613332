import { sessionRow } from "./names.ts";
import type { LeaseRecord } from "./record.ts";
import type { LeaseWrite } from "./lease-write.ts";
import type { EpochMs } from "./units.ts";
import {
  abandon,
  asSeen,
  conditional,
  latest,
  OF_A_TERM,
  OF_A_WORKER,
  piggybacking,
  ttlOf,
} from "./writes.ts";

/** A session's row outlives its last write by this long before DynamoDB's TTL may delete it, in ms: no clock is as wrong as that. */
export const SESSION_RETENTION_MS = 86_400_000;

/**
 * Ends the session that was seen, by evidence as of any term (docs/protocol.md, Groups): only a write on its own row ends a session. What it
 * held is free from then on.
 *
 * What the session says of its worker goes with it. Nobody reads that of a closed session, but it tells this write from those that an
 * operator may make: IAM knows a write by the attributes that it names, and `grantOperate` lets nobody name these.
 */
export function bury(
  seen: LeaseRecord,
  { writeId, now }: { readonly writeId: string; readonly now: EpochMs },
): LeaseWrite {
  const { name, row, token } = seen;
  // Its holder has left it without one where no answer told the time.
  const ttl = ttlOf(latest(now, row, token), 0, SESSION_RETENTION_MS);
  return conditional("bury", { name, row, writeId }, asSeen(seen), { ttl }, [...OF_A_TERM, ...OF_A_WORKER]);
}

/**
 * Takes the turn of a claim that nobody answered: gives a vacancy the claim's token, so that the claim can never land from then on. It expects
 * no more than that asks for, since a tick that is done and a reservation may go as they came. And it removes nothing: it is no term.
 */
export function voidClaim({ name, row, expects, set }: LeaseWrite, writeId: string, ttl: number): LeaseWrite {
  const { tickBelow: _, openTo: __, ...version } = expects;
  const { token = 0 } = set;
  return conditional("void", { name, row, writeId }, { ...version, vacant: true }, { token, ttl });
}

/** Vacates what an unanswered claim of a shard may have taken, and only that. */
export function abandonShard(claim: LeaseWrite, writeId: string, ttl: number): LeaseWrite {
  return { ...abandon(claim.name, claim.writeId, writeId, claim.row), set: { ttl } };
}

/**
 * Whether a claim may still land, given the shard's row as a later look has shown it. Tokens only rise, and so do revisions while
 * tokens stay: once its condition is false by one of them, it is false for good. A refusal alone proves nothing: the SDK may have sent
 * more copies than one, and an earlier one may be on its way.
 */
export function mayLand(claim: LeaseWrite, current: LeaseRecord | undefined): boolean {
  const { tokenBelow, token, revision } = claim.expects;
  if (tokenBelow !== undefined) return (current?.token ?? 0) < tokenBelow;
  if (current === undefined || token === undefined) return false;
  return current.token === token && (revision === undefined || current.revision <= revision);
}

/** Has the holder of a session read its shards again. It leaves revision and write id alone. */
export function ring(
  name: string,
  session: { readonly holder: string; readonly token: number },
  request: { readonly writeId: string; readonly bell: string },
): LeaseWrite {
  const { holder, token } = session;
  const { writeId, bell } = request;
  return piggybacking("ring", { name, row: sessionRow(holder), writeId }, { holder, token }, { bell });
}

/**
 * Rings at one's own session, and says that it is no worker's any more: its process leaves, and frees its shards one by one. The others
 * share what is free among themselves from then on. What a term rests on stays as it is.
 */
export function retire(...of: Parameters<typeof ring>): LeaseWrite {
  return { ...ring(...of), clear: OF_A_WORKER };
}

/** Publishes a value on a shard's row, or removes it: its holder's own write, by compare-and-set. */
export function proclaimShard(
  { name, row, revision, token, holder = "" }: LeaseRecord,
  request: { readonly writeId: string; readonly now: number; readonly value: unknown },
): LeaseWrite {
  const { writeId, now, value } = request;
  const renewedAt = now as LeaseRecord["renewedAt"];
  const place = { name, row, writeId };
  const expects = { revision, token, holder };
  if (value === undefined) return conditional("renew", place, expects, { renewedAt }, ["value"]);
  return conditional("renew", place, expects, { renewedAt, value });
}

/**
 * The record of a shard's term, with what is left of a claim: a process may keep ten thousand of them, and a store's own objects
 * may be several times as large.
 */
export function ofAShard(claimed: LeaseRecord): LeaseRecord {
  return {
    name: claimed.name,
    row: claimed.row,
    holder: claimed.holder,
    token: claimed.token,
    revision: claimed.revision,
    durationMs: claimed.durationMs,
    acquiredAt: claimed.acquiredAt,
    renewedAt: claimed.renewedAt,
    writeId: claimed.writeId,
    transitions: claimed.transitions,
    tick: claimed.tick,
    sessionToken: claimed.sessionToken,
  };
}
