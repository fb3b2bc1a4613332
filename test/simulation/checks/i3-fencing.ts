import type { Checker, Violation } from "../history.ts";
import { type Begun, begunOf, digestOf, nameOf, tamperedBetween } from "./claims.ts";
import { excused, undatedProcesses } from "./i1-tokens-rise.ts";

/**
 * I3: storage that checks the token accepts no write of an older term after one of a newer, nor ever refuses
 * the newest term for the sake of an older. It knows no time, so no clock excuses anything.
 *
 * Excluded, as in I1, are two terms whose tokens lost their order with a row that an operator took away. And
 * storage that checks the lease's row itself believes what that row says: a restored copy speaks for the old
 * term that it shows, and a row that was deleted no longer refuses a late copy of an old claim. So for that
 * check alone, terms across a deletion or restore by hand are left out.
 */
export const fencing: Checker = (history) => {
  const digest = digestOf(history);
  const violations: Violation[] = [];
  const undated = undatedProcesses(history);
  const newest = new Map<string, Begun>();
  for (const event of history.events) {
    if (event.kind !== "fenced") continue;
    const begun = begunOf(digest, event.term);
    const key = `${event.by} ${event.term.lease}`;
    const best = newest.get(key);
    if (event.accepted) {
      const stale = best !== undefined && isOlder(begun, best);
      if (stale && !lost(begun, best, event.by)) {
        const message = `${event.by}: a write of ${nameOf(begun.term)} was accepted after one of ${nameOf(best.term)}`;
        violations.push({ by: "I3-fencing", at: event.at, message });
      }
      if (best === undefined || isOlder(best, begun)) newest.set(key, begun);
    } else if (event.by === "high-water-mark") {
      const ahead = digest.terms.find((older) => outranks(older, begun));
      if (ahead === undefined) continue;
      const message = `${nameOf(begun.term)} was refused for the sake of its predecessor ${nameOf(ahead.term)}`;
      violations.push({ by: "I3-fencing", at: event.at, message });
    }
  }
  return violations;

  /** Whether an older term has the higher token, and no operator is to blame. */
  function outranks(older: Begun, newer: Begun): boolean {
    if (older.term.lease !== newer.term.lease || older.term.token <= newer.term.token) return false;
    return isOlder(older, newer) && !excused(history, digest, older, newer, undated);
  }

  function lost(older: Begun, newer: Begun, by: "high-water-mark" | "row-check"): boolean {
    if (by === "high-water-mark") return excused(history, digest, older, newer, undated);
    return tamperedBetween(digest, older.claimedAt, history.endedAt, ["operator-delete", "operator-restore"]);
  }
};

function isOlder(a: Begun, b: Begun): boolean {
  return a.claimedAt < b.claimedAt;
}
