import type { LeaseRecord } from "./record.ts";
import { type EpochMs, plusMs } from "./units.ts";

/** What a write demands of the record it finds; all of it must hold, else nothing is written. */
export interface Expectation {
  /** There is no holder. */
  readonly vacant?: true;
  /** There is no token yet, or it is lower than this. */
  readonly tokenBelow?: number;
  /** There is no tick yet, or it sorts before this. */
  readonly tickBelow?: string;
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
  "holder" | "token" | "expiresAt" | "durationMs" | "acquiredAt" | "renewedAt" | "value" | "tick" | "ttl"
>;

/** The attributes that a write can remove. */
export type Clearable = "holder" | "expiresAt" | "value";

/**
 * A conditional write as data: what it expects of the record, what it makes of it. A store executes it,
 * atomically, and adds 1 to `revision` (from 0 where there is none) in every one.
 *
 * Every write of this module undoes its own expectation, so that neither a retry nor a late duplicate of it
 * can be applied twice; a test holds them to it. One exception, without harm: a claim whose token a correction
 * has lowered may land again after the release, in a term that nobody was told of and that runs out by itself.
 */
export interface LeaseWrite {
  readonly kind: "claim" | "take-over" | "renew" | "correct" | "release" | "abandon";
  readonly name: string;
  readonly writeId: string;
  readonly expects: Expectation;
  readonly set: Partial<Settable>;
  readonly clear: readonly Clearable[];
  /** Whether it begins a term: `transitions` grows by 1. */
  readonly beginsTerm: boolean;
}

/** Whether a record (or its absence) is what a write expects. */
export function accepts(record: LeaseRecord | undefined, expects: Expectation): boolean {
  const { vacant, tokenBelow, tickBelow, ...equal } = expects;
  if (vacant && record?.holder !== undefined) return false;
  if (tokenBelow !== undefined && record !== undefined && record.token >= tokenBelow) return false;
  if (tickBelow !== undefined && record?.tick !== undefined && record.tick >= tickBelow) return false;
  return (Object.keys(equal) as (keyof typeof equal)[]).every((key) => record?.[key] === equal[key]);
}

/** The record that an accepted write leaves behind. */
export function applied(record: LeaseRecord | undefined, write: LeaseWrite): LeaseRecord {
  const next: Record<string, unknown> = {
    token: 0,
    durationMs: 0,
    ...record,
    ...write.set,
    name: write.name,
    writeId: write.writeId,
    revision: (record?.revision ?? 0) + 1,
    transitions: (record?.transitions ?? 0) + (write.beginsTerm ? 1 : 0),
  };
  for (const attribute of write.clear) delete next[attribute];
  return next as unknown as LeaseRecord;
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
}

/**
 * Claims a vacant lease, knowing nothing of its record. The token is the claim's own `now`: a duplicate that
 * arrives after the release finds a token that is no longer lower.
 */
export function claim(request: TermRequest): LeaseWrite {
  return beginTerm("claim", request, { vacant: true, tokenBelow: request.now }, request.now);
}

/**
 * Takes a lease in the state that was seen: a term that is over by evidence, or a vacancy whose token is
 * ahead of `now`. Comparing the token beside the revision matters once a row was deleted: a new row counts
 * its revisions from 1 again, its tokens never.
 */
export function takeOver(request: TermRequest, seen: LeaseRecord): LeaseWrite {
  const { revision, token } = seen;
  // Revision 0 stands for none: a row that somebody wrote by hand. Its token alone tells of every change.
  const expects = revision === 0 ? { token } : { revision, token };
  return beginTerm("take-over", request, expects, Math.max(token + 1, request.now));
}

function beginTerm(
  kind: "claim" | "take-over",
  request: TermRequest,
  expects: Expectation,
  token: number,
): LeaseWrite {
  const { holder, now: acquiredAt, tick, claimsTick, timed } = request;
  return conditional(
    kind,
    request,
    tick === undefined ? expects : { ...expects, tickBelow: tick },
    { ...stamps(request), holder, token, acquiredAt, ...(claimsTick && tick !== undefined ? { tick } : {}) },
    timed ? ["value"] : ["value", "expiresAt"],
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

/** What vacating a row removes. */
const TERM: readonly Clearable[] = ["holder", "expiresAt", "value"];

/** What every write of a holder says about time. */
function stamps(request: {
  readonly now: EpochMs;
  readonly durationMs: number;
  readonly timed: boolean;
  readonly retentionMs: number;
}): Partial<Settable> {
  const { now, durationMs, timed, retentionMs } = request;
  const untimed = { durationMs, renewedAt: now, ttl: ttlOf(now, durationMs, retentionMs) };
  return timed ? { ...untimed, expiresAt: plusMs(now, durationMs) } : untimed;
}

/** What the holder asks for when it writes again within its term. */
export interface RenewalRequest {
  readonly writeId: string;
  readonly now: EpochMs;
  readonly durationMs: number;
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

function continueTerm(
  kind: "renew" | "correct",
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

/** Vacates the holder's own term and keeps its token. `tick` marks the occurrence as done. */
export function release(
  { name, holder, token }: { readonly name: string; readonly holder: string; readonly token: number },
  {
    writeId,
    ttl,
    tick,
  }: { readonly writeId: string; readonly ttl: number; readonly tick: string | undefined },
): LeaseWrite {
  const set = tick === undefined ? { ttl } : { ttl, tick };
  return conditional("release", { name, writeId }, { holder, token }, set, TERM);
}

/** Vacates what an unanswered claim may have taken, and only that. */
export function abandon(name: string, claimId: string, writeId: string): LeaseWrite {
  return conditional("abandon", { name, writeId }, { writeId: claimId }, {}, TERM);
}

/** Epoch seconds after which TTL may delete a row: never within a term, and `retentionMs` after it. */
export function ttlOf(now: EpochMs, durationMs: number, retentionMs: number): number {
  return Math.ceil((now + durationMs + retentionMs) / 1_000);
}
