import { recoveryBoundMs } from "../../../lib/core/timing.ts";
import type { LeaseRecord } from "../../../lib/core/record.ts";
import type { Checker, History, HistoryEvent, Violation } from "../history.ts";

/** What rows round to. */
const STAMP_HAIR_MS = 1;

/** What a leader's requests may take once faults have stopped, in ms, all together. */
const REQUESTS_MS = 300;

/**
 * I5: once faults stop, a live candidate leads within the documented bound (`recoveryBoundMs`), and after a graceful
 * release another within one retry. In place of the duration stands whatever the row says that it is closed for: a
 * reservation, a lock-delay. And no holder's write says that its term ends later than the bound counts with: a clock that
 * has stepped within the term decides nothing.
 */
export const recovery: Checker = (history) => {
  const { events, timing } = history;
  const stopped = events.findIndex(({ kind }) => kind === "faults-stopped");
  if (stopped < 0) return [];
  const since = (events[stopped] as HistoryEvent).at;
  const violations: Violation[] = [];
  const first = events.slice(stopped).find((event) => event.kind === "began" || isLeading(event));
  const bound = Math.ceil(allowedMs(history, since) + REQUESTS_MS);
  if (first === undefined || first.at - since > bound) {
    const when =
      first === undefined ? "nobody led" : `the first led after ${Math.round(first.at - since)} ms`;
    const at = Math.min(since + bound, history.endedAt);
    violations.push(found(at, `faults stopped at ${Math.round(since)}; ${when}, ${bound} ms allowed`));
  }
  const handedOver = events.some(
    (event) => event.kind === "handover" && event.term.process.startsWith("newcomer"),
  );
  const released = events.find(
    (event) =>
      event.kind === "release-asked" &&
      event.at > since &&
      event.term.process.startsWith("newcomer") &&
      event.term.tenure.holdAtLeastMs === 0 &&
      !handedOver,
  );
  const allowed = timing.retryIntervalMs + REQUESTS_MS;
  if (released !== undefined && history.endedAt > released.at + allowed) {
    const heir = events.find((event) => event.kind === "began" && event.at > released.at);
    if (heir === undefined || heir.at - released.at > allowed) {
      violations.push(found(released.at + allowed, "nobody followed a graceful release within one retry"));
    }
  }
  return [...violations, ...lateStamps(history)];
};

/** Renewals and reservations whose `expiresAt` is further ahead of service time than what a header leaves open. */
function lateStamps({ events, timing, epochMs }: History): Violation[] {
  return events.flatMap((event) => {
    if (event.kind !== "executed" || event.after === undefined || event.copy) return [];
    const { write, after, at } = event;
    const { expiresAt } = write.set;
    if (expiresAt === undefined || !["renew", "release"].includes(write.kind)) return [];
    const lateMs = expiresAt - (epochMs + at) - after.durationMs;
    const { serviceClockErrorMs, clockDriftRatio: drift } = timing;
    // What vouches for it is as old as the term's last write: a whole length at most, of whatever length.
    const drifted = (2 * drift * Math.max(3 * timing.durationMs, after.durationMs)) / (1 - drift ** 2);
    if (lateMs <= 1_000 + 2 * serviceClockErrorMs + drifted + STAMP_HAIR_MS) return [];
    return [found(at, `a ${write.kind} of token ${after.token} ends ${Math.round(lateMs)} ms too late`)];
  });
}

function isLeading(event: HistoryEvent): boolean {
  return event.kind === "asked" && event.held;
}

/** Within what time of the end of faults somebody has to lead, in ms, by what the table says until then. */
function allowedMs(history: History, since: number): number {
  let row: LeaseRecord | undefined;
  let lastAt = since;
  let allowed = recoveryBoundMs(history.timing);
  for (const event of history.events) {
    if (event.at >= since && row !== undefined) {
      const closedMs = Math.max(history.timing.durationMs, row.durationMs);
      allowed = Math.max(
        allowed,
        lastAt - since + recoveryBoundMs({ ...history.timing, durationMs: closedMs }),
      );
    }
    if (event.kind === "began" && event.at > since) break;
    if (event.kind === "row") row = event.after;
    // Whoever lives may yet release what it led, and keep it for somebody.
    if (event.kind === "executed" && event.after !== undefined)
      [row, lastAt] = [event.after, Math.max(since, event.at)];
  }
  return allowed;
}

function found(at: number, message: string): Violation {
  return { by: "I5-recovery", at, message };
}
