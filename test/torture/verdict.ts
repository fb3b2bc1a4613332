import { CHECKS } from "./checks/all.ts";
import type { History } from "./checks/history.ts";
import { longestWithoutLeaderMs } from "./checks/one-leader.ts";
import type { Account } from "./director/account.ts";
import { CLOCK_FAULTS, PROCESS_FAULTS } from "./director/troubles.ts";
import { NO_WRITES, type WriteCounts } from "./proxy/ledger.ts";
import { NETWORK_FAULTS } from "./proxy/weather.ts";

/** The result of a run, as `--json` prints it. */
export interface Verdict {
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
  readonly longestWithoutLeaderMs: number;
  readonly invoices: number;
  /** What the candidates and their clients told of, by event. */
  readonly events: Readonly<Record<string, number>>;
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

/** What is known of one election. */
export interface Election {
  readonly name: string;
  readonly history: History;
  readonly writes: WriteCounts;
}

/** What a verdict is made of. */
export interface Outcome
  extends Pick<Verdict, "engine" | "seed" | "tortureMs" | "recoveryMs" | "candidates"> {
  readonly elections: readonly Election[];
  readonly account: Account;
  readonly shiftsClocks: boolean;
  /** When the last candidate ended, by this machine's monotonic clock. */
  readonly torturedUntil: number;
  /** Whether the work was done soon enough after faults stopped, and else what is wrong. */
  readonly lateness: readonly string[];
}

/** From here on every kind of fault has to occur. */
const ALL_KINDS_FROM_MS = 5 * 60_000;

/** Judges a run. */
export function judge(outcome: Outcome): Verdict {
  const { elections, account, shiftsClocks, lateness, torturedUntil, ...rest } = outcome;
  const surprises = account.surprises.map((what) => `nothing happens that nobody planned: ${what}`);
  const claimed = { ...NETWORK_FAULTS, ...PROCESS_FAULTS, ...(shiftsClocks ? CLOCK_FAULTS : {}) };
  const neverInjected = Object.keys(claimed).filter((kind) => account.faults.of(kind) === 0);
  const violations = [...elections.flatMap(violationsOf), ...lateness, ...surprises];
  const events = account.events.toObject();
  const takeovers = ["service-clock", "observation", "own-claim"].map(
    (proof) => events[`acquired: ${proof}`] ?? 0,
  );
  const leaderless = elections.map(({ history }) => longestWithoutLeaderMs(history.handedOut, torturedUntil));
  return {
    ...rest,
    faults: account.faults.toObject(),
    writes: sumOf(elections.map(({ writes }) => writes)),
    terms: elections.reduce((sum, { history }) => sum + history.handedOut.length, 0),
    takeovers: takeovers.reduce((sum, times) => sum + times, 0),
    longestWithoutLeaderMs: Math.round(Math.max(...leaderless)),
    invoices: elections.reduce((sum, { history }) => sum + history.books.invoices.length, 0),
    events,
    checked: CHECKS.map(({ claim }) => claim),
    violations,
    neverInjected,
    leftOut: shiftsClocks ? [] : Object.keys(CLOCK_FAULTS),
    ok: violations.length === 0 && (neverInjected.length === 0 || rest.tortureMs < ALL_KINDS_FROM_MS),
  };
}

function violationsOf({ name, history }: Election): string[] {
  return CHECKS.flatMap(({ claim, check }) => check(history).map((what) => `${claim}: ${name}: ${what}`));
}

function sumOf(all: readonly WriteCounts[]): WriteCounts {
  const sum: WriteCounts = { ...NO_WRITES };
  for (const counts of all) {
    for (const kind of Object.keys(sum) as (keyof WriteCounts)[]) sum[kind] += counts[kind];
  }
  return sum;
}
