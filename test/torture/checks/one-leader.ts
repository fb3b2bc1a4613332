import type { Check, HandedOut, History, Span } from "./history.ts";

/**
 * At no instant were two handles held (I2). A handle that said yes at two instants was held in between, since
 * one that has ended never becomes valid again; so two terms clash when one surely said yes within the other.
 */
export const checkOneLeader: Check<Pick<History, "handedOut">> = ({ handedOut }) => {
  const terms = handedOut.filter(({ samples }) => samples > 0).sort((a, b) => startOf(a) - startOf(b));
  const wrong: string[] = [];
  for (const [index, term] of terms.entries()) {
    for (const other of terms.slice(index + 1)) {
      if (startOf(other) > term.last.after) break;
      const ms = heldTogetherMs(term, other);
      if (ms === undefined) continue;
      wrong.push(
        `${term.candidate} (token ${term.token}) and ${other.candidate} (token ${other.token}) both led for ${ms.toFixed(1)} ms or more`,
      );
    }
  }
  return wrong;
};

function startOf({ first }: HandedOut): number {
  return first.before;
}

/** How long two terms were surely held at the same time, in ms; `undefined` when nothing proves that they were. */
export function heldTogetherMs(a: HandedOut, b: HandedOut): number | undefined {
  const from = Math.max(a.first.after, b.first.after);
  const to = Math.min(a.last.before, b.last.before);
  if (from < to) return to - from;
  const inside = (term: HandedOut, { before, after }: Span): boolean =>
    term.first.after < before && after < term.last.before;
  const pointsOf = ({ first, last }: HandedOut): Span[] => [first, last];
  const clash =
    pointsOf(b).some((point) => inside(a, point)) || pointsOf(a).some((point) => inside(b, point));
  return clash ? 0 : undefined;
}

/** The longest time in which no handle said that it was held, between the first term and `until`, in ms. */
export function longestWithoutLeaderMs(handedOut: readonly HandedOut[], until: number): number {
  const terms = handedOut.filter(({ samples }) => samples > 0).sort((a, b) => startOf(a) - startOf(b));
  let longest = 0;
  let ledUntil: number | undefined;
  for (const { first, last } of terms) {
    if (ledUntil !== undefined) longest = Math.max(longest, first.before - ledUntil);
    ledUntil = Math.max(ledUntil ?? -Infinity, last.after);
  }
  return ledUntil === undefined ? 0 : Math.max(longest, until - ledUntil);
}
