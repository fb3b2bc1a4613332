import { parentPort, workerData } from "node:worker_threads";
import { violationsOf } from "./checks/all.ts";
import type { History, Violation } from "./history.ts";
import { scenarioNamed } from "./scenarios.ts";
import { playAll } from "./world/drive.ts";
import type { FaultKind } from "./world/faults.ts";
import { historyOf } from "./world/history-of.ts";

/** What a worker is told. */
export interface Errand {
  readonly scenarios: readonly string[];
  readonly firstSeed: number;
  /** The distance from one of its seeds to the next. */
  readonly stride: number;
  readonly histories: number;
  readonly forMs: number;
}

/** A history that went wrong. */
export interface Failure {
  readonly seed: number;
  readonly scenario: string;
  readonly violations: readonly Violation[];
}

/** What a worker reports of the histories since its last report. */
export interface Progress {
  readonly histories: number;
  readonly terms: number;
  readonly requests: number;
  readonly virtualMs: number;
  readonly faults: readonly (readonly [FaultKind, number])[];
  readonly failures: readonly Failure[];
}

const REPORT_EVERY_MS = 500;

/** Sums histories up until they are reported. */
class Tally {
  #histories = 0;
  #terms = 0;
  #requests = 0;
  #virtualMs = 0;
  #faults = new Map<FaultKind, number>();
  #failures: Failure[] = [];

  add(history: History): void {
    this.#histories += 1;
    this.#virtualMs += history.endedAt;
    for (const { kind } of history.events) {
      if (kind === "began") this.#terms += 1;
      if (kind === "sent") this.#requests += 1;
    }
    for (const [kind, times] of history.faults) this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + times);
    const violations = violationsOf(history);
    const { seed, scenario } = history;
    if (violations.length > 0) this.#failures.push({ seed, scenario, violations });
  }

  take(): Progress {
    const progress: Progress = {
      histories: this.#histories,
      terms: this.#terms,
      requests: this.#requests,
      virtualMs: this.#virtualMs,
      faults: [...this.#faults],
      failures: this.#failures,
    };
    this.#histories = this.#terms = this.#requests = this.#virtualMs = 0;
    this.#faults = new Map();
    this.#failures = [];
    return progress;
  }
}

/** Plays seeds of the errand's scenarios in turn until their number or the time is used up. */
export async function explore(errand: Errand, report: (progress: Progress) => void): Promise<void> {
  const { scenarios, firstSeed, stride, histories, forMs } = errand;
  // A stack trace is most of what an error costs, and histories end terms by the thousand.
  Error.stackTraceLimit = 0;
  const tally = new Tally();
  let played = 0;
  let reportedAt = performance.now();
  const until = performance.now() + forMs;
  await playAll(
    () => {
      if (played >= histories || performance.now() >= until) return undefined;
      const seed = firstSeed + played * stride;
      const scenario = scenarioNamed(scenarios[played % scenarios.length] ?? "mixed");
      played += 1;
      return historyOf(scenario, seed);
    },
    (history) => {
      tally.add(history);
      if (performance.now() - reportedAt < REPORT_EVERY_MS) return;
      reportedAt = performance.now();
      report(tally.take());
    },
  );
  report(tally.take());
}

if (parentPort !== null) {
  const port = parentPort;
  await explore(workerData as Errand, (progress) => port.postMessage(progress));
}
