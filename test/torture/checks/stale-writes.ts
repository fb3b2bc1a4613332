import type { Check, History } from "./history.ts";
import { revisionsOf } from "./tokens.ts";

/** What storage accepted, and the history of the row that it was fenced by. */
export interface Written extends Pick<History, "states" | "reached" | "given"> {
  readonly books: {
    readonly assignments: readonly { readonly number: number; readonly token?: number | undefined }[];
  };
}

/**
 * Storage accepted no number of a term that was over (I3): a write that went on to the engine when the row was
 * known to have left the term was not accepted; and in the order of the numbers, tokens never fall.
 */
export const checkStaleWrites: Check<Written> = (history) => {
  const wrong: string[] = [];
  const lastOf = new Map<string, number | undefined>();
  for (const { token, holder, number, forwardedAt } of history.given) {
    const key = `${holder} ${token}`;
    if (!lastOf.has(key)) lastOf.set(key, revisionsOf(history, holder, token)?.to);
    const last = lastOf.get(key);
    const reached = reachedBy(history, forwardedAt);
    if (last === undefined)
      wrong.push(`number ${number} was given by term ${token}, which the row never showed`);
    else if (last < reached) {
      wrong.push(
        `number ${number} was accepted from term ${token}, over since revision ${last + 1}, when the row had reached revision ${reached}`,
      );
    }
  }
  const inOrder = [...history.books.assignments].sort((a, b) => a.number - b.number);
  for (const [index, { number, token = 0 }] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (before?.token !== undefined && token < before.token) {
      wrong.push(`number ${number} has token ${token}, number ${before.number} before it ${before.token}`);
    }
  }
  return wrong;
};

/** The revision that the row is known to have reached before an instant. */
function reachedBy({ reached }: Written, at: number): number {
  let low = 0;
  let high = reached.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((reached[middle]?.at ?? Infinity) < at) low = middle + 1;
    else high = middle;
  }
  return reached[low - 1]?.revision ?? 0;
}
