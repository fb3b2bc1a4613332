/*
 * A term can be renewed, drained, handed over, released, lost, frozen and thawed, several of them at once and in any order, and after
 * whatever happened it must never lead again once it has ended. A closure full of variables hides which orders were thought of. So the term
 * is a machine: plain data, one `step` that takes an event and returns the next data and what to do, and one
 * timer. `lib/client/term-driver.ts` does what it says and decides nothing. test/core/transcripts has its orders of events, line by line.
 */
import { atLimit, type Draft, draftOf, drained, lose, planLook, planRenewal, runOut } from "./term-draft.ts";
import { isLeaseError, isTrouble } from "./errors.ts";
import { onLeave, onRelease, onReleased, onStepDown, settle } from "./term-leaving.ts";
import { onRenew, onRenewed, onSeen } from "./term-renewal.ts";
import type { Facts, NewTerm, Step, Term, TermEvent, TermRules } from "./term-state.ts";
import type { Timing } from "./timing.ts";
import { type EpochMs, type Instant, instant, type Reading } from "./units.ts";

/** Timers may come this much early by the monotonic clock, in ms. */
const EARLY_MS = 1;

// What all terms begin with, shared: one process may hold ten thousand of them.
const NONE = [] as const;
const REACHABLE: Term["contact"] = { storeReachable: true };
const LEAD_ON = { is: "on", validity: NONE, lookAt: undefined, renewAt: undefined } as const;
const WORK_ON: Term["work"] = { is: "on" };
const NO_RENEWAL: Term["renewal"] = { is: "none" };
const ROW_HELD: Term["row"] = { is: "held" };

/** Begins a term that was won. It may be over already: its holder may have stood still since the answer. */
export function beginTerm(rules: TermRules, won: NewTerm, facts: Facts): Step {
  const { at } = facts;
  const { settings } = rules;
  const { limit, validity, record, vouchers, overOwn } = won;
  // JSON knows no infinity.
  const lasting = validity.length === 0 ? NONE : validity.filter(({ lengthMs }) => lengthMs < Infinity);
  const draft = draftOf(
    rules,
    {
      began: at,
      record,
      vouchers,
      limit: limit.lengthMs < Infinity ? [limit] : NONE,
      unanswered: NONE,
      contact: REACHABLE,
      reserveForMs: settings.reserveForMs,
      holdAtLeastMs: settings.holdAtLeastMs,
      overOwn,
      waitsForWork: false,
      lead: lasting === NONE ? LEAD_ON : { ...LEAD_ON, validity: lasting },
      work: WORK_ON,
      renewal: NO_RENEWAL,
      row: ROW_HELD,
    },
    facts,
  );
  runOut(draft);
  planLook(draft);
  planRenewal(draft, settings.timing.renewIntervalMs, 2);
  return stepOf(draft);
}

/**
 * What an event makes of a term, and what is to be done about it. Total: every event may come in every state, at any reading.
 *
 * Whatever the event, what has run out by the step's reading ends first. An answer counts as a sign of the store before that, so
 * that a term which ends just then says truly whether the store could be reached.
 */
export function step(rules: TermRules, term: Term, event: TermEvent, facts: Facts): Step {
  const draft = draftOf(rules, term, facts);
  draft.term.contact = contactAfter(draft.term, event);
  runOut(draft);
  happen(draft, event);
  return stepOf(draft);
}

/** When the one timer of a term is due, by the monotonic clock; `undefined` once it is over. */
export function nextDue({ lead, work }: Term): Instant | undefined {
  if (lead.is === "over") return undefined;
  const { lookAt = Infinity, renewAt = Infinity } = lead;
  const { until = Infinity } = work.is === "draining" ? work : {};
  const due = Math.min(lookAt, renewAt, until);
  return due === Infinity ? undefined : instant(due);
}

/**
 * The earliest `Date` header that would change something about a term, in epoch ms: minus infinity where any would, since it
 * shows that the store is in reach again; infinity where none would. One that comes earlier is one that this machine need not hear.
 */
export function hearsFrom(term: Term, timing: Pick<Timing, "graceMs">): number {
  if (term.lead.is === "over") return Infinity;
  return term.contact.storeReachable ? provedOverBy(term, timing) : -Infinity;
}

/** The earliest header by which a challenger could prove the term over; infinite where only watching can. */
function provedOverBy({ record }: Term, { graceMs }: Pick<Timing, "graceMs">): number {
  const { expiresAt = Infinity, lockDelayMs = 0 } = record;
  return expiresAt - lockDelayMs + graceMs;
}

function stepOf({ term, effects }: Draft): Step {
  return { term, effects };
}

/**
 * What is known of the store after an event: an answer to the renewal in flight tells, and so does any response. What was
 * refused before it was sent, since the caller asked for the impossible, tells nothing of the store.
 */
function contactAfter({ contact, renewal }: Term, event: TermEvent): Term["contact"] {
  if (event.on === "heard") return { ...contact, storeReachable: true };
  if (event.on !== "renewed" || renewal.is === "none" || renewal.writeId !== event.writeId) return contact;
  const { answered } = event;
  if (answered.kind === "failed") {
    const { error } = answered;
    if (!isTrouble(error)) return contact;
    return { storeReachable: !isLeaseError(error, "CREDENTIALS_UNAVAILABLE"), cause: error };
  }
  if (answered.kind === "unknown")
    return { storeReachable: answered.answered === true, cause: answered.cause };
  return { storeReachable: true };
}

function happen(draft: Draft, event: TermEvent): void {
  const { renewal, row } = draft.term;
  switch (event.on) {
    case "time":
      return onTime(draft);
    case "look":
      return;
    case "heard":
      return onHeard(draft, event.date);
    case "renew":
      return onRenew(draft, event.order);
    case "renewed":
      // An answer to any other write is none to this one.
      if (renewal.is === "in-flight" && renewal.writeId === event.writeId) onRenewed(draft, event, renewal);
      return;
    case "work":
      draft.term.waitsForWork = true;
      return;
    case "step-down":
      return onStepDown(draft, event);
    case "stop":
      return onStop(draft, event.reason);
    case "release":
      return onRelease(draft, event);
    case "released":
      if (row.is === "releasing" && row.writeId === event.writeId) onReleased(draft, event.answered, row);
      return;
    case "session-over":
      return lose(draft, event.end);
    case "seen":
      return onSeen(draft, event.record);
    case "leave":
      return onLeave(draft);
    case "left":
      if (row.is === "left") settle(draft, event.result);
      return;
    default:
      event satisfies never;
  }
}

/**
 * The timer has come, for whatever was due first. It may be late by any time, so all that is due happens now. The drain goes
 * before a renewal: a term that is released needs none. A term at its limit is renewed no more, since no write could extend it.
 */
function onTime(draft: Draft): void {
  const { facts, term, effects } = draft;
  const { lead, work } = term;
  if (lead.is === "over") return;
  const drains = work.is === "draining" && isDue(work.until, facts.at);
  const renews = isDue(lead.renewAt, facts.at);
  if (renews) term.lead = { ...lead, renewAt: undefined };
  planLook(draft);
  if (drains) {
    term.work = { ...work, until: undefined };
    drained(draft);
    if (!term.waitsForWork) return;
  }
  if (renews && !atLimit(draft)) effects.push({ do: "renew" });
}

function isDue(due: Instant | undefined, { mono }: Reading): boolean {
  return due !== undefined && due <= mono + EARLY_MS;
}

/** A challenger may have this header, too: whatever the clocks say, the term is over by it. */
function onHeard(draft: Draft, date: EpochMs): void {
  const { rules, term } = draft;
  if (date < provedOverBy(term, rules.timing)) return;
  lose(draft, { reason: "expired", ...term.contact, atLimit: atLimit(draft) });
}

/** The work is to stop. The term goes on until it has settled and is released: a release beforehand would have two at work. */
function onStop({ term, effects }: Draft, reason: unknown): void {
  if (term.work.is === "on") term.work = { is: "told", handover: undefined };
  effects.push({ do: "abort", because: "told", reason });
}
