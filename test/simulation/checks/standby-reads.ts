import type { LeaseRecord } from "../../../lib/core/record.ts";
import type { Checker, History, HistoryEvent, Violation } from "../history.ts";
import { estimateErrorMs } from "./i1-tokens-rise.ts";

/** What marks the message about a candidate that waits to be notified. */
const PUSHED = " (to be notified)";

/** One strong read of somebody who stands by. */
interface Look {
  readonly at: number;
  /** The row as it stood while the read was under way, and since when; `undefined` where it changed meanwhile. */
  found: { readonly row: LeaseRecord | undefined; readonly since: number } | undefined;
  answered: boolean;
}

/** The reads of one operation since something else happened to it. */
interface Waiting {
  readonly process: string;
  readonly push: boolean;
  /** When its campaign ends with a last look. */
  readonly until: number;
  /** Whether the next wait may be of any length: the first, and the one after a wake-up. */
  jitters: boolean;
  last: Look | undefined;
}

/**
 * Who stands by reads once per retry interval at most, after a first wait that is a random part of it; and one that
 * waits to be notified reads not at all before the lease can be free by what it read last.
 */
export const standbyReads: Checker = (history) => {
  const violations: Violation[] = [];
  const waits = new Map<number, Waiting>();
  const reads = new Map<number, Look>();
  /** The term that a process asked for last. */
  const asked = new Map<string, number>();
  const rows = new Map<string, { readonly row: LeaseRecord | undefined; readonly since: number }>();
  for (const event of history.events) {
    if (event.kind === "executed" && event.after !== undefined)
      change(event.write.name, event.after, event.at);
    if (event.kind === "row") change(event.lease, event.after, event.at);
    if (event.kind === "stands") {
      const { process, push, at, timeoutMs } = event;
      const until = at + timeoutMs * (1 - history.timing.clockDriftRatio) - 1;
      waits.set(event.operation, { process, push, until, jitters: true, last: undefined });
    }
    if (event.kind === "operation-ended") waits.delete(event.operation);
    if (event.kind === "notified") wake(event.process);
    if (event.kind === "elected") {
      const waiting = waits.get(event.operation);
      if (waiting !== undefined) Object.assign(waiting, { jitters: true, last: undefined });
    }
    if (event.kind === "answered") {
      const look = reads.get(event.request);
      if (look !== undefined) look.answered = event.answer === "read";
    }
    if (event.kind === "sent" && !event.listing) heed(event);
  }
  // By a wrong clock the lease can be free at any time.
  const misled = (["wall-error", "wall-step", "no-date"] as const).some((kind) => history.faults.has(kind));
  return violations.filter(({ message }) => !misled || !message.includes(PUSHED));

  function change(name: string, row: LeaseRecord | undefined, since: number): void {
    const found = rows.get(name);
    const same = found?.row?.writeId === row?.writeId && found?.row?.revision === row?.revision;
    rows.set(name, { row, since: same ? (found?.since ?? since) : since });
    if (!same)
      for (const { last } of waits.values()) if (last !== undefined && !last.answered) last.found = undefined;
  }

  function wake(process: string): void {
    for (const waiting of waits.values()) {
      if (waiting.process === process) Object.assign(waiting, { jitters: true, last: undefined });
    }
  }

  function heed({ at, operation, write, request, process }: Extract<HistoryEvent, { kind: "sent" }>): void {
    const waiting = waits.get(operation);
    if (waiting === undefined) return;
    const { last, jitters } = waiting;
    if (write !== undefined) {
      // A claim that finds no row may be followed by a look in the same try.
      if (write.kind === "ask") asked.set(process, write.expects.token ?? 0);
      // After a take-over that nobody answered, the next look comes with the beat.
      if (["claim", "take-over", "resume"].includes(write.kind)) {
        Object.assign(waiting, { jitters: true, last: undefined });
      }
      return;
    }
    const look: Look = { at, found: [...rows.values()][0], answered: false };
    reads.set(request, look);
    const least = last === undefined ? 0 : leastWaitMs(history, last, waiting, asked.get(process));
    if (last !== undefined && at - last.at < least && at < waiting.until) {
      const message = `${process}${waiting.push ? PUSHED : ""} reads again after ${Math.round(at - last.at)} ms, and ${Math.round(least)} would do`;
      violations.push({ by: "standby-reads", at, message });
    }
    waiting.jitters = last === undefined && jitters;
    waiting.last = look;
  }
};

/** How long after a look the next has nothing to find, in ms. */
function leastWaitMs(
  history: History,
  { found, at, answered }: Look,
  waiting: Waiting,
  asked: number | undefined,
): number {
  const { retryIntervalMs, clockDriftRatio, graceMs } = history.timing;
  // Who has asked the leader to hand over polls for the answer.
  const push = waiting.push && found?.row?.token !== asked;
  const beat = waiting.jitters ? 0 : retryIntervalMs * (1 - clockDriftRatio) - 1;
  const row = found?.row;
  const closed = row?.holder !== undefined || row?.reservedFor !== undefined;
  if (!push || !answered || row === undefined || !closed) return push ? 0 : beat;
  const { durationMs, reclaimDelayMs = 0, expiresAt = Number.POSITIVE_INFINITY } = row;
  const watched = (found?.since ?? 0) + (durationMs + reclaimDelayMs) / (1 + clockDriftRatio);
  const stamped = expiresAt + graceMs + reclaimDelayMs - history.epochMs - estimateErrorMs(history) - 1_000;
  return Math.min(watched, stamped) - at - 1;
}
