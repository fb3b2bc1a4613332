import type { Checker, TermLog, Violation } from "../history.ts";
import { begunOf, digestOf, nameOf, tamperedSince } from "./claims.ts";

/**
 * I2: at no instant do two handles say that they are held. The world asks all of them whenever two might:
 * after everything that happens to a process, and first of all when a process thaws. A validity never grows
 * but by an answer, and an answer is something that happens, so two validities that overlap at all overlap
 * at an instant at which both are asked.
 *
 * Excluded is a pair of which one began before an operator deleted, vacated or overwrote the row by hand:
 * nothing could tell its holder. Two that both began later, or with TTL alone in between, are no exception.
 */
export const oneLeader: Checker = (history) => {
  const digest = digestOf(history);
  const violations: Violation[] = [];
  let at = -1;
  let held: TermLog[] = [];
  for (const event of history.events) {
    if (event.at > at) {
      at = event.at;
      held = [];
    }
    const term = event.kind === "asked" && event.held ? event.term : undefined;
    if (event.kind === "asked" && !event.held) held = held.filter(({ id }) => id !== event.term.id);
    if (event.kind === "crashed") held = held.filter(({ process }) => process !== event.process);
    if (term === undefined || held.some(({ id }) => id === term.id)) continue;
    for (const other of held) {
      if (other.lease !== term.lease) continue;
      const free = [term, other].every((one) => tamperedSince(digest, begunOf(digest, one)) > at);
      if (!free) continue;
      const message = `both lead: ${nameOf(other)} and ${nameOf(term)}`;
      violations.push({ by: "I2-one-leader", at, message });
    }
    held.push(term);
  }
  return violations;
};
