import { NETWORK_FAULTS } from "../../local/harness/faults.ts";
import { CHECKS } from "./checks/all.ts";
import { longestWithoutLeaderMs } from "./checks/one-leader.ts";
import { type Successions, successionsOf } from "./checks/successions.ts";
import type { WriteCounts } from "./network/ledger.ts";
import type { ElectionRecord } from "./runner/election.ts";
import { type GroupOutcome, type GroupSummary, inOrder, judgeGroup } from "./judge-group.ts";
import type { Journal } from "./runner/journal.ts";
import { CLOCK_FAULTS, PROCESS_FAULTS } from "./runner/random-faults.ts";

/** The result of a run, as `--json` prints it. */
export interface Summary {
  readonly engine: string;
  readonly seed: number;
  /** How long faults were injected, and how long it took from then until every invoice had its number. */
  readonly tortureMs: number;
  readonly recoveryMs: number;
  readonly candidates: number;
  /** Faults that were carried out, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly writes: Readonly<WriteCounts>;
  readonly terms: number;
  /** Terms that began although the one before had not been released. */
  readonly takeovers: number;
  /** Terms that were kept for their candidate or for its label, and those that a new process went on with. */
  readonly successions: Readonly<Successions>;
  readonly longestWithoutLeaderMs: number;
  readonly invoices: number;
  /** What the candidates and their clients told of, by event. */
  readonly events: Readonly<Record<string, number>>;
  /** What came of the group of workers, which shares the engine with them. Its violations are among those below. */
  readonly group: Omit<GroupSummary, "violations" | "neverInjected" | "checked">;
  /** Every claim that was checked. */
  readonly checked: readonly string[];
  /** What is wrong: each entry a sentence. */
  readonly violations: readonly string[];
  /** Kinds of faults that were never carried out. */
  readonly neverInjected: readonly string[];
  /** What this machine could not do. */
  readonly leftOut: readonly string[];
  readonly ok: boolean;
}

/** What a judgement is made of. */
export interface Outcome
  extends Pick<Summary, "engine" | "seed" | "tortureMs" | "recoveryMs" | "candidates"> {
  readonly elections: readonly ElectionRecord[];
  readonly journal: Journal;
  readonly group: Pick<GroupOutcome, "workers" | "record" | "journal">;
  readonly shiftsClocks: boolean;
  /** When the last process ended, by this machine's monotonic clock. */
  readonly torturedUntil: number;
  /** Whether the work was done soon enough after faults stopped, and else what is wrong. */
  readonly lateness: readonly string[];
}

/** From here on every kind of fault has to occur. */
const ALL_KINDS_FROM_MS = 5 * 60_000;

/** Judges a run. */
export function judge(outcome: Outcome): Summary {
  const { elections, journal, group: ofGroup, shiftsClocks, lateness, torturedUntil, ...rest } = outcome;
  const {
    violations: ofWorkers,
    neverInjected: neverAmong,
    checked,
    ...group
  } = judgeGroup({ ...ofGroup, shiftsClocks, torturedUntil });
  const surprises = journal.surprises.map((what) => `nothing happens that nobody planned: ${what}`);
  const claimed = { ...NETWORK_FAULTS, ...PROCESS_FAULTS, ...(shiftsClocks ? CLOCK_FAULTS : {}) };
  const never = Object.keys(claimed).filter((kind) => !journal.faults.has(kind));
  const neverInjected = [...never, ...neverAmong.map((kind) => `${kind}, to workers`)];
  const violations = [...elections.flatMap(violationsOf), ...lateness, ...surprises, ...ofWorkers];
  const events = inOrder(journal.events);
  const takeovers = ["service-clock", "observation", "own-claim"].map(
    (proof) => events[`acquired: ${proof}`] ?? 0,
  );
  const leaderless = elections.map(({ history }) => longestWithoutLeaderMs(history.handedOut, torturedUntil));
  return {
    ...rest,
    faults: inOrder(journal.faults),
    writes: sumOf(elections.map(({ writes }) => writes)),
    terms: elections.reduce((sum, { history }) => sum + history.handedOut.length, 0),
    takeovers: takeovers.reduce((sum, times) => sum + times, 0),
    successions: sumOf(elections.map(({ history }) => successionsOf(history))),
    longestWithoutLeaderMs: Math.round(Math.max(...leaderless)),
    invoices: elections.reduce((sum, { history }) => sum + history.books.invoices.length, 0),
    events,
    group,
    checked: [...CHECKS.map(({ claim }) => claim), ...checked],
    violations,
    neverInjected,
    leftOut: shiftsClocks ? [] : Object.keys(CLOCK_FAULTS),
    ok: violations.length === 0 && (neverInjected.length === 0 || rest.tortureMs < ALL_KINDS_FROM_MS),
  };
}

function violationsOf({ name, history }: ElectionRecord): string[] {
  return CHECKS.flatMap(({ claim, check }) => check(history).map((what) => `${claim}: ${name}: ${what}`));
}

/** Adds counts up, kind by kind. */
function sumOf<T extends object>(all: readonly T[]): T {
  return all.reduce((sum, counts) => {
    const added = Object.entries(counts).map(([kind, n]) => [kind, n + Reflect.get(sum, kind)] as const);
    return Object.fromEntries(added) as T;
  });
}
