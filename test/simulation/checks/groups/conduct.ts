import { OPERATOR_PRIORITY } from "../../../../lib/core/auxiliary-writes.ts";
import { AUXILIARY } from "../../../../lib/core/names.ts";
import { addressOf } from "../../address.ts";
import type { Checker, HistoryEvent, TermLog } from "../../history.ts";
import { onShard, Replay } from "./replay.ts";
import { complaints } from "./sessions.ts";

/** Whoever has given a shard up leaves it to others for this long at least. */
const TURN_MS = 2_000;
/** Work that throws again and again doubles that each time, up to this. */
const MOST_BACKOFF_MS = 30_000;
/** Timers and clocks are this exact. */
const HAIR_MS = 10;

/**
 * A worker that has given a shard up neither claims it nor asks for it for a while, and for twice as long after each time in a row that
 * its work threw.
 */
export const backOff: Checker = ({ events, timing }) => {
  const found = complaints("back-off");
  const rests = new Map<
    string,
    { readonly at: number; readonly failures: number; readonly restMs: number }
  >();
  const workers = new Set<string>();
  for (const event of events) {
    if (event.kind === "worker-joined") {
      workers.add(event.process);
      // Another run of a worker knows nothing of the last.
      for (const key of rests.keys()) if (key.startsWith(`${event.process} `)) rests.delete(key);
    }
    if (event.kind === "work-over" && workers.has(event.term.process)) {
      const { process, lease } = event.term;
      const before = rests.get(`${process} ${lease}`)?.failures ?? 0;
      // Work that throws in a process that has stalled may have been told to stop by then: that is no failure of its own.
      const counts = (event.lagMs ?? 0) === 0 ? 1 : 0;
      const failures = event.how === "threw" ? before + counts : 0;
      const restMs = Math.min(MOST_BACKOFF_MS, TURN_MS * 2 ** Math.max(0, failures - 1));
      rests.set(`${process} ${lease}`, { at: trueTimeOf(event), failures, restMs });
    }
    if (event.kind !== "sent" || event.write === undefined) continue;
    const { write, process } = event;
    const at = trueTimeOf(event);
    if (!write.beginsTerm && write.kind !== "request") continue;
    const rest = rests.get(`${process} ${addressOf(write)}`);
    if (rest === undefined || at - rest.at >= rest.restMs / (1 + timing.clockDriftRatio) - HAIR_MS) continue;
    const what = `sends a ${write.kind} of ${addressOf(write)} ${Math.round(at - rest.at)} ms after it gave it up`;
    found.add(at, `${process} ${what}, and it is to rest for ${rest.restMs} ms`);
  }
  return found.all;
};

/**
 * When a process did something. Within one event of the world it may have stalled before, and so have run ahead of the world: it read its
 * clocks after the stall, and what it sends sets out after the stall.
 */
const trueTimeOf = ({ at, lagMs = 0 }: { readonly at: number; readonly lagMs?: number }): number =>
  at + lagMs;

/** How long a change in a calm world may take to be acted upon, in retries and in ms. */
const SEEN_RETRIES = 8;
const SEEN_MS = 6_000;

/**
 * In a calm world no shard goes from worker to worker without a cause: somebody came, or left. And whoever comes alone is given its
 * share, and no shard goes to anybody else. A process that is no worker takes shards and gives them up as it likes.
 */
export const moves: Checker = ({ events, calm, timing, group }) => {
  const found = complaints("moves");
  if (!calm) return found.all;
  const withinMs = SEEN_RETRIES * timing.retryIntervalMs + SEEN_MS;
  const changes = events.filter(({ kind }) => kind.startsWith("worker-") || kind === "crashed");
  const workers = new Set(events.flatMap((one) => (one.kind === "worker-joined" ? [one.process] : [])));
  const last = new Map<string, TermLog>();
  const moved: { readonly at: number; readonly to: string }[] = [];
  for (const event of events) {
    if (event.kind !== "began") continue;
    const { lease, process } = event.term;
    const before = last.get(lease);
    last.set(lease, event.term);
    if (before === undefined || before.holder === event.term.holder) continue;
    if (!workers.has(before.process) || !workers.has(process)) continue;
    moved.push({ at: event.at, to: process });
    if (changes.some(({ at }) => at <= event.at && event.at - at <= withinMs)) continue;
    found.add(event.at, `${lease} goes from ${before.process} to ${process}, and nobody came or went`);
  }
  for (const [nth, join] of changes.entries()) {
    if (join.kind !== "worker-joined" || join.at === 0) continue;
    const until = join.at + withinMs;
    const alone = changes.every(({ at }, other) => other === nth || at < join.at - withinMs || at > until);
    const there = membersBefore(events, join);
    if (!alone || there === 0) continue;
    const share = Math.ceil((group?.shards.length ?? 0) / (there + 1));
    const then = moved.filter(({ at }) => at >= join.at && at <= until);
    const astray = then.filter(({ to }) => to !== join.process);
    if (then.length > share)
      found.add(join.at, `${join.process} joins, and ${then.length} shards move, not ${share}`);
    if (astray.length > 0)
      found.add(join.at, `${join.process} joins, and ${astray.length} shards go to others`);
  }
  return found.all;
};

function membersBefore(events: readonly HistoryEvent[], join: HistoryEvent): number {
  const there = new Set<string>();
  for (const event of events) {
    if (event === join) break;
    if (event.kind === "worker-joined") there.add(event.process);
    if (event.kind === "worker-left" || event.kind === "crashed") there.delete(event.process);
  }
  return there.size;
}

/** At no instant more permits are held than anybody thought that there are. */
export const permits: Checker = ({ events, group }) => {
  const found = complaints("permits");
  const most = group?.permits;
  if (most === undefined) return found.all;
  let at = -1;
  let held = new Set<string>();
  let processes = new Map<string, string>();
  for (const event of events) {
    if (event.at > at) [at, held, processes] = [event.at, new Set(), new Map()];
    if (event.kind === "crashed")
      for (const [key, process] of processes) if (process === event.process) held.delete(key);
    if (event.kind !== "asked") continue;
    const key = `${event.term.lease} ${event.term.token}`;
    processes.set(key, event.term.process);
    if (!event.held) held.delete(key);
    else held.add(key);
    if (event.held && held.size > most) found.add(at, `${held.size} permits are held, and there are ${most}`);
  }
  return found.all;
};

/** A holder reads its shards at least once a minute, and at once when a bell has rung: with the answer to its next renewal. */
const MINUTE_MS = 60_000;
const REQUESTS_MS = 1_500;
/** The faults that delay nobody. */
const QUIET: ReadonlySet<string> = new Set(["lost-bell", "operator-release", "reordered", "shards-changed"]);

/**
 * Where messages are not delayed, a holder that was asked by an operator hands over, and one whose row was vacated stops: with its next
 * renewal where a bell has rung, within a minute where the bell was lost.
 */
export const bells: Checker = (history) => {
  const found = complaints("bells");
  const { events, timing, faults, endedAt } = history;
  if (![...faults.keys()].every((kind) => QUIET.has(kind))) return found.all;
  const replay = new Replay(history.group?.name ?? "");
  const asks: {
    readonly term: string;
    readonly at: number;
    by: number;
    readonly session: string;
    readonly what: string;
  }[] = [];
  const answered = new Map<string, number>();
  for (const event of events) {
    replay.note(event);
    if (event.kind === "handover" || (event.kind === "asked" && !event.held) || event.kind === "ended") {
      const key = `${event.term.lease} ${event.term.token}`;
      const done = event.kind !== "ended" || event.end !== undefined;
      if (done && !answered.has(key)) answered.set(key, event.at);
    }
    if (event.kind !== "executed" || event.after === undefined) continue;
    const { write, before, at } = event;
    const session = `${before?.holder} ${before?.sessionToken}`;
    const isAsk = write.kind === "request" && (write.set.requestedPriority ?? 0) >= OPERATOR_PRIORITY;
    if (onShard(event) && (isAsk || write.kind === "revoke") && before?.holder !== undefined) {
      const what = `${addressOf(write)} of ${before.holder} (token ${before.token}), a ${write.kind},`;
      asks.push({
        term: `${addressOf(write)} ${before.token}`,
        at,
        by: at + MINUTE_MS + REQUESTS_MS,
        session,
        what,
      });
    }
    if (write.kind !== "ring" || event.copy) continue;
    const heardBy = at + timing.renewIntervalMs * (1 + timing.clockDriftRatio) + REQUESTS_MS;
    for (const ask of asks)
      if (ask.session === `${write.expects.holder} ${write.expects.token}`)
        ask.by = Math.min(ask.by, Math.max(heardBy, ask.at));
  }
  for (const { term, by, what, session } of asks) {
    const [id = "", token = ""] = session.split(" ");
    const gone = !events.some(
      (event) => event.kind === "began" && `${event.term.lease} ${event.term.token}` === term,
    );
    if (by > endedAt || gone || (answered.get(term) ?? Number.POSITIVE_INFINITY) <= by) continue;
    const died = events.find((event) => event.kind === "crashed" && id.includes(`/${event.process}.`));
    if (died !== undefined && died.at <= by) continue;
    found.add(by, `${what} is not heard of through the session of token ${token}`);
  }
  return found.all;
};

/**
 * What groups cost. A session: one renewal in an interval, whatever it holds, and none of a shard. A look: one query of the sessions in a
 * retry; all rows are read oftener only when there is a reason. And where nothing goes wrong: one claim opens a worker's session, and one
 * write frees all that it leads when it leaves.
 */
export const groupBudget: Checker = ({ events, calm, timing }) => {
  const found = complaints("group-budget");
  const renewed = new Map<string, number>();
  const workers = new Set<string>();
  const leaving = new Map<string, Map<string, number>>();
  const opened = new Map<string, number>();
  const looks = new Map<string, number[]>();
  const drift = 1 + timing.clockDriftRatio;
  for (const event of events) {
    if (event.kind === "worker-joined") workers.add(event.process);
    if (event.kind === "worker-leaving") leaving.set(event.process, new Map());
    if (event.kind !== "sent") continue;
    const { at, process, write, of } = event;
    if (event.listing && of === AUXILIARY.session) {
      const last = looks.get(process) ?? [];
      looks.set(process, [...last.filter((one) => at - one < 10 * timing.retryIntervalMs), at]);
    }
    if (write === undefined) continue;
    const isSession = write.row?.startsWith(AUXILIARY.session) ?? false;
    if (write.kind === "renew" && !isSession) found.add(at, `${process} renews ${addressOf(write)}`);
    if (!calm) continue;
    if (write.kind === "renew") {
      const gap = at - (renewed.get(addressOf(write)) ?? -Infinity);
      renewed.set(addressOf(write), at);
      if (gap < timing.renewIntervalMs / drift - HAIR_MS)
        found.add(at, `${process} renews its session after ${Math.round(gap)} ms`);
    }
    if (write.kind === "claim" && isSession && workers.has(process)) {
      const count = (opened.get(addressOf(write)) ?? 0) + 1;
      opened.set(addressOf(write), count);
      if (count > 1) found.add(at, `${process} opens its session ${count} times`);
    }
    const count = leaving.get(process);
    // What is kept for somebody else has that to say.
    if (count === undefined || write.kind !== "release" || write.set.reservedFor !== undefined) continue;
    count.set(addressOf(write), (count.get(addressOf(write)) ?? 0) + 1);
    if (!isSession) found.add(at, `${process} leaves, and releases ${addressOf(write)} by itself`);
    else if ((count.get(addressOf(write)) ?? 0) > 1) found.add(at, `${process} closes its session twice`);
  }
  for (const [process, times] of looks) {
    const most = 10 * drift + 10;
    if (calm && times.length > most)
      found.add(times.at(-1) ?? 0, `${process} looks ${times.length} times within 10 retries`);
  }
  return found.all;
};
