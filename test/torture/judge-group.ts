import { NETWORK_FAULTS } from "../../local/harness/faults.ts";
import { AUXILIARY } from "../../lib/core/names.ts";
import { GROUP_CHECKS } from "./checks/group-all.ts";
import { longestWithoutLeaderMs } from "./checks/one-leader.ts";
import { mostTogether } from "./checks/shard-leaders.ts";
import type { GroupWriteCounts } from "./network/group-ledger.ts";
import type { Journal } from "./runner/journal.ts";
import { CLOCK_FAULTS, PROCESS_FAULTS } from "./runner/random-faults.ts";
import type { WorkforceRecord } from "./runner/workforce.ts";
import { GROUP_FAULTS } from "./runner/workforce-plan.ts";

/** What came of the group, as `--json` prints it. */
export interface GroupSummary {
  readonly workers: number;
  readonly shards: number;
  readonly permits: number;
  /** Faults that were carried out on workers and their requests, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly writes: Readonly<GroupWriteCounts>;
  /** Terms of sessions that the table showed, and sessions that were left there to run out. */
  readonly sessions: number;
  readonly sessionsLeft: number;
  /** Terms of shards, and how many of them by ending a session or after one had ended. */
  readonly shardTerms: number;
  readonly takeovers: number;
  readonly permitTerms: number;
  /** How many held a permit at one instant, at most. */
  readonly permitsTogether: number;
  readonly longestWithoutLeaderMs: number;
  /** How long it took after faults stopped until every shard was led, and until all were shared. */
  readonly ledMs: number | undefined;
  readonly sharedMs: number | undefined;
  /** How many shards each worker led then. */
  readonly shares: Readonly<Record<string, number>>;
  /** Requests about the group a worker and second, once all was settled, and while faults were injected. */
  readonly requestsInCalm: number;
  readonly requestsInStorm: number;
  /** How much of its budget the worker used that used most. */
  readonly mostOfBudget: number;
  readonly events: Readonly<Record<string, number>>;
  readonly checked: readonly string[];
  readonly violations: readonly string[];
  readonly neverInjected: readonly string[];
}

/** What a judgement of a group is made of. */
export interface GroupOutcome {
  readonly workers: number;
  readonly record: WorkforceRecord;
  readonly journal: Journal;
  readonly shiftsClocks: boolean;
  /** When the last worker ended, by this machine's monotonic clock. */
  readonly torturedUntil: number;
}

/** Judges what became of a group. */
export function judgeGroup({
  workers,
  record,
  journal,
  shiftsClocks,
  torturedUntil,
}: GroupOutcome): GroupSummary {
  const { history, writes } = record;
  const { settled, spent, handedOut, shardRows } = history;
  const claimed = {
    ...NETWORK_FAULTS,
    ...PROCESS_FAULTS,
    ...GROUP_FAULTS,
    ...(shiftsClocks ? CLOCK_FAULTS : {}),
  };
  const broken = GROUP_CHECKS.flatMap(({ claim, check }) =>
    check(history).map((what) => `${claim}: ${what}`),
  );
  const surprises = journal.surprises.map((what) => `nothing happens that nobody planned: ${what}`);
  const ofShards = handedOut.filter(({ row = "" }) => shardRows.includes(row));
  const leaderless = [...Map.groupBy(ofShards, ({ row = "" }) => row).values()].map((terms) =>
    longestWithoutLeaderMs(terms, torturedUntil),
  );
  const rateIn = (time: string): number => {
    const of = spent.filter((one) => one.time === time);
    const seconds = of.reduce((sum, { forMs }) => sum + forMs / 1_000, 0);
    return Math.round((10 * of.reduce((sum, { requests }) => sum + requests, 0)) / (seconds || 1)) / 10;
  };
  return {
    workers,
    shards: shardRows.length,
    permits: history.permits,
    faults: inOrder(journal.faults),
    writes,
    sessions: sessionsIn(history.rows),
    sessionsLeft: history.leftHeld.length,
    shardTerms: ofShards.length,
    takeovers: ofShards.filter(({ because }) => because !== undefined && because !== "vacant").length,
    permitTerms: handedOut.length - ofShards.length,
    permitsTogether: mostTogether(handedOut, shardRows),
    longestWithoutLeaderMs: Math.round(Math.max(0, ...leaderless)),
    ledMs: settled.ledMs,
    sharedMs: settled.sharedMs,
    shares: Object.fromEntries(settled.counts.map(({ worker, shards }) => [worker, shards])),
    requestsInCalm: rateIn("calm"),
    requestsInStorm: rateIn("storm"),
    mostOfBudget: Math.max(
      0,
      ...spent.map(({ requests, budget }) => Math.round((100 * requests) / budget) / 100),
    ),
    events: inOrder(journal.events),
    checked: GROUP_CHECKS.map(({ claim }) => claim),
    violations: [...broken, ...surprises],
    neverInjected: Object.keys(claimed).filter((kind) => !journal.faults.has(kind)),
  };
}

/** How many terms of sessions the rows have shown. */
function sessionsIn(rows: WorkforceRecord["history"]["rows"]): number {
  let terms = 0;
  for (const [row, { states }] of rows) {
    if (!row.includes(`/${AUXILIARY.session}`)) continue;
    const held = [...states.values()].filter(({ holder }) => holder !== undefined);
    terms += new Set(held.map(({ token }) => token)).size;
  }
  return terms;
}

/** Counts, by name in alphabetical order. */
export function inOrder(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b)));
}
