import { isSessionRow, reservedForAll, risen } from "./names.ts";
import type { Clearable, Expectation, LeaseWrite, Settable } from "./lease-write.ts";
import type { LeaseRecord } from "./record.ts";
import type { Reservation } from "./term.ts";
import { type EpochMs, plusMs } from "./units.ts";

/** What a new term asks for. */
export interface TermRequest {
  readonly name: string;
  /** Which row under the name; the lease's own where it is left out. */
  readonly row?: string | undefined;
  readonly holder: string;
  readonly writeId: string;
  /** What the candidate believes of service time. */
  readonly now: EpochMs;
  readonly durationMs: number;
  /** Whether to write `expiresAt`: not when responses carry no time to check it by. */
  readonly timed: boolean;
  readonly retentionMs: number;
  /** The occurrence that the term is for. */
  readonly tick: string | undefined;
  /** Whether the term uses the occurrence up by beginning (`at-most-once`). */
  readonly claimsTick: boolean;
  /** How strong the candidate is; 0 where it is left out. */
  readonly priority?: number | undefined;
  /** How much longer than the term the row stays closed to others if it is not released, in ms; 0 where it is left out. */
  readonly lockDelayMs?: number | undefined;
  /** The label that the candidate shares with others: a lease that is reserved for it is open to each of them. */
  readonly affinity?: string | undefined;
  /** The token of the session that the term is held through: the row then says no time, and lasts as long as the session. */
  readonly sessionToken?: number | undefined;
  /** What a worker's session says of it; see the record. */
  readonly weight?: number | undefined;
  readonly maxShards?: number | undefined;
}

/**
 * Claims a lease that is vacant, and not reserved for another, knowing nothing of its record. The token is the claim's own `now`: a duplicate that
 * arrives after the release finds a token that is no longer lower.
 */
export function claim(request: TermRequest): LeaseWrite {
  const { holder, now, affinity } = request;
  const openTo = affinity === undefined ? [holder] : [holder, reservedForAll(affinity)];
  return beginTerm("claim", request, { vacant: true, openTo, tokenBelow: now }, now);
}

/**
 * Takes a lease in the state that was seen: a term or a reservation that is over by evidence, or a vacancy
 * whose token is ahead of `now`. Comparing the token beside the revision matters once a row was deleted: a new row counts
 * its revisions from 1 again, its tokens never.
 * @throws {LeaseError} RECORD_INVALID where no token can be higher, see {@link risen}
 */
export function takeOver(request: TermRequest, seen: LeaseRecord): LeaseWrite {
  const token = Math.max(risen(seen.name, "token", seen.token), request.now);
  return beginTerm("take-over", request, asSeen(seen), token);
}

/** Expects a row in the very state that was seen. Revision 0 stands for none: a row that somebody wrote by hand. Its token tells of every change. */
export function asSeen({ revision, token }: Pick<LeaseRecord, "revision" | "token">): Expectation {
  return revision === 0 ? { token } : { revision, token };
}

function beginTerm(
  kind: "claim" | "take-over",
  request: TermRequest,
  expects: Expectation,
  token: number,
): LeaseWrite {
  const { holder, now: acquiredAt, tick, claimsTick, priority = 0, lockDelayMs = 0 } = request;
  const { row, sessionToken, weight, maxShards } = request;
  const set = {
    ...(sessionToken === undefined ? stamps(request, row, token) : { sessionToken, renewedAt: acquiredAt }),
    holder,
    token,
    acquiredAt,
    ...(claimsTick && tick !== undefined && { tick }),
    ...(priority !== 0 && { priority }),
    ...(lockDelayMs !== 0 && sessionToken === undefined && { lockDelayMs }),
    ...(weight !== undefined && { weight }),
    ...(maxShards !== undefined && { maxShards }),
  };
  const clear = OF_A_TERM.filter((attribute) => !(attribute in set));
  if (sessionToken !== undefined) clear.push("durationMs");
  if (!("ttl" in set)) clear.push("ttl");
  if (isSessionRow(row)) clear.push(...OF_A_WORKER.filter((one) => !(one in set)));
  return conditional(
    kind,
    request,
    tick === undefined ? expects : { ...expects, tickBelow: tick },
    set,
    clear,
  );
}

/** Which row a write is for, the lease's own where none is named, and the write's id. */
interface Addressed {
  readonly name: string;
  readonly row?: string | undefined;
  readonly writeId: string;
}

/** Makes a write of what it expects, sets and removes. */
export function conditional(
  kind: LeaseWrite["kind"],
  { name, row, writeId }: Addressed,
  expects: Expectation,
  set: Partial<Settable> = {},
  clear: readonly Clearable[] = [],
): LeaseWrite {
  const beginsTerm = kind === "claim" || kind === "take-over";
  return { kind, name, ...(row !== undefined && { row }), writeId, expects, set, clear, beginsTerm };
}

/** The same, and leaves `revision` and `writeId` as they are. */
export function piggybacking(...write: Parameters<typeof conditional>): LeaseWrite {
  return { ...conditional(...write), piggybacks: true };
}

/** What belongs to one term or reservation and does not outlive it. */
export const OF_A_TERM: readonly Clearable[] = [
  "holder",
  "expiresAt",
  "value",
  "priority",
  "requestedBy",
  "requestedPriority",
  "lockDelayMs",
  "reservedFor",
];

/** What a session says of its worker. */
export const OF_A_WORKER: readonly Clearable[] = ["weight", "maxShards"];

/**
 * What every write of a holder says about time. The row promises the lock-delay as well: others have one length to look at. A session's row outlives
 * its token, too, which is an instant: the next one must be higher.
 */
function stamps(
  request: {
    readonly now: EpochMs;
    readonly durationMs: number;
    readonly lockDelayMs?: number | undefined;
    readonly timed: boolean;
    readonly retentionMs: number;
  },
  row: string | undefined,
  token: number,
): Partial<Settable> {
  const { now, lockDelayMs = 0, timed, retentionMs } = request;
  const durationMs = request.durationMs + lockDelayMs;
  const untimed = { durationMs, renewedAt: now };
  const ttl = ttlOf(latest(now, row, token), durationMs, retentionMs);
  if (timed) return { ...untimed, ttl, expiresAt: plusMs(now, durationMs) };
  // A clock that nobody has checked may be a day wrong, and a session's row is kept for no longer than that.
  return isSessionRow(row) ? untimed : { ...untimed, ttl };
}

/** What the holder asks for when it writes again within its term. */
export interface RenewalRequest {
  readonly writeId: string;
  readonly now: EpochMs;
  readonly durationMs: number;
  /** The term's lock-delay, in ms; 0 where it is left out. */
  readonly lockDelayMs?: number | undefined;
  readonly timed: boolean;
  readonly retentionMs: number;
  /** What to proclaim; leave it out to keep what is proclaimed. */
  readonly value?: { readonly is: unknown } | undefined;
}

/**
 * Extends the holder's own term by compare-and-set, so that no late duplicate moves its expiry back. The
 * holder is compared too: an operator who frees a lease by hand removes it and leaves the revision.
 */
export function renew(mine: LeaseRecord, request: RenewalRequest): LeaseWrite {
  return continueTerm("renew", mine, request, {});
}

/**
 * Writes a claim's times again after its response has shown that they were wrong, before anyone was told of
 * the term; `token` replaces the token that the wrong clock made.
 */
export function correct(mine: LeaseRecord, request: RenewalRequest, token: number): LeaseWrite {
  return continueTerm("correct", mine, request, { token, acquiredAt: request.now });
}

/**
 * Goes on with the term of an earlier process of the same, declared-stable id, in the state that was seen: the
 * token stays. Whoever else renewed meanwhile makes it fail.
 */
export function resume(
  seen: LeaseRecord,
  request: RenewalRequest & { readonly priority: number; readonly lockDelayMs: number },
): LeaseWrite {
  const { priority, lockDelayMs } = request;
  return continueTerm("resume", seen, request, { priority, lockDelayMs });
}

function continueTerm(
  kind: "renew" | "resume" | "correct",
  { name, row, revision, token, holder = "" }: LeaseRecord,
  request: RenewalRequest,
  extra: Partial<Settable>,
): LeaseWrite {
  const { writeId, timed, value } = request;
  const clear: Clearable[] = timed ? [] : ["expiresAt"];
  if (!timed && isSessionRow(row)) clear.push("ttl");
  if (value && value.is === undefined) clear.push("value");
  const set = {
    ...stamps(request, row, extra.token ?? token),
    ...(value && value.is !== undefined && { value: value.is }),
    ...extra,
  };
  return conditional(kind, { name, row, writeId }, { revision, token, holder }, set, clear);
}

/**
 * Vacates the holder's own term and keeps its token. `tick` marks the occurrence as done; `reserve` keeps the
 * lease for a candidate, for a bounded time.
 */
export function release(
  mine: {
    readonly name: string;
    readonly row?: string | undefined;
    readonly holder: string;
    readonly token: number;
  },
  request: {
    /** For a declared-stable id, whose next process may go on with the term: the revision as last known. */
    readonly revision?: number | undefined;
    readonly writeId: string;
    readonly ttl: number;
    readonly tick: string | undefined;
    readonly reserve?: Reservation | undefined;
  },
): LeaseWrite {
  const { ttl, tick, reserve, revision } = request;
  const { name, row, holder, token } = mine;
  const expects = { holder, token, ...(revision !== undefined && { revision }) };
  const set: Partial<Settable> = {
    ttl,
    ...(tick !== undefined && { tick }),
    ...(reserve && { reservedFor: reserve.for, durationMs: reserve.ms }),
    ...(reserve?.timed && { expiresAt: plusMs(reserve.now, reserve.ms) }),
  };
  const clear = OF_A_TERM.filter((attribute) => !(attribute in set));
  return conditional("release", { name, row, writeId: request.writeId }, expects, set, clear);
}

/** Vacates what an unanswered claim may have taken, and only that. */
export function abandon(name: string, claimId: string, writeId: string, row?: string): LeaseWrite {
  return conditional("abandon", { name, row, writeId }, { writeId: claimId }, {}, OF_A_TERM);
}

/** What a row's `ttl` counts from: of a session its token, where that is later than now. */
export const latest = (now: EpochMs, row: string | undefined, token: number): EpochMs =>
  isSessionRow(row) ? plusMs(now, Math.max(0, token - now)) : now;

/** Epoch seconds after which TTL may delete a row: never within a term, and `retentionMs` after it. */
export function ttlOf(now: EpochMs, durationMs: number, retentionMs: number): number {
  return Math.ceil((now + durationMs + retentionMs) / 1_000);
}
