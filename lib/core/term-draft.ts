import type { LeaseRecord } from "./record.ts";
import type { Handover, LeaseEnd } from "./term.ts";
import type { Effect, Facts, Term, TermRules } from "./term-state.ts";
import { instant, type Reading } from "./units.ts";
import { remainingOf } from "./validity.ts";

/** Shortest pause between two tries to renew, in ms. */
const MIN_PAUSE_MS = 50;

/** How often the clocks are read while a term is held, in ms: a freeze shows by the next reading (A3). */
const LOOK_MS = 1_000;

/** A step under way: what it reads, the state that it makes, and what is to be done. */
export interface Draft {
  readonly rules: TermRules;
  readonly facts: Facts;
  readonly term: { -readonly [K in keyof Term]: Term[K] };
  readonly effects: Effect[];
}

/** Begins a step. */
export function draftOf(rules: TermRules, term: Term, facts: Facts): Draft {
  return { rules, facts, term: { ...term }, effects: [] };
}

/** What is left of a term at a reading, in ms; 0 when it is over. */
export function remainingAt({ lead }: Term, at: Reading): number {
  return lead.is === "over" ? 0 : Math.max(0, remainingOf(lead.validity, at));
}

/** The hand-over that has begun, if one has. */
export function handoverOf({ work }: Term): Handover | undefined {
  return work.is === "on" ? undefined : work.handover;
}

/** Whether the latest write was cut to what the limit left: no other can extend the term. A shard has no other bound of its own. */
export function atLimit({ rules, term }: Draft): boolean {
  if (rules.throughSession) return term.limit.length > 0;
  const { durationMs, lockDelayMs = 0 } = term.record;
  return durationMs - lockDelayMs < rules.settings.timing.durationMs;
}

/** Whether a record is this term, held by this candidate. */
export function isOwnTerm({ rules, term }: Draft, current: LeaseRecord | undefined): current is LeaseRecord {
  return current?.token === term.record.token && current.holder === rules.holder;
}

/**
 * Ends the term if its validity has run out by the step's reading. Every step begins with it, whatever has happened: a thawed
 * process may hear an answer, a call or its timer first, and none of them may be judged as if it still led.
 */
export function runOut(draft: Draft): void {
  const { rules, facts, term } = draft;
  if (term.lead.is === "over" || remainingAt(term, facts.at) > 0) return;
  const end: LeaseEnd = { reason: "expired", ...term.contact, atLimit: atLimit(draft) };
  if (rules.throughSession) runOutOfLimit(draft, end);
  else lose(draft, end);
}

/**
 * Ends the term of a shard at its limit. Its row does not run out by itself, since its session goes on. So it is vacated, whatever the work
 * does, and without its session's lock-delay: that is for the end of the session.
 */
function runOutOfLimit(draft: Draft, end: LeaseEnd): void {
  const { term, effects } = draft;
  finish(draft, end);
  effects.push({ do: "tell", event: "lost", details: { token: term.record.token, end } });
  if (term.row.is === "held") effects.push({ do: "release" });
}

/**
 * Ends the term without a release. A row that is not held any more means a term that is ended, and in this order: the state first, then the
 * signal, then all that is told or sent. So nobody who hears of it finds a term that still leads. Work that was
 * draining has nothing left to drain for.
 */
export function lose(draft: Draft, end: LeaseEnd): void {
  if (draft.term.lead.is === "over") return;
  finish(draft, end);
  const drains = handoverOf(draft.term) !== undefined;
  if (!drains) draft.effects.push({ do: "forget" });
  draft.effects.push({ do: "tell", event: "lost", details: { token: draft.term.record.token, end } });
  if (drains) drained(draft);
}

/** Ends the term, once and for good: nothing makes an ended one lead again, since nothing else sets `lead` but what finds it on. */
export function finish({ term, effects }: Draft, end: LeaseEnd): void {
  term.lead = { is: "over", end };
  effects.push({ do: "abort", because: "over" }, { do: "end", end });
}

/**
 * The time to drain is up, or the term that it was for. Where the work is waited for, it is told to stop, and the term goes
 * on until it has: to release beforehand would have two at work. Else the row is vacated, whatever the work does.
 */
export function drained({ term, effects }: Draft): void {
  if (term.row.is !== "held") return;
  if (!term.waitsForWork) return void effects.push({ do: "release" });
  term.work = { is: "told", handover: handoverOf(term) };
  effects.push({ do: "abort", because: "handed-over" });
}

/**
 * Plans the next look at the clocks: at the end of the validity, and each second at least, since a freeze shows only when
 * they are read (A3). It depends on no answer, so the end never waits for a renewal that hangs.
 *
 * The clocks of a term that rests on a session are read each second for its session, and a process may hold ten thousand of them. It looks
 * when half of what is left has passed, down to a second: to learn of a freeze that its timer did not count, before its limit.
 */
export function planLook({ rules, facts, term }: Draft): void {
  const { lead } = term;
  if (lead.is === "over" || (rules.throughSession && term.limit.length === 0)) return;
  const leftMs = Math.ceil(remainingAt(term, facts.at));
  const lookMs = Math.max(LOOK_MS, rules.throughSession ? leftMs / 2 : 0);
  term.lead = { ...lead, lookAt: instant(facts.at.mono + Math.max(1, Math.min(leftMs, lookMs))) };
}

/** Plans the next renewal: after `pauseMs`, or sooner when that is more than one part in `parts` of what is left. */
export function planRenewal({ rules, facts, term }: Draft, pauseMs: number, parts: number): void {
  const { lead } = term;
  if (lead.is === "over" || !rules.settings.autoRenew) return;
  const waitMs = Math.max(MIN_PAUSE_MS, Math.min(pauseMs, remainingAt(term, facts.at) / parts));
  term.lead = { ...lead, renewAt: instant(facts.at.mono + waitMs) };
}
