import { correctionOf } from "./correction.ts";
import type { Move } from "./next-move.ts";
import type { WriteOutcome } from "./outcome.ts";
import type { LeaseRecord } from "./record.ts";
import { type Sample, vouchersFor } from "./service-clock.ts";
import type { NewTerm, TermRules } from "./term-state.ts";
import { type EpochMs, plusMs, type Reading } from "./units.ts";
import { type Allowance, remainingOf, validityOf } from "./validity.ts";
import { claim, correct, type LeaseWrite, renew, resume, takeOver } from "./writes.ts";

/** A first write that was acknowledged. */
export type Written = Extract<WriteOutcome, { kind: "written" }>;

/** When a write was sent and answered, and what its own response told of service time. */
export interface Stamps {
  readonly sent: Reading;
  readonly received: Reading;
  readonly sample: Sample | undefined;
}

/** What a candidate knows when it writes. */
export interface Believed {
  readonly writeId: string;
  /** Its estimate of service time. */
  readonly now: EpochMs;
  /** Whether responses carry a time to check `expiresAt` by. */
  readonly timed: boolean;
}

/**
 * The write that a move comes to. It promises no more than the term's limit leaves, and stays closed to others for the lock-delay or
 * the rest of a minimum hold: whoever crashes at once has not held for that long either.
 */
export function firstWriteOf(
  move: Exclude<Move, { kind: "stand-by" }>,
  rules: TermRules,
  believed: Believed,
): LeaseWrite {
  const { name, holder, identity, priority, settings, timing } = rules;
  const { sticky, holdAtLeastMs, reclaimDelayMs, termLimitMs } = settings;
  const { retentionMs } = settings.timing;
  const shared = identity === "shared";
  const durationMs = Math.min(
    settings.timing.durationMs,
    shared ? wholeSeconds(termLimitMs) : Math.floor(termLimitMs),
  );
  // How long past its end a term is proven to be over by any header, in ms.
  const provableMs = timing.graceMs + 1_000 + timing.serviceClockErrorMs;
  const request = {
    ...settings,
    ...believed,
    durationMs,
    retentionMs,
    name,
    holder,
    priority,
    reclaimDelayMs: Math.max(reclaimDelayMs, holdAtLeastMs - durationMs, sticky?.forMs ?? 0),
    ownExpiredBy: shared ? plusMs(believed.now, -provableMs) : undefined,
  };
  if (move.kind === "resume") return resume(move.seen, request);
  return move.kind === "claim" ? claim(request) : takeOver(request, move.seen);
}

/**
 * The limit of a shared id's term, in whole seconds: its next term may not be shorter than this one,
 * or the claim costs a second request, and what is left to invocations differs by some milliseconds.
 */
function wholeSeconds(limitMs: number): number {
  return Math.max(1_000, Math.floor(limitMs / 1_000) * 1_000);
}

/** Whether a move goes over a term of this candidate's own, or of its process's. */
export function goesOverOwn(move: Move): boolean {
  return "because" in move && (move.because === "own-term" || move.because === "own-claim");
}

/**
 * Whether a shared id's claim has put no valid term of its own id aside. It was decided by a clock that may be wrong; the
 * response brings both the record that it found and the service's word on when that was.
 */
export function isProven(rules: TermRules, { before, tokenBefore, servedAt }: Written): boolean {
  if (rules.identity !== "shared") return true;
  if (tokenBefore === undefined) return false;
  if (before?.holder === undefined) return true;
  const { expiresAt } = before;
  return servedAt !== undefined && expiresAt !== undefined && servedAt >= expiresAt + rules.timing.graceMs;
}

/**
 * What gives the row of a shared id's claim that does not count the end of the term that it put aside: else claimants whose clocks run
 * ahead would move it on and on. Nothing rests on whether it lands. `undefined` where the row says no end.
 */
export function settingRight(
  { settings }: TermRules,
  { record, before }: Written,
  writeId: () => string,
): LeaseWrite | undefined {
  if (record.expiresAt === undefined || before?.expiresAt === undefined) return undefined;
  const { durationMs, token } = record;
  const now = plusMs(before.expiresAt, -durationMs);
  const { retentionMs } = settings.timing;
  return correct(record, { writeId: writeId(), now, durationMs, timed: true, retentionMs }, token);
}

/** The write that puts a term's first one right, and what it shows of the clock that had stamped that. */
export interface Amendment {
  readonly write: LeaseWrite;
  /** How wrong the clock was; `undefined` where nobody can say. */
  readonly skewed: { readonly token: number; readonly skewMs: number } | undefined;
}

/**
 * Judges a term's first write by its own response, before anyone is told of the term; `undefined` where it may stand. A term
 * that goes on keeps its token. One of a shared id is never lowered: a late duplicate of the claim could pass again, over a later term of the same id.
 */
export function amendmentOf(
  rules: TermRules,
  first: LeaseWrite,
  { record, tokenBefore }: Written,
  { sent, received }: Stamps,
  facts: { readonly samples: readonly Sample[]; readonly believed: EpochMs; readonly writeId: string },
): Amendment | undefined {
  const { token, durationMs } = record;
  const { samples, believed } = facts;
  const found = rules.identity === "shared" ? undefined : tokenBefore;
  const timed = record.expiresAt !== undefined;
  const correction = correctionOf(
    { believed, timed, token, tokenBefore: found, sent, received },
    samples,
    rules.timing,
  );
  if (correction === undefined) return undefined;
  const request = { ...rules.settings.timing, ...correction, writeId: facts.writeId, durationMs };
  return {
    write: first.kind === "resume" ? renew(record, request) : correct(record, request, correction.token),
    skewed: correction.timed ? { token: correction.token, skewMs: correction.skewMs } : undefined,
  };
}

/** A term that a write has won, or why the candidate must not lead by it. */
export type Won = { readonly term: NewTerm } | { readonly not: string };

/**
 * Whether an acknowledged write proves a term: something vouches for what it promised, and some of that is left. Else it is given up, since whoever
 * cannot tell how long it leads must not lead at all.
 */
export function wonBy(
  rules: TermRules,
  record: LeaseRecord,
  { sent, sample }: Stamps,
  facts: { readonly samples: readonly Sample[]; readonly at: Reading },
  rest: Pick<NewTerm, "limit" | "askedBy" | "overOwn">,
): Won {
  const { at, samples } = facts;
  const vouchers = vouchersFor(sent, sample, samples);
  const granted = validityOf({ ...record, sent }, vouchers, at, rules.timing);
  if (granted === undefined) return { not: "was claimed, and no response vouches for service time" };
  const validity: readonly Allowance[] = [...granted, rest.limit];
  if (remainingOf(validity, at) <= 0) return { not: "was claimed, but answered after the term" };
  return { term: { record, validity, vouchers, ...rest } };
}

/** What to do about writes that may hold the lease for a candidate that does not lead. */
export interface GivingUp {
  /** Whether to remember them as nobody's: a later look may take what they made without waiting. */
  readonly forget: boolean;
  /** Whether to vacate what they may have taken. */
  readonly abandon: boolean;
}

/**
 * How to give up. What was written over a term of its own is not vacated: a vacancy would undo the lock-delay or the minimum hold
 * of that term. What a shared id wrote over may last, so its row has to run out by itself.
 */
export function givingUp({ identity }: TermRules, overOwn: boolean): GivingUp {
  const shared = identity === "shared";
  return { forget: !shared, abandon: !shared && !overOwn };
}
