import { reservedForAll, risen } from "./names.ts";
import type { LeaseRecord } from "./record.ts";
import type { Reservation } from "./term.ts";
import { type EpochMs, plusMs } from "./units.ts";

/** What a write demands of the record it finds; all of it must hold, else nothing is written. */
export interface Expectation {
  /** There is no holder. */
  readonly vacant?: true;
  /** The lease is not reserved, or it is for one of these. */
  readonly openTo?: readonly string[];
  /** Nobody asked for a hand-over yet with this priority or a higher one. */
  readonly requestedBelow?: number;
  /** There is no token yet, or it is lower than this. */
  readonly tokenBelow?: number;
  /** There is no tick yet, or it sorts before this. */
  readonly tickBelow?: string;
  /** The last tick is this. */
  readonly tick?: string;
  /** The record's revision is this. */
  readonly revision?: number;
  /** The record's token is this. */
  readonly token?: number;
  /** The holder is this. */
  readonly holder?: string;
  /** The record was made by this write. */
  readonly writeId?: string;
}

/** The attributes that a write can set outright. */
export type Settable = Pick<
  LeaseRecord,
  | "holder"
  | "token"
  | "expiresAt"
  | "durationMs"
  | "acquiredAt"
  | "renewedAt"
  | "value"
  | "tick"
  | "ttl"
  | "priority"
  | "requestedBy"
  | "requestedPriority"
  | "lockDelayMs"
  | "reservedFor"
>;

/** The attributes that a write can remove. */
export type Clearable = Exclude<keyof Settable, "token" | "durationMs" | "acquiredAt" | "renewedAt" | "ttl">;

/**
 * A conditional write as data: what it expects of the record, what it makes of it. A store executes it,
 * atomically, and adds 1 to `revision` (from 0 where there is none) in every one.
 *
 * Every write of this module undoes its own expectation, so that neither a retry nor a late duplicate of it
 * can be applied twice; a test holds them to it. One exception, without harm: a claim whose token a correction
 * has lowered may land again after the release, in a term that nobody was told of and that runs out by itself.
 */
export interface LeaseWrite {
  readonly kind:
    | "claim"
    | "take-over"
    | "resume"
    | "renew"
    | "correct"
    | "release"
    | "abandon"
    | "request"
    | "revoke"
    | "rewind"
    | "register"
    | "admit";
  readonly name: string;
  /**
   * Which row under the lease's name: an auxiliary row's sort key.
   * @default - the lease's own row
   */
  readonly row?: string;
  readonly writeId: string;
  readonly expects: Expectation;
  readonly set: Partial<Settable>;
  readonly clear: readonly Clearable[];
  /** Whether it begins a term: `transitions` grows by 1. */
  readonly beginsTerm: boolean;
  /** Whether it leaves `revision` and `writeId` as they are, so that it disturbs neither a holder nor who watches. */
  readonly piggybacks?: true;
}

/** What a new term asks for. */
export interface TermRequest {
  readonly name: string;
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
  const { revision, token } = seen;
  // Revision 0 stands for none: a row that somebody wrote by hand. Its token alone tells of every change.
  const expects = revision === 0 ? { token } : { revision, token };
  return beginTerm("take-over", request, expects, Math.max(risen(seen.name, "token", token), request.now));
}

function beginTerm(
  kind: "claim" | "take-over",
  request: TermRequest,
  expects: Expectation,
  token: number,
): LeaseWrite {
  const { holder, now: acquiredAt, tick, claimsTick, priority = 0, lockDelayMs = 0 } = request;
  const set = {
    ...stamps(request),
    holder,
    token,
    acquiredAt,
    ...(claimsTick && tick !== undefined ? { tick } : {}),
    ...(priority === 0 ? {} : { priority }),
    ...(lockDelayMs === 0 ? {} : { lockDelayMs }),
  };
  const clear = OF_A_TERM.filter((attribute) => !(attribute in set));
  return conditional(
    kind,
    request,
    tick === undefined ? expects : { ...expects, tickBelow: tick },
    set,
    clear,
  );
}

function conditional(
  kind: LeaseWrite["kind"],
  { name, writeId }: { readonly name: string; readonly writeId: string },
  expects: Expectation,
  set: Partial<Settable>,
  clear: readonly Clearable[],
): LeaseWrite {
  return { kind, name, writeId, expects, set, clear, beginsTerm: kind === "claim" || kind === "take-over" };
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

/** What every write of a holder says about time. The row promises the lock-delay as well: others have one length to look at. */
function stamps(request: {
  readonly now: EpochMs;
  readonly durationMs: number;
  readonly lockDelayMs?: number | undefined;
  readonly timed: boolean;
  readonly retentionMs: number;
}): Partial<Settable> {
  const { now, lockDelayMs = 0, timed, retentionMs } = request;
  const durationMs = request.durationMs + lockDelayMs;
  const untimed = { durationMs, renewedAt: now, ttl: ttlOf(now, durationMs, retentionMs) };
  return timed ? { ...untimed, expiresAt: plusMs(now, durationMs) } : untimed;
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
  { name, revision, token, holder = "" }: LeaseRecord,
  request: RenewalRequest,
  extra: Partial<Settable>,
): LeaseWrite {
  const { writeId, timed, value } = request;
  const clear: Clearable[] = timed ? [] : ["expiresAt"];
  if (value && value.is === undefined) clear.push("value");
  const set = {
    ...stamps(request),
    ...(value && value.is !== undefined ? { value: value.is } : {}),
    ...extra,
  };
  return conditional(kind, { name, writeId }, { revision, token, holder }, set, clear);
}

/**
 * Vacates the holder's own term and keeps its token. `tick` marks the occurrence as done; `reserve` keeps the
 * lease for a candidate, for a bounded time.
 */
export function release(
  mine: { readonly name: string; readonly holder: string; readonly token: number },
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
  const { name, holder, token } = mine;
  const expects = revision === undefined ? { holder, token } : { holder, token, revision };
  const set: Partial<Settable> = {
    ttl,
    ...(tick === undefined ? {} : { tick }),
    ...(reserve === undefined ? {} : { reservedFor: reserve.for, durationMs: reserve.ms }),
    ...(reserve?.timed ? { expiresAt: plusMs(reserve.now, reserve.ms) } : {}),
  };
  const clear = OF_A_TERM.filter((attribute) => !(attribute in set));
  return conditional("release", { name, writeId: request.writeId }, expects, set, clear);
}

/** Vacates what an unanswered claim may have taken, and only that. */
export function abandon(name: string, claimId: string, writeId: string): LeaseWrite {
  return conditional("abandon", { name, writeId }, { writeId: claimId }, {}, OF_A_TERM);
}

/** Epoch seconds after which TTL may delete a row: never within a term, and `retentionMs` after it. */
export function ttlOf(now: EpochMs, durationMs: number, retentionMs: number): number {
  return Math.ceil((now + durationMs + retentionMs) / 1_000);
}
