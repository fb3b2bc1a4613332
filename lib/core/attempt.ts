import { correctionOf } from "./correction.ts";
import { isSessionRow } from "./names.ts";
import type { Move } from "./next-move.ts";
import type { WriteOutcome } from "./outcome.ts";
import type { LeaseRecord } from "./record.ts";
import { type Sample, vouchersFor } from "./service-clock.ts";
import type { NewTerm, TermRules } from "./term-state.ts";
import { assertNotAhead } from "./tick.ts";
import type { EpochMs, Reading } from "./units.ts";
import { type Allowance, remainingOf, validityOf } from "./validity.ts";
import type { LeaseWrite } from "./lease-write.ts";
import { claim, correct, renew, resume, takeOver } from "./writes.ts";

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
  /** The token of the session that a shard is to be held through. */
  readonly sessionToken?: number | undefined;
}

/**
 * The write that a move comes to. It promises no more than the term's limit leaves, and stays closed to others for the lock-delay or
 * the rest of a minimum hold: whoever crashes at once has not held for that long either. A shard's row says no time, so neither of that: what its
 * session's row promises is the session's to say, which began before and holds others, too.
 * @throws {LeaseError} INVALID_ARGUMENT for an occurrence that is too far ahead, see {@link assertNotAhead}
 */
export function firstWriteOf(
  move: Exclude<Move, { kind: "stand-by" }>,
  rules: TermRules,
  believed: Believed,
): LeaseWrite {
  const { name, holder, priority, settings } = rules;
  const { holdAtLeastMs, lockDelayMs, termLimitMs } = settings;
  assertNotAhead(settings.tick, believed.now, name);
  const { retentionMs } = settings.timing;
  const durationMs = Math.min(settings.timing.durationMs, Math.floor(termLimitMs));
  const request = {
    ...settings,
    ...believed,
    ...rules.worker,
    durationMs,
    retentionMs,
    name,
    row: rules.row,
    holder,
    affinity: settings.affinity?.label,
    priority,
    lockDelayMs: Math.max(lockDelayMs, holdAtLeastMs - durationMs),
  };
  if (move.kind === "resume") return resume(move.seen, request);
  return move.kind === "claim" ? claim(request) : takeOver(request, move.seen);
}

/** Whether a move goes over a term of this candidate's own, or of its process's. */
export function goesOverOwn(move: Move): boolean {
  return "because" in move && (move.because === "own-term" || move.because === "own-claim");
}

/** The write that puts a term's first one right, and what it shows of the clock that had stamped that. */
export interface Amendment {
  readonly write: LeaseWrite;
  /** How wrong the clock was; `undefined` where nobody can say. */
  readonly skewed: { readonly token: number; readonly skewMs: number } | undefined;
}

/**
 * Judges a term's first write by its own response, before anyone is told of the term; `undefined` where it may stand. A term
 * that goes on keeps its token.
 */
export function amendmentOf(
  rules: TermRules,
  first: LeaseWrite,
  { record, tokenBefore }: Written,
  { sent, received }: Stamps,
  facts: { readonly samples: readonly Sample[]; readonly believed: EpochMs; readonly writeId: string },
): Amendment | undefined {
  const { token, lockDelayMs = 0 } = record;
  const { samples, believed } = facts;
  // A session's token never falls, even before the session counts: to whoever has seen it, what a lower one holds would be over.
  const found = isSessionRow(rules.row) ? undefined : tokenBefore;
  const timed = record.expiresAt !== undefined;
  const correction = correctionOf(
    { believed, timed, token, tokenBefore: found, sent, received },
    samples,
    rules.timing,
  );
  if (correction === undefined) return undefined;
  const durationMs = record.durationMs - lockDelayMs;
  const request = {
    ...rules.settings.timing,
    ...correction,
    writeId: facts.writeId,
    durationMs,
    lockDelayMs,
  };
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
  rest: Pick<NewTerm, "limit" | "overOwn">,
): Won {
  const { at, samples } = facts;
  const vouchers = vouchersFor(sent, sample, samples);
  const granted = validityOf({ ...record, sent }, vouchers, at, rules.timing);
  if (granted === undefined) return { not: "was claimed, and no response vouches for service time" };
  const validity: readonly Allowance[] = [...granted, rest.limit];
  if (remainingOf(validity, at) <= 0) return { not: "was claimed, but answered after the term" };
  return { term: { record, validity, vouchers, ...rest } };
}
