import type { Checker, HistoryEvent, Violation } from "../history.ts";
import { begunOf, type Digest, digestOf, isRepeated, nameOf, stateKey, tamperedSince } from "./claims.ts";

type Ended = Extract<HistoryEvent, { kind: "ended" }>;

/**
 * I6: a handle that ended says why, truthfully; its signal is aborted, in time where its process was awake and never froze;
 * and once it ended it is never held again. Excluded are rows that an operator has tampered with since the term began, and
 * terms whose token an operator's backup has brought out before.
 */
export const endsExplained: Checker = (history) => {
  const digest = digestOf(history);
  const violations: Violation[] = [];
  const over = new Set<number>();
  const released = new Set<number>();
  for (const event of history.events) {
    const lie = complaint(event);
    if (lie !== undefined) violations.push({ by: "I6-ends-explained", at: event.at, message: lie });
  }
  return violations;

  function complaint(event: HistoryEvent): string | undefined {
    switch (event.kind) {
      case "asked":
        if (!event.held) over.add(event.term.id);
        return event.held && over.has(event.term.id) ? `${nameOf(event.term)} came back to life` : undefined;
      case "heard": {
        const begun = begunOf(digest, event.term);
        if (event.aborted || tamperedSince(digest, begun) < event.at) return undefined;
        if (isRepeated(digest, begun)) return undefined;
        return `${nameOf(event.term)} was awake and never told that its term is over`;
      }
      case "release-asked":
        released.add(event.term.id);
        return undefined;
      case "ended":
        if (event.end === undefined) return undefined;
        over.add(event.term.id);
        if (!event.aborted) return `the signal of ${nameOf(event.term)} was not aborted at its end`;
        return untruth(event, digest, released);
      default:
        return undefined;
    }
  }
};

/** What is wrong with the reason that a term's end gives. */
function untruth(
  { term, end, at }: Ended,
  digest: Digest,
  released: ReadonlySet<number>,
): string | undefined {
  const begun = begunOf(digest, term);
  switch (end?.reason) {
    case "released":
      return released.has(term.id) ? undefined : `${nameOf(term)} says it was released, and was not`;
    case "superseded":
      return end.token !== term.token && digest.states.has(stateKey(end.by, end.token))
        ? undefined
        : `${nameOf(term)} names a successor that never was`;
    case "revoked":
      return tamperedSince(digest, begun) <= at
        ? undefined
        : `${nameOf(term)} says it was revoked, and nobody touched its row`;
    default:
      return undefined;
  }
}
