import { reservationOf } from "./handover.ts";
import { steadyServiceTime } from "./service-clock.ts";
import { type ReleaseResult, refusedRelease } from "./term.ts";
import { type Draft, drained, finish, handoverOf, isOwnTerm } from "./term-draft.ts";
import type { Answered, Farewell, Row, TermEvent } from "./term-state.ts";
import { elapsedAtLeast, instant } from "./units.ts";
import { latest, release, ttlOf } from "./writes.ts";

/** How often a release is sent unanswered before its outcome is called unknown. */
const UNANSWERED_TRIES = 2;
/** How often a release follows a revision that an unanswered renewal of the same handle had made. */
const FOLLOWING_TRIES = 3;

type Releasing = Extract<Row, { is: "releasing" }>;

/**
 * Begins to hand over, unless that has begun: the work may come to an end, and the term goes on meanwhile. Only a term that is held
 * can be handed over.
 */
export function handOver(draft: Draft, to: string | undefined, drainMs: number): void {
  const { facts, term, effects } = draft;
  if (handoverOf(term) !== undefined || term.row.is !== "held" || term.lead.is === "over") return;
  const handover = { to, drainMs };
  const until = drainMs > 0 ? instant(facts.at.mono + drainMs) : undefined;
  term.work = { is: "draining", handover, until };
  effects.push({ do: "tell", event: "handover", details: { token: term.record.token, ...handover } });
  effects.push({ do: "hand-over", handover });
  if (drainMs === 0) drained(draft);
}

/**
 * The holder wants to hand over. What it wants now goes before what it was asked for. Within the minimum hold the lease is kept for
 * nobody, so naming a successor is refused, before anything has changed. A term that is over already is released.
 */
export function onStepDown(draft: Draft, wanted: Extract<TermEvent, { on: "step-down" }>): void {
  const { facts, term, effects } = draft;
  const { to, reserveForMs, drainMs } = wanted;
  const { lead, work } = term;
  const heldMs = Math.ceil(term.holdAtLeastMs - elapsedAtLeast(term.began, facts.at));
  if (to !== undefined && heldMs > 0 && lead.is === "on")
    return void effects.push({ do: "refuse", heldMs, to });
  term.reserveForMs = reserveForMs;
  const begun = handoverOf(term);
  if (work.is !== "on" && begun !== undefined) term.work = { ...work, handover: { ...begun, to } };
  handOver(draft, to, drainMs);
  if (lead.is === "over") drained(draft);
}

/**
 * The row is to be vacated. The term ends first: in the state, then for the signal, then on the row. So the row is never vacant while this
 * holder leads.
 *
 * A renewal in flight is not waited for: whichever of the two lands last, the row ends vacant, since a renewal compares the
 * revision and a release does not. A stable id's does, as it must not end the term once another process has gone on with it.
 */
export function onRelease(draft: Draft, { done, unseen }: Extract<TermEvent, { on: "release" }>): void {
  const { rules, term } = draft;
  const { row, renewal } = term;
  if (row.is === "waiting" && renewal.is === "none") return sendRelease(draft, untried(row.farewell));
  if (row.is !== "held") return;
  // Whoever releases what nobody was told of has not led: only the hold of a term of its own that it went over goes on.
  const { lockDelayMs } = rules.settings;
  if (unseen) term.holdAtLeastMs = term.overOwn ? Math.max(term.holdAtLeastMs, lockDelayMs) : 0;
  const reason = term.work.is === "on" ? "released" : "stepped-down";
  if (term.lead.is === "on") finish(draft, { reason });
  const farewell = farewellOf(draft, done);
  const nothingToSend = needless(draft, farewell);
  if (nothingToSend !== undefined) return settle(draft, nothingToSend);
  const waits = rules.stable && renewal.is === "in-flight";
  if (waits) term.row = { is: "waiting", farewell };
  else sendRelease(draft, untried(farewell));
}

/**
 * The session is to be released, which frees what is held through it with one write. The term ends first, as ever. One that has something to say of its
 * own, or whose release has begun, is left as it is: its own release is for whoever asked to send.
 */
export function onLeave(draft: Draft): void {
  const { term } = draft;
  if (term.row.is !== "held") return;
  const farewell = farewellOf(draft, false);
  if (needless(draft, farewell) === undefined && farewell.kept !== undefined) return;
  if (term.lead.is === "on") finish(draft, { reason: term.work.is === "on" ? "released" : "stepped-down" });
  term.row = { is: "left" };
}

/**
 * What is known of a release without sending it: another's term is left alone. A shard whose session has run out is free as soon as that
 * session is ended, by whomever, and all of its shards with it: ten thousand releases would say nothing more.
 */
function needless({ rules, term: { lead } }: Draft, { tick, kept }: Farewell): ReleaseResult | undefined {
  if (lead.is !== "over") return undefined;
  const { end } = lead;
  if (end.reason === "superseded") return { kind: "superseded", by: end.by, token: end.token };
  if (!rules.throughSession || tick !== undefined || kept !== undefined) return undefined;
  if (end.reason === "revoked") return { kind: "released" };
  // At its own limit its session goes on, and nothing but this release frees it.
  return end.reason === "expired" && !end.atLimit ? { kind: "unknown", cause: end.cause } : undefined;
}

/** What the release says: the occurrence that was done, and for whom the lease is kept. */
function farewellOf({ rules, facts, term }: Draft, done: boolean): Farewell {
  const { settings } = rules;
  const { holdAtLeastMs, reserveForMs } = term;
  const ledMs = elapsedAtLeast(term.began, facts.at);
  const handover = handoverOf(term);
  const kept = reservationOf({ ...settings, holdAtLeastMs, reserveForMs, handover, ledMs });
  return { tick: done ? settings.tick : undefined, kept };
}

function untried(farewell: Farewell): Releasing {
  return { is: "releasing", farewell, writeId: "", tries: 0, unanswered: 0, cause: undefined };
}

/**
 * Sends the release, as long as there is reason to. It says the same each time and undoes its own condition, so two that land are
 * like one. Where the last write has nothing that vouches for it, a reservation says no time.
 */
function sendRelease(draft: Draft, row: Releasing): void {
  const { rules, facts, term, effects } = draft;
  const { farewell, tries, unanswered, cause } = row;
  if (unanswered >= UNANSWERED_TRIES || tries >= UNANSWERED_TRIES + FOLLOWING_TRIES)
    return settle(draft, { kind: "unknown", cause });
  const { tick, kept } = farewell;
  const { name, row: rowName, holder, stable, timing, settings } = rules;
  const { writeId } = facts;
  // A shard's vouchers are its session's: whatever is known of service time. Nothing but a reservation rests on it.
  const vouchers = rules.throughSession ? facts.samples : term.vouchers;
  const now = steadyServiceTime(vouchers, facts.at, timing);
  const ttl = ttlOf(latest(now, rowName, term.record.token), kept?.ms ?? 0, settings.timing.retentionMs);
  const reserve = kept && { ...kept, now, timed: vouchers.length > 0 };
  const { token } = term.record;
  const revision = stable ? term.record.revision : undefined;
  const write = release({ name, row: rowName, holder, token }, { writeId, revision, ttl, tick, reserve });
  term.row = { ...row, writeId, tries: tries + 1 };
  effects.push({ do: "send", as: "release", write });
}

/**
 * The release was answered, or surely failed. A refusal by a record of this very term is another process's of the same stable
 * id, and then the term is its own, unless an unanswered renewal of this handle had made it.
 */
export function onReleased(draft: Draft, answered: Answered, row: Releasing): void {
  const { rules, term } = draft;
  const { token } = term.record;
  if (answered.kind === "written") return settle(draft, { kind: "released" });
  if (answered.kind === "refused") {
    const { current } = answered;
    if (!isOwnTerm(draft, current)) return settle(draft, refusedRelease(current, token));
    const own = rules.stable && term.unanswered.includes(current.writeId);
    if (!own) return settle(draft, { kind: "superseded", by: rules.holder, token });
    term.record = current;
    return sendRelease(draft, row);
  }
  const cause = answered.kind === "failed" ? answered.error : answered.cause;
  sendRelease(draft, { ...row, unanswered: row.unanswered + 1, cause });
}

/** The row is not this handle's concern any more. */
export function settle({ term, effects }: Draft, result: ReleaseResult): void {
  term.row = { is: "released", result };
  effects.push({ do: "settle", result });
}
