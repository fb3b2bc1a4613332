import type { Check, HandedOut, History } from "./history.ts";

/**
 * A term is handed out once, and to a process that goes on with it under a declared-stable id once more. The tokens of
 * handed-out terms strictly rise in the order of the table's own history (I1), and within a term no other
 * writes the row (I4). States that nobody was told of, a claim by a wrong clock for example, do not count.
 */
export const checkTokens: Check<Pick<History, "states" | "handedOut">> = (history) => {
  const wrong: string[] = [];
  const placed = [];
  const terms = new Map<string, HandedOut>();
  for (const term of history.handedOut) {
    const { candidate, holder, token } = term;
    const key = `${holder} ${token}`;
    const before = terms.get(key);
    terms.set(key, term);
    if (before !== undefined) {
      if (!goesOn(term, before)) wrong.push(`term ${token} of ${candidate} was handed out twice`);
      continue;
    }
    const span = revisionsOf(history, holder, token);
    if (span === undefined) wrong.push(`${candidate} was handed term ${token}, which the row never showed`);
    else placed.push({ candidate, holder, token, ...span });
  }
  placed.sort((a, b) => a.from - b.from);
  for (const [index, term] of placed.entries()) {
    const before = placed[index - 1];
    if (before !== undefined && term.token <= before.token) {
      wrong.push(
        `token ${term.token} of ${term.candidate} (revision ${term.from}) is not above token ${before.token} of ${before.candidate} (revision ${before.from})`,
      );
    }
    for (let revision = term.from; revision <= term.to; revision += 1) {
      const state = history.states.get(revision);
      if (state?.holder === term.holder && state.token === term.token) continue;
      wrong.push(`revision ${revision}, within term ${term.token}, has token ${state?.token}`);
    }
  }
  return wrong;
};

/** Whether a process goes on with the term of an earlier one of the same candidate. */
function goesOn({ candidate, pid, because }: HandedOut, before: HandedOut): boolean {
  return because === "own-term" && candidate === before.candidate && pid !== before.pid;
}

/** The revisions at which the row showed a term. */
export function revisionsOf(
  { states }: Pick<History, "states">,
  holder: string,
  token: number,
): { readonly from: number; readonly to: number } | undefined {
  let span: { from: number; to: number } | undefined;
  for (const { revision, ...state } of states.values()) {
    if (state.holder !== holder || state.token !== token) continue;
    span ??= { from: revision, to: revision };
    span.from = Math.min(span.from, revision);
    span.to = Math.max(span.to, revision);
  }
  return span;
}
