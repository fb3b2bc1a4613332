import { judgeNumbering } from "../../../local/harness/books.ts";
import type { Check } from "./history.ts";
import { checkOneLeader } from "./one-leader.ts";
import { checkRow } from "./row.ts";
import { checkStaleWrites } from "./stale-writes.ts";
import { checkTokens } from "./tokens.ts";

/** Every check, by what it holds up. */
export const CHECKS: readonly { readonly claim: string; readonly check: Check }[] = [
  { claim: "numbers 1 to N without gap or duplicate", check: ({ books }) => judgeNumbering(books).problems },
  { claim: "the row's history is linear", check: checkRow },
  { claim: "tokens strictly rise", check: checkTokens },
  { claim: "no stale write is accepted", check: checkStaleWrites },
  { claim: "at most one leader at any instant", check: checkOneLeader },
];
