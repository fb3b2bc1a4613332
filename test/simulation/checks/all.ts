import type { Checker, History, Violation } from "../history.ts";
import { announcements } from "./announcements.ts";
import { backOff, bells, groupBudget, moves, permits } from "./groups/conduct.ts";
import { balance } from "./groups/balance.ts";
import { groupRecovery, noOrphan } from "./groups/leading.ts";
import { groupOwnWrites, shardRows } from "./groups/own-writes.ts";
import { ownSession, sessionBurials, sessionTokens, shardTakeOver } from "./groups/sessions.ts";
import { waiting } from "./groups/waiting.ts";
import { handOver } from "./hand-over.ts";
import { tokensRise } from "./i1-tokens-rise.ts";
import { oneLeader } from "./i2-one-leader.ts";
import { fencing } from "./i3-fencing.ts";
import { ownTermOnly } from "./i4-own-term-only.ts";
import { recovery } from "./i5-recovery.ts";
import { endsExplained } from "./i6-ends-explained.ts";
import { listing } from "./listing.ts";
import { lockDelay } from "./lock-delay.ts";
import { minimumHold } from "./minimum-hold.ts";
import { toldTheTruth } from "./outcomes.ts";
import { requestBudget } from "./request-budget.ts";
import { reservations } from "./reservations.ts";
import { standbyReads } from "./standby-reads.ts";
import { resumption } from "./resumption.ts";
import { noSurprises } from "./surprises.ts";
import { ticksOnce } from "./ticks.ts";

/** Every checker. */
export const CHECKERS: readonly Checker[] = [
  tokensRise,
  oneLeader,
  fencing,
  ownTermOnly,
  recovery,
  endsExplained,
  toldTheTruth,
  ticksOnce,
  requestBudget,
  handOver,
  reservations,
  minimumHold,
  lockDelay,
  resumption,
  announcements,
  listing,
  standbyReads,
  noSurprises,
];

/** Every checker of histories of groups. */
export const GROUP_CHECKERS: readonly Checker[] = [
  tokensRise,
  oneLeader,
  fencing,
  groupOwnWrites,
  groupRecovery,
  endsExplained,
  ownSession,
  sessionTokens,
  sessionBurials,
  shardTakeOver,
  shardRows,
  noOrphan,
  balance,
  moves,
  backOff,
  bells,
  permits,
  groupBudget,
  waiting,
  noSurprises,
];

/** What is wrong with a history, in the order in which it went wrong. */
export function violationsOf(history: History): Violation[] {
  const checkers = history.group === undefined ? CHECKERS : GROUP_CHECKERS;
  return checkers.flatMap((check) => check(history)).sort((a, b) => a.at - b.at);
}
