import type { History } from "./history.ts";
import { revisionsOf } from "./tokens.ts";

/** How terms began, where it was not that the lease was open to all. */
export interface Successions {
  /** The lease was kept for this very candidate: its predecessor handed over to it. */
  readonly byHandover: number;
  /** The lease was kept for all who share the candidate's label. */
  readonly byAffinity: number;
  /** A process went on with the term of an earlier one of its id. */
  readonly resumed: number;
}

/** Counts how the terms of a history began, by what the row was like before each and by what the client says of it. */
export function successionsOf({ states, handedOut }: Pick<History, "states" | "handedOut">): Successions {
  const begun = new Set<string>();
  const count = { byHandover: 0, byAffinity: 0, resumed: 0 };
  for (const { holder, token, because } of handedOut) {
    const key = `${holder} ${token}`;
    if (begun.has(key)) {
      count.resumed += 1;
      continue;
    }
    begun.add(key);
    // Anything else says that the time was up for which the lease was kept.
    if (because !== "vacant") continue;
    const { from = 0 } = revisionsOf({ states }, holder, token) ?? {};
    const before = states.get(from - 1);
    // A claim whose token was corrected before anyone was told of it.
    const corrected = before?.holder === holder && before.token !== token;
    const keptFor = (corrected ? states.get(from - 2) : before)?.reservedFor;
    if (keptFor === holder) count.byHandover += 1;
    else if (keptFor?.startsWith("@")) count.byAffinity += 1;
  }
  return count;
}
