import Table from "cli-table3";
import pc from "picocolors";
import type { Failure, Progress } from "../explore-worker.ts";
import type { Scenario } from "../scenario.ts";
import { FAULT_KINDS, type FaultKind } from "../world/faults.ts";

/** Kinds that follow from others and have no rate of their own. */
const CONSEQUENCES: Partial<Record<FaultKind, FaultKind>> = {
  restart: "crash",
  "connection-reset": "request-lost",
  reordered: "slow",
};

/** The kinds of fault that some scenarios claim to inject. */
export function claimedKinds(scenarios: readonly Scenario[]): FaultKind[] {
  return FAULT_KINDS.filter((kind) =>
    scenarios.some(({ rates }) => (rates[CONSEQUENCES[kind] ?? kind] ?? 0) > 0),
  );
}

/** What an exploration has come to so far. */
export class Summary {
  readonly #startedAt = performance.now();
  readonly #scenarios: readonly string[];
  readonly #faults = new Map<FaultKind, number>();
  readonly #failures: Failure[] = [];
  #histories = 0;
  #terms = 0;
  #requests = 0;
  #virtualMs = 0;

  constructor(scenarios: readonly string[]) {
    this.#scenarios = scenarios;
  }

  add({ histories, terms, requests, virtualMs, faults, failures }: Progress): void {
    this.#histories += histories;
    this.#terms += terms;
    this.#requests += requests;
    this.#virtualMs += virtualMs;
    for (const [kind, times] of faults) this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + times);
    this.#failures.push(...failures);
  }

  /** No violation, and every kind of fault that was claimed was injected. */
  ok(claimed: readonly FaultKind[]): boolean {
    return this.#failures.length === 0 && this.#histories > 0 && this.#missing(claimed).length === 0;
  }

  progress(): void {
    const line = `${this.#count(this.#histories)} histories, ${this.#count(this.#rate() * 60)} a minute, ${this.#failures.length} with violations`;
    process.stderr.write(`\r${line}  `);
  }

  print(claimed: readonly FaultKind[], json: boolean): void {
    if (json) console.log(JSON.stringify(this.#data(claimed), undefined, 2));
    else this.#show(claimed);
  }

  #rate(): number {
    return this.#histories / ((performance.now() - this.#startedAt) / 1_000);
  }

  #missing(claimed: readonly FaultKind[]): FaultKind[] {
    return claimed.filter((kind) => (this.#faults.get(kind) ?? 0) === 0);
  }

  #data(claimed: readonly FaultKind[]) {
    return {
      scenarios: this.#scenarios,
      histories: this.#histories,
      historiesPerMinute: Math.round(this.#rate() * 60),
      seconds: Math.round((performance.now() - this.#startedAt) / 1_000),
      virtualHours: Math.round(this.#virtualMs / 3_600_000),
      terms: this.#terms,
      requests: this.#requests,
      faults: Object.fromEntries(this.#faults),
      neverInjected: this.#missing(claimed),
      failures: this.#failures,
      ok: this.ok(claimed),
    };
  }

  #show(claimed: readonly FaultKind[]): void {
    const data = this.#data(claimed);
    console.log(`\n${pc.bold("Simulated")} ${this.#scenarios.join(", ")}\n`);
    const table = new Table({
      head: ["fault injected", "times"],
      colAligns: ["left", "right"],
      style: { head: [], border: [] },
    });
    for (const kind of claimed) {
      const times = this.#faults.get(kind) ?? 0;
      table.push([kind, times === 0 ? pc.red("never") : this.#count(times)]);
    }
    console.log(table.toString());
    console.log(
      `${this.#count(data.histories)} histories in ${data.seconds} s (${this.#count(data.historiesPerMinute)} a minute), ` +
        `${this.#count(data.virtualHours)} hours of virtual time, ${this.#count(data.terms)} terms, ${this.#count(data.requests)} requests`,
    );
    for (const { seed, scenario, violations } of this.#failures.slice(0, 20)) {
      console.log(
        pc.red(
          `\n${violations[0]?.by} at ${((violations[0]?.at ?? 0) / 1_000).toFixed(3)} s: ${violations[0]?.message}`,
        ),
      );
      console.log(`  npm run history -- --scenario ${scenario} --seed ${seed}`);
    }
    for (const kind of data.neverInjected) console.log(pc.red(`${kind} is claimed and was never injected`));
    console.log(
      data.ok ? pc.green("no violation") : pc.red(`${this.#failures.length} histories with violations`),
    );
  }

  #count(number: number): string {
    return Math.round(number).toLocaleString("en");
  }
}
