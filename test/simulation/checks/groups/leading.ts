import type { Checker, HistoryEvent, TermLog } from "../../history.ts";
import { recoveryBoundMs } from "../../../../lib/core/timing.ts";
import { addressOf } from "../../address.ts";
import { type Executed, isOwn, onSession, Replay, type RowSeen, termText } from "./replay.ts";
import { complaints } from "./sessions.ts";

/** What requests may take where nothing is slow, in ms, all together; and those who wait for one expiry spread over a second. */
export const REQUESTS_MS = 400;
export const SPREAD_MS = 1_000;
/** A free shard is left to whoever should claim it for so many looks. */
const PATIENCE = 4;
/** How long a shard is left to others by whoever gave it up, at most; and by whoever's work threw, in ms. */
const REST_MS = 4_000;
const LONGEST_REST_MS = 60_000;
/** What a late copy has taken is found with the look of the minute; a claim that nobody answered is settled before long. */
export const LATE_COPY_MS = 61_500;
const SETTLES_MS = 4_000;
const SETTLES_RETRIES = 8;

/**
 * I5 in a group. Once faults stop each shard is led within the bound for leases of the sessions' length, and a spread and two retries
 * more: one for the look that follows, one for the claims that others were faster with. And when a worker leaves gracefully, each of
 * its shards is led within a retry, and the time that its last requests take.
 */
export const groupRecovery: Checker = (history) => {
  const { events, timing } = history;
  const found = complaints("group-recovery");
  const start = events.findIndex(({ kind }) => kind === "faults-stopped");
  const stopped = events[start];
  if (stopped?.kind !== "faults-stopped") return found.all;
  const shards = shardsOf(events);
  const { longestMs, delayMs } = closedAt(history, start);
  // Who lives may have given a shard up a moment ago, and leaves it to others who do not know.
  const left = stopped.left.length === 0 ? 0 : PATIENCE * timing.retryIntervalMs + 4_000;
  const bound =
    recoveryBoundMs({ ...timing, durationMs: longestMs }) +
    delayMs +
    timing.retryIntervalMs +
    SPREAD_MS +
    REQUESTS_MS +
    left;
  const led = new Map<string, number>();
  for (const event of events.slice(start))
    if (event.kind === "began" || (event.kind === "asked" && event.held))
      if (!led.has(event.term.lease)) led.set(event.term.lease, event.at);
  for (const shard of shards) {
    const at = led.get(`${history.group?.name}/${shard}`);
    if (at !== undefined && at - stopped.at <= bound) continue;
    // What a late copy of a claim had taken is free from the look of the minute on: too late for others, where the history ends then.
    const freeMs = history.endedAt - lastFreed(events, `${history.group?.name}/${shard}`);
    if (at === undefined && freeMs <= PATIENCE * timing.retryIntervalMs + SPREAD_MS + REQUESTS_MS) continue;
    const when = at === undefined ? "never led" : `led after ${Math.round(at - stopped.at)} ms`;
    found.add(
      stopped.at + bound,
      `${shard} is ${when} once faults stopped, ${Math.round(bound)} ms are allowed`,
    );
  }
  leaves(history.events, start, (at, term, after) => {
    const next = after.find(
      (one) => one.kind === "began" && one.term.lease === term.lease && one.term.token > term.token,
    );
    // Others leave it to whom it was dealt to for so many looks, and do not know that this one rests from it.
    const looks = isRestedFrom(events, at, term) ? 1 + PATIENCE : 1;
    const retry = timing.retryIntervalMs * (1 + timing.clockDriftRatio);
    const atOnce = looks * retry + SPREAD_MS + REQUESTS_MS;
    // Another shard that becomes free before all have looked is dealt out anew with this one: to whoever had looked a moment before.
    const isDealtAnew = after.some((one) => one.at <= at + retry && freesAnother(one, term));
    const allowed = atOnce + (isDealtAnew ? retry : 0);
    if (next !== undefined && next.at - at <= allowed) return;
    if (next === undefined && history.endedAt - at <= allowed) return;
    found.add(at + allowed, `${termText(term)} left gracefully, and nobody followed within a retry`);
  });
  return found.all;
};

/**
 * Every term that a graceful leave ended after faults had stopped and all was at rest, when its shard was free, and what has happened from
 * then on. It is free with the close of its session, or with a release of its own, where other work took its time. Its worker learns
 * of that later, and others may have followed by then. Where no write freed it, what counts is when the worker had left.
 */
function leaves(
  events: readonly HistoryEvent[],
  start: number,
  each: (at: number, term: TermLog, after: readonly HistoryEvent[]) => void,
): void {
  const rest = events.findIndex((event, index) => index > start && event.kind === "at-rest");
  if (rest < 0) return;
  const led = latestOf(heldAt(events, rest));
  const told = new Map<string, number>();
  for (const [left, event] of events.entries()) {
    if (left < rest) continue;
    if (event.kind === "worker-leaving") told.set(event.process, left);
    if (event.kind !== "worker-left") continue;
    const since = told.get(event.process) ?? left;
    const leaving = events.slice(since, left);
    for (const term of led.values()) {
      if (term.process !== event.process) continue;
      const freed = leaving.findIndex((one) => frees(one, term));
      each((leaving[freed] ?? event).at, term, events.slice(since + Math.max(0, freed)));
    }
  }
}

/** Whether another process has given the shard up so short a time before that it does not claim it. */
function isRestedFrom(events: readonly HistoryEvent[], at: number, { lease, process }: TermLog): boolean {
  return events.some((event) => {
    if (event.kind !== "work-over" || event.term.lease !== lease || event.term.process === process)
      return false;
    const agoMs = at - event.at;
    return agoMs >= 0 && agoMs <= (event.how === "threw" ? LONGEST_REST_MS : REST_MS);
  });
}

/** Whether a term ended because its session had run out. */
function hasExpired(event: HistoryEvent, id: string, token: number): boolean {
  if (event.kind !== "ended" || event.end?.reason !== "expired") return false;
  return event.term.session?.id === id && event.term.session.token === token;
}

/** When the row of a shard was vacated last. */
function lastFreed(events: readonly HistoryEvent[], lease: string): number {
  return events.findLast((event) => vacates(event) && addressOf(event.write) === lease)?.at ?? -Infinity;
}

/** Whether a write vacates the row of a shard, or of a session. */
function vacates(event: HistoryEvent): event is Executed {
  if (event.kind !== "executed" || event.after === undefined) return false;
  return event.before?.holder !== undefined && event.after.holder === undefined;
}

/** Whether a write frees other shards than that of a term. */
function freesAnother(event: HistoryEvent, { lease }: TermLog): boolean {
  return vacates(event) && addressOf(event.write) !== lease;
}

/** Whether a write vacates the row of a term, or of its session. */
function frees(event: HistoryEvent, { lease, token, session }: TermLog): boolean {
  if (!vacates(event)) return false;
  if (addressOf(event.write) === lease) return event.before?.token === token;
  return onSession(event) && event.before?.holder === session?.id && event.before?.token === session?.token;
}

/** The terms that said at the instant of an event, or right before, that they are held. */
export function heldAt(events: readonly HistoryEvent[], index: number): TermLog[] {
  const held: TermLog[] = [];
  const at = events[index]?.at ?? 0;
  for (let before = index; before >= 0 && events[before]?.at === at; before -= 1) {
    const event = events[before];
    if (event?.kind === "asked" && event.held) held.push(event.term);
  }
  return held;
}

/** The last term of each lease: the holder of one before, whose row was vacated by force, may not have heard of it yet. */
export function latestOf(terms: readonly TermLog[]): ReadonlyMap<string, TermLog> {
  const latest = new Map<string, TermLog>();
  for (const term of terms)
    if (term.token >= (latest.get(term.lease)?.token ?? term.token)) latest.set(term.lease, term);
  return latest;
}

/** For how long rows may be closed when faults stop, in ms: as sessions and reservations say. */
function closedAt(
  { events, timing, group }: Parameters<Checker>[0],
  start: number,
): { readonly longestMs: number; readonly delayMs: number } {
  const replay = new Replay(group?.name ?? "");
  const longest = new Map<string, number>();
  let longestMs = timing.durationMs;
  for (const [index, event] of events.entries()) {
    replay.note(event);
    // What is released after that may be kept for somebody who does not come, and counts from then.
    if (event.kind !== "executed" || event.after === undefined) continue;
    const { holder, reservedFor, durationMs, row = "" } = event.after;
    const closes = holder !== undefined || reservedFor !== undefined;
    const since = Math.max(0, event.at - (events[start]?.at ?? 0));
    longest.set(row, closes && durationMs !== undefined ? durationMs + (index > start ? since : 0) : 0);
    if (index >= start) longestMs = Math.max(longestMs, longest.get(row) ?? 0);
    if (index === start) break;
  }
  for (const closedMs of longest.values()) longestMs = Math.max(longestMs, closedMs);
  return { longestMs, delayMs: 0 };
}

/** The shards that a history ends with. */
export function shardsOf(events: readonly HistoryEvent[]): readonly string[] {
  let shards: readonly string[] = [];
  for (const event of events) if (event.kind === "shards-are") shards = event.shards;
  return shards;
}

/**
 * At the end no row is held by a session that lasts without a handle that says so. What is younger than its own repair may take is
 * left alone: a late copy of a claim that was refused is found within a minute, an unanswered claim is settled within some retries.
 */
export const noOrphan: Checker = (history) => {
  const found = complaints("no-orphan");
  const { events, endedAt, timing } = history;
  const replay = new Replay(history.group?.name ?? "");
  const alive = new Set<string>();
  const refused = new Set<number>();
  let since = 0;
  for (const event of events) {
    replay.note(event);
    if (event.kind === "answered" && event.answer === "refused") refused.add(event.request);
    if (event.kind === "joined") alive.add(event.process);
    if (event.kind === "crashed" || event.kind === "worker-leaving") alive.delete(event.process);
    if (event.kind === "faults-stopped") since = event.at;
  }
  const held = heldAt(events, events.length - 1);
  for (const [address, seen] of replay.shards()) {
    const { holder = "", sessionToken: token = 0 } = seen.record;
    if (![...alive].some((process) => isOwn(process, holder)) || !replay.lasts({ id: holder, token }))
      continue;
    if (held.some(({ lease, token: of }) => lease === address && of === seen.record.token)) continue;
    // A session that ran out for its holder is left to run out in the table, too, where it promised a lock-delay.
    if (events.some((event) => hasExpired(event, holder, token))) continue;
    const repairMs = isLateCopy(seen) ? LATE_COPY_MS : SETTLES_MS + SETTLES_RETRIES * timing.retryIntervalMs;
    if (endedAt - Math.max(since, seen.at) < repairMs) continue;
    found.add(endedAt, `${address} is held for ${holder}, which does not know`);
  }
  return found.all;

  function isLateCopy({ by }: RowSeen): boolean {
    return by === undefined || by.copy || refused.has(by.request);
  }
};
