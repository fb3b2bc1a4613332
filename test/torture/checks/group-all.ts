import type { GroupHistory } from "./group-history.ts";
import type { Check } from "./history.ts";
import { checkJournals } from "./journals.ts";
import { checkBudget, checkClosed, checkLed, checkShared } from "./settled.ts";
import { checkOneLeaderEach, checkPermits } from "./shard-leaders.ts";
import { checkRowsOfGroup, checkStaleEntries, checkTokensOfShards } from "./shard-rows.ts";

/** Every check of a group, by what it holds up. */
export const GROUP_CHECKS: readonly { readonly claim: string; readonly check: Check<GroupHistory> }[] = [
  { claim: "the histories of all rows of the group are linear", check: checkRowsOfGroup },
  { claim: "tokens strictly rise for each shard", check: checkTokensOfShards },
  { claim: "no stale entry is accepted", check: checkStaleEntries },
  { claim: "every shard's journal is whole", check: checkJournals },
  { claim: "at most one leader of each shard at any instant", check: checkOneLeaderEach },
  { claim: "at most so many hold a permit as there are", check: checkPermits },
  { claim: "all shards are led soon after faults stop", check: checkLed },
  { claim: "every worker leads its share, within one", check: checkShared },
  { claim: "no session is left held that was closed, and none holds a shard", check: checkClosed },
  { claim: "requests stay within each worker's budget", check: checkBudget },
];
