import type { LeaseRecord } from "../../../lib/core/record.ts";
import type { Checker, History, HistoryEvent, Violation } from "../history.ts";
import { estimateErrorMs } from "./i1-tokens-rise.ts";

/** Those who wait for one expiry spread over this long at most, and wait for a tenth of it at least, in ms. */
const SPREAD_MS = 1_000;
const LEAST_SPREAD = 0.1;

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
  /** When its campaign ends with a last look. */
  readonly until: number;
  /** Whether the next wait may be of any length: the first, and the one after a wake-up. */
  jitters: boolean;
  last: Look | undefined;
}

/**
 * Who stands by reads once per retry interval at most, after a first wait that is a random part of it, and when the lease
 * can be free by what it read last. By a wrong clock that can be at any time; then nobody reads in a hot loop.
 */
export const standbyReads: Checker = (history) => {
  const violations: Violation[] = [];
  const waits = new Map<number, Waiting>();
  const reads = new Map<number, Look>();
  const rows = new Map<string, { readonly row: LeaseRecord | undefined; readonly since: number }>();
  for (const event of history.events) {
    if (event.kind === "executed" && event.after !== undefined)
      change(event.write.name, event.after, event.at);
    if (event.kind === "row") change(event.lease, event.after, event.at);
    if (event.kind === "stands") {
      const { process, at, timeoutMs } = event;
      const until = at + timeoutMs * (1 - history.timing.clockDriftRatio) - 1;
      waits.set(event.operation, { process, until, jitters: true, last: undefined });
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
    if (event.kind === "sent" && !event.listing) onSent(event);
  }
  return violations;

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

  function onSent({ at, operation, write, request, process }: Extract<HistoryEvent, { kind: "sent" }>): void {
    const waiting = waits.get(operation);
    if (waiting === undefined) return;
    const { last, jitters } = waiting;
    if (write !== undefined) {
      // A claim that finds no row may be followed by a look in the same try.
      // After a take-over that nobody answered, the next look comes with the beat.
      if (["claim", "take-over", "resume"].includes(write.kind)) {
        Object.assign(waiting, { jitters: true, last: undefined });
      }
      return;
    }
    const look: Look = { at, found: [...rows.values()][0], answered: false };
    reads.set(request, look);
    const least = last === undefined ? 0 : leastWaitMs(history, last, waiting);
    if (last !== undefined && at - last.at < least && at < waiting.until) {
      const message = `${process} reads again after ${Math.round(at - last.at)} ms, and ${Math.round(least)} would do`;
      violations.push({ by: "standby-reads", at, message });
    }
    waiting.jitters = last === undefined && jitters;
    waiting.last = look;
  }
};

/** How long after a look the next has nothing to find, in ms. */
function leastWaitMs(history: History, { found, at, answered }: Look, waiting: Waiting): number {
  const { retryIntervalMs, clockDriftRatio, graceMs } = history.timing;
  if (waiting.jitters) return 0;
  const beat = retryIntervalMs * (1 - clockDriftRatio) - 1;
  const spread = LEAST_SPREAD * Math.min(retryIntervalMs, SPREAD_MS) * (1 - clockDriftRatio) - 1;
  const row = found?.row;
  if (!answered || row === undefined) return answered ? spread : beat;
  if (row.holder === undefined && row.reservedFor === undefined) return spread;
  const misled = (["wall-error", "wall-step", "no-date"] as const).some((kind) => history.faults.has(kind));
  const { durationMs, expiresAt = Number.POSITIVE_INFINITY } = row;
  const watched = (found?.since ?? 0) + durationMs / (1 + clockDriftRatio);
  const stamped = expiresAt + graceMs - history.epochMs - estimateErrorMs(history) - 1_000;
  const free = misled ? 0 : Math.max(0, Math.min(watched, stamped) - at - 1);
  return Math.min(beat, free + spread);
}
