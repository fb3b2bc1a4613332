import type { Checker, History, TermLog, Violation } from "../history.ts";
import { digestOf, nameOf, tamperedSince } from "./claims.ts";

/**
 * Nobody else's term begins within `holdAtLeastMs` of a term's being handed out, however that ended: released, run
 * out, its process dead. Rows that somebody touched by hand are left out.
 *
 * The end of the hold is stamped by what the holder believes of service time, which for lack of better may be behind by
 * a request's time, δ, the drift since, and what a first write may be wrong by without being corrected.
 */
export const minimumHold: Checker = (history) => {
  const digest = digestOf(history);
  const violations: Violation[] = [];
  for (const begun of digest.terms) {
    const { term, claimedAt, toldAt } = begun;
    const { holdAtLeastMs } = term.tenure;
    if (holdAtLeastMs === 0) continue;
    const next = history.events.find(
      (event) =>
        event.kind === "executed" &&
        event.at > claimedAt &&
        event.write.beginsTerm &&
        event.after !== undefined &&
        event.write.name === term.lease &&
        event.after.holder !== term.holder,
    );
    if (next === undefined || next.at - toldAt >= holdAtLeastMs - slackMs(history, term)) continue;
    if (tamperedSince(digest, begun) <= next.at) continue;
    const message = `${nameOf(term)} was followed after ${Math.round(next.at - toldAt)} of ${holdAtLeastMs} ms`;
    violations.push({ by: "minimum-hold", at: next.at, message });
  }
  return violations;
};

function slackMs({ timing }: History, { tenure }: TermLog): number {
  const { serviceClockErrorMs: delta, requestTimeoutMs, clockDriftRatio, durationMs } = timing;
  const drifted = 2 * clockDriftRatio * (tenure.holdAtLeastMs + durationMs);
  return delta + Math.max(500, delta) + 2 * requestTimeoutMs + drifted;
}
