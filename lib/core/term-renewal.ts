import { accepts } from "./handover.ts";
import type { LeaseRecord } from "./record.ts";
import { renewalOf } from "./renewal.ts";
import { steadyServiceTime, vouchersFor } from "./service-clock.ts";
import { proclaimShard } from "./shard-writes.ts";
import type { LeaseEnd } from "./term.ts";
import { type Draft, isOwnTerm, lose, planLook, planRenewal, remainingAt, runOut } from "./term-draft.ts";
import { handOver } from "./term-leaving.ts";
import type { Renewal, RenewalAsked, RenewalEnd, TermEvent } from "./term-state.ts";
import { elapsedAtLeast } from "./units.ts";
import { validityOf } from "./validity.ts";

/** How often a renewal follows a revision that an earlier, unanswered renewal of ours had made. */
const RENEWAL_TRIES = 3;

type Renewed = Extract<TermEvent, { on: "renewed" }>;
type InFlight = Extract<Renewal, { is: "in-flight" }>;

/** A renewal has its turn: whoever asks while one is in flight waits, so that there is one at a time. */
export function onRenew(draft: Draft, order: RenewalAsked): void {
  const { renewal } = draft.term;
  if (renewal.is === "none") sendRenewal(draft, order, 1);
}

/**
 * Sends a renewal. It may land though its answer is lost, and promise less than the record does now; so the bounds that it
 * sets are in force before it is sent. They only narrow the validity: what widens it is an acknowledgement alone.
 */
function sendRenewal(draft: Draft, order: RenewalAsked, tries: number): void {
  const { rules, facts, term, effects } = draft;
  if (term.lead.is === "over") return answer(draft, { is: "over" });
  if (rules.throughSession) return sendProclamation(draft, order, tries);
  const { writeId, at } = facts;
  const { durationMs, retentionMs, renewIntervalMs } = rules.settings.timing;
  const asked = { writeId, durationMs, retentionMs, value: order.value };
  const { write, bounds } = renewalOf(term, asked, at, rules.timing);
  term.lead = { ...term.lead, validity: [...term.lead.validity, ...bounds] };
  runOut(draft);
  if (remainingAt(term, at) <= 0) return answer(draft, { is: "over" });
  planLook(draft); // The end may have come closer.
  planRenewal(draft, renewIntervalMs, 2);
  term.unanswered = [...term.unanswered, writeId];
  const { durationMs: askedMs = durationMs, expiresAt } = write.set;
  term.renewal = { is: "in-flight", writeId, sent: at, durationMs: askedMs, expiresAt, order, tries };
  effects.push({ do: "send", as: "renewal", write });
}

/** Sends what is proclaimed of a shard. It extends nothing: that is for the session's renewals. */
function sendProclamation({ rules, facts, term, effects }: Draft, order: RenewalAsked, tries: number): void {
  const { writeId, at, samples } = facts;
  const { durationMs } = rules.settings.timing;
  const now = steadyServiceTime(samples, at, rules.timing);
  term.unanswered = [...term.unanswered, writeId];
  term.renewal = { is: "in-flight", writeId, sent: at, durationMs, expiresAt: undefined, order, tries };
  const write = proclaimShard(term.record, { writeId, now, value: order.value?.is });
  effects.push({ do: "send", as: "renewal", write });
}

/**
 * A renewal was answered, or surely failed. By now the step has let what has run out end, so an answer that comes after the
 * end revives nothing, whatever it says.
 */
export function onRenewed(draft: Draft, event: Renewed, flight: InFlight): void {
  const { term } = draft;
  const { answered } = event;
  term.renewal = { is: "none" };
  if (answered.kind === "failed") return failed(draft, flight, answered.error, answered.error);
  if (answered.kind === "unknown") return failed(draft, flight, answered.cause);
  if (term.lead.is === "over") {
    learn(draft, answered.kind === "written" ? answered.record : answered.current);
    return answer(draft, { is: "over" });
  }
  if (answered.kind === "written") return extend(draft, event, answered.record, flight);
  const { current } = answered;
  if (!isOwnTerm(draft, current) || isForeign(draft, current)) return overtaken(draft, current);
  term.record = current; // An unanswered renewal of ours had landed: go on from there.
  again(draft, flight);
}

/** Sends the renewal once more, as long as there is reason to. */
function again(draft: Draft, flight: InFlight): void {
  if (flight.tries >= RENEWAL_TRIES) return failed(draft, flight, undefined);
  sendRenewal(draft, flight.order, flight.tries + 1);
}

/** Whether another process with the same, declared-stable id has gone on with the term. */
function isForeign({ rules, term }: Draft, { writeId }: LeaseRecord): boolean {
  return rules.stable && !term.unanswered.includes(writeId);
}

/**
 * Learns the revision that an answer after the end tells of, if it was made by this very handle. It grants nothing; but a stable
 * id's release compares the revision.
 */
function learn(draft: Draft, current: LeaseRecord | undefined): void {
  const { term } = draft;
  if (isOwnTerm(draft, current) && term.unanswered.includes(current.writeId)) term.record = current;
}

/**
 * The renewal is acknowledged: what it promised replaces what was promised before, also where it is less. Where nothing
 * vouches for its `expiresAt`, it grants nothing: the validity stays as it was, and the renewal is sent once more without. The
 * new validity may be over already.
 */
function extend(draft: Draft, { sent, sample }: Renewed, record: LeaseRecord, flight: InFlight): void {
  const { rules, facts, term, effects } = draft;
  if (term.lead.is === "over" || sent === undefined) return;
  term.record = record;
  term.unanswered = [];
  if (rules.throughSession) return answer(draft, { is: "renewed" });
  term.vouchers = vouchersFor(sent, sample, facts.samples);
  const granted = validityOf({ ...record, sent }, term.vouchers, facts.at, rules.timing);
  if (granted === undefined) return again(draft, flight);
  const marginMs = remainingAt(term, facts.at);
  const latencyMs = elapsedAtLeast(sent, facts.at);
  term.lead = { ...term.lead, validity: [...granted, ...term.limit] };
  runOut(draft);
  const remainingMs = remainingAt(term, facts.at);
  if (remainingMs <= 0) return answer(draft, { is: "over" });
  planLook(draft);
  planRenewal(draft, rules.settings.timing.renewIntervalMs, 2);
  const details = { token: record.token, remainingMs, marginMs, latencyMs };
  effects.push({ do: "tell", event: "renewed", details });
  handOverIfRequested(draft);
  answer(draft, { is: "renewed" });
}

/**
 * The row of a shard was read again. Whoever else holds it has ended the term; a request to hand over is learnt. Its revision is not:
 * a write of this very holder may be on its way.
 */
export function onSeen(draft: Draft, current: LeaseRecord | undefined): void {
  const { term } = draft;
  if (term.lead.is === "over" || term.row.is !== "held") return;
  if (!isOwnTerm(draft, current)) return lose(draft, endBy(draft, current));
  const { requestedBy, requestedPriority } = current;
  const { record } = term;
  const isKnown = requestedBy === record.requestedBy && requestedPriority === record.requestedPriority;
  if (!isKnown) term.record = { ...record, requestedBy, requestedPriority };
  handOverIfRequested(draft);
}

/** Accepts a request to hand over: it piggybacks on the record, and the answer to a renewal is where its holder meets it. */
function handOverIfRequested(draft: Draft): void {
  const { rules, facts, term } = draft;
  const { priority, minTermMs } = rules;
  const { record, holdAtLeastMs } = term;
  const ledMs = elapsedAtLeast(term.began, facts.at);
  if (accepts(record, { priority, ledMs, minTermMs, holdAtLeastMs }))
    handOver(draft, record.requestedBy || undefined, rules.settings.drainMs);
}

/**
 * The renewal came to nothing, or nobody can say. The validity stays what it was when it was sent: the bounds that it set remain, since it may have
 * landed. One by timer is tried again, before a third of what is left is over.
 */
function failed(draft: Draft, { order }: InFlight, cause: unknown, error?: unknown): void {
  const { rules, facts, term, effects } = draft;
  const remainingMs = remainingAt(term, facts.at);
  if (remainingMs <= 0) return answer(draft, { is: "over" });
  if (order.byTimer) planRenewal(draft, rules.settings.timing.renewIntervalMs / 2, 3);
  const { token } = term.record;
  // A shard is not renewed: what failed was a proclamation, of which `requestFailed` tells.
  if (!rules.throughSession)
    effects.push({ do: "tell", event: "renewalFailed", details: { token, remainingMs, cause } });
  answer(draft, { is: "failed", remainingMs, cause, error });
}

/**
 * The row is not this holder's any more, so the term is over now, whatever validity is left. A successor is one with another token, or of the
 * same stable id; a row without one was vacated or deleted by somebody else.
 */
function overtaken(draft: Draft, current: LeaseRecord | undefined): void {
  lose(draft, endBy(draft, current));
  answer(draft, { is: "over" });
}

function endBy({ rules: { holder }, term }: Draft, current: LeaseRecord | undefined): LeaseEnd {
  const { token } = term.record;
  const superseded = current !== undefined && (current.token !== token || current.holder === holder);
  return superseded
    ? { reason: "superseded", by: current.holder, token: current.token }
    : { reason: "revoked" };
}

function answer({ effects }: Draft, how: RenewalEnd): void {
  effects.push({ do: "answer", how });
}
