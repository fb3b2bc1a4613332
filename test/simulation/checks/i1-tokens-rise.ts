import type { Checker, History, TermLog, Violation } from "../history.ts";
import { type Begun, type Digest, digestOf, nameOf, tamperedBetween } from "./claims.ts";

/**
 * I1: tokens of the terms that were handed out strictly rise, in the order in which the table saw the terms
 * begin: across release, expiry, take-over and a deletion by TTL. A token is handed out twice only where a process
 * goes on with the term that an earlier one of the same, declared-stable id left.
 *
 * Across a row that an *operator* deleted or overwrote, only a clock can carry the order on, and one thing is
 * excluded: an earlier token that lay ahead of what the later candidate could know of service time. That is
 * one that was given out just before (see {@link estimateErrorMs}), one that a wrong clock had pushed ahead,
 * or a later candidate whose responses carry no `Date`, which knows of no clock but its own.
 */
export const tokensRise: Checker = (history) => {
  const digest = digestOf(history);
  const violations: Violation[] = [];
  const undated = undatedProcesses(history);
  for (const [index, later] of digest.terms.entries()) {
    for (let before = index - 1; before >= 0; before -= 1) {
      const earlier = digest.terms[before] as Begun;
      if (earlier.term.lease !== later.term.lease || later.term.token > earlier.term.token) continue;
      if (goesOn(earlier.term, later.term)) continue;
      if (excused(history, digest, earlier, later, undated)) continue;
      const message = `${nameOf(later.term)} began after ${nameOf(earlier.term)}`;
      violations.push({ by: "I1-tokens-rise", at: later.toldAt, message });
      break;
    }
  }
  return violations;
};

/** Whether a term is another's continuation, by a process with the same declared-stable id: the one repeated token. */
export function goesOn(earlier: TermLog, later: TermLog): boolean {
  const stable = earlier.tenure.stable && later.tenure.stable;
  return stable && earlier.holder === later.holder && earlier.token === later.token;
}

/** Whether the order of two terms' tokens was lost with a row that an operator deleted or overwrote. */
export function excused(
  history: History,
  digest: Digest,
  earlier: Begun,
  later: Begun,
  undated: ReadonlySet<string>,
): boolean {
  const { claimedAt } = later;
  if (!tamperedBetween(digest, earlier.claimedAt, claimedAt, ["operator-delete", "operator-restore"]))
    return false;
  const knowable = history.epochMs + claimedAt - estimateErrorMs(history);
  return earlier.term.token > knowable || undated.has(later.term.process);
}

/** How far behind service time a candidate's estimate of it can be: the header, δ, and one slow request. */
export function estimateErrorMs({ timing }: History): number {
  return 1_000 + 3 * timing.serviceClockErrorMs + timing.requestTimeoutMs;
}

/** The processes that at some time got an answer without a `Date`, or no answer at all. */
export function undatedProcesses({ events }: History): ReadonlySet<string> {
  const undated = new Set<string>();
  for (const event of events) {
    if (event.kind === "answered" && !event.dated && event.answer !== "unknown") undated.add(event.process);
  }
  return undated;
}
