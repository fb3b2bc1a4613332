import type { LeaseRecord } from "../../../lib/core/record.ts";
import type { Checker, History, HistoryEvent, Violation } from "../history.ts";

/** What a leader's requests may take once faults have stopped, in ms, all together. */
const REQUESTS_MS = 300;

/**
 * I5: once faults stop, a live candidate leads before long, and after a graceful release another within one
 * retry.
 *
 * How long is the sooner of two. By the service's clock: `durationMs + G + 1 s + one retry`, and as much
 * longer as the dead leader's stamp was ahead of service time: a first write is only corrected when it is more
 * than G ahead of the latest that service time can be, which itself is 1 s + 2δ wide and widens with drift
 * until the next answer; and the front end that answers may be δ behind. By watching: the duration, stretched for drift on both sides, between two looks.
 * In place of the duration stands whatever the row says that it is closed for: a reservation, a lock-delay.
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
  return violations;
};

function isLeading(event: HistoryEvent): boolean {
  return event.kind === "asked" && event.held;
}

/** Within what time of the end of faults somebody has to lead, in ms, by what the table says until then. */
function allowedMs(history: History, since: number): number {
  let row: LeaseRecord | undefined;
  let lastAt = since;
  let allowed = recoversWithinMs(history, history.timing.durationMs);
  for (const event of history.events) {
    if (event.at >= since && row !== undefined) {
      const closedMs = Math.max(history.timing.durationMs, row.durationMs + (row.reclaimDelayMs ?? 0));
      allowed = Math.max(allowed, lastAt - since + recoversWithinMs(history, closedMs));
    }
    if (event.kind === "began" && event.at > since) break;
    if (event.kind === "row") row = event.after;
    // Whoever lives may yet release what it led, and keep it for somebody.
    if (event.kind === "executed" && event.after !== undefined)
      [row, lastAt] = [event.after, Math.max(since, event.at)];
  }
  return allowed;
}

/** How long a lease can stay without a leader at most once faults have stopped, in ms. */
function recoversWithinMs({ timing }: History, closedMs: number): number {
  const { graceMs, retryIntervalMs, serviceClockErrorMs: delta, clockDriftRatio: drift } = timing;
  const stampedAhead = graceMs + 1_000 + 2 * delta + (2 * drift * closedMs) / (1 - drift);
  const byClock = closedMs + stampedAhead + graceMs + 1_000 + delta + retryIntervalMs;
  const byWatching = (closedMs * (1 + drift)) / (1 - drift) ** 2 + 2 * retryIntervalMs * (1 + drift);
  return Math.min(byClock, byWatching);
}

function found(at: number, message: string): Violation {
  return { by: "I5-recovery", at, message };
}
