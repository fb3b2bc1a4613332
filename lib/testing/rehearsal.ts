import { invalid } from "../core/errors.ts";
import { type Names, parseKnown } from "../core/known.ts";
import type { Clock, LeaseStore, Random } from "../core/ports.ts";
import { type FaultCounts, type FaultRates, noFaults, parseRates } from "./faults.ts";
import { FaultyLeaseStore } from "./faulty-store.ts";
import { InMemoryLeaseStore } from "./in-memory-store.ts";
import { ManualClock } from "./manual-clock.ts";
import { ProcessClock } from "./process-clock.ts";
import { SeededRandom } from "./seeded-random.ts";

const MOST_SKEW_MS = 300_000;
const MOST_PAUSE_MS = 40_000;
const CALM_MS = 120_000;

/** One simulated process. Without `signal` and `sleep` it is the options of a `LeaseClient`. */
export interface RehearsedProcess {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Which process it is: `process-1` and so on. A process that was killed comes back under the same name. */
  readonly holder: string;
  /** Aborted when the rehearsal is over: return then. */
  readonly signal: AbortSignal;
  /** Lets simulated time pass, in ms. The job has to wait by this alone: real waiting stands outside of it. */
  readonly sleep: (ms: number) => Promise<void>;
}

/** Options of {@link rehearse}. */
export interface RehearsalOptions {
  /** The job of one process, from its start to the signal. */
  readonly job: (process: RehearsedProcess) => Promise<void>;
  /** The same seed, the same faults: 0 to 4,294,967,295. */
  readonly seed: number;
  /**
   * How many processes run the job: 1 to 100.
   * @default 3
   */
  readonly processes?: number | undefined;
  /**
   * How much simulated time passes before the faults stop, in minutes: more than 0, at most 1,440.
   * @default 10
   */
  readonly minutes?: number | undefined;
  /**
   * How often what goes wrong.
   * @default - {@link FaultRates} says
   */
  readonly faults?: FaultRates | undefined;
}

const NAMES: Names<RehearsalOptions> = {
  job: true,
  seed: true,
  processes: true,
  minutes: true,
  faults: true,
};

/** What a rehearsal went through. */
export interface RehearsalReport {
  /** How often each fault happened. A check that saw no fault has checked nothing. */
  readonly faults: Readonly<FaultCounts>;
  /** Requests that reached the table. */
  readonly requests: number;
  /** Errors that jobs of processes ended with, other than by being killed. */
  readonly errors: readonly unknown[];
}

/**
 * Puts a job through an election with faults, in simulated time: processes are paused and killed, their wall
 * clocks are wrong, and between them and the table requests get lost, late, slow and repeated. At the end the
 * faults stop, two quiet minutes pass, the signal is aborted, and every job has to return.
 *
 * Repeatable: a seed that finds a fault finds it again, as long as the job itself is deterministic.
 *
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
 * @throws {Error} when a job does not return within an hour of simulated time after the signal
 */
export async function rehearse(options: RehearsalOptions): Promise<RehearsalReport> {
  parseKnown(options, NAMES, "rehearse");
  const { job, seed, processes = 3, minutes = 10 } = options;
  const rates = parseRates(options.faults ?? {});
  if (typeof job !== "function") throw invalid("job must be a function of a process");
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
    throw invalid(`seed must be a whole number from 0 to 4294967295, not ${String(seed)}`);
  }
  if (!Number.isInteger(processes) || processes < 1 || processes > 100) {
    throw invalid(`processes must be a whole number from 1 to 100, not ${String(processes)}`);
  }
  if (typeof minutes !== "number" || !(minutes > 0 && minutes <= 1_440)) {
    throw invalid(`minutes must be more than 0 and at most 1440, not ${String(minutes)}`);
  }
  const stage = new Stage(job, seed, rates);
  for (let number = 1; number <= processes; number += 1) stage.start(number);
  await stage.clock.advance(minutes * 60_000);
  return stage.end();
}

/** The processes of one rehearsal, and what strikes them. */
class Stage {
  readonly clock = new ManualClock();
  readonly #table = new InMemoryLeaseStore({ clock: this.clock });
  readonly #over = new AbortController();
  readonly #counts = noFaults();
  readonly #stores: FaultyLeaseStore[] = [];
  readonly #errors: unknown[] = [];
  readonly #job: RehearsalOptions["job"];
  readonly #seed: number;
  readonly #rates: Required<FaultRates>;
  #calm = false;
  #lives = 0;
  #running = 0;

  constructor(job: RehearsalOptions["job"], seed: number, rates: Required<FaultRates>) {
    this.#job = job;
    this.#seed = seed;
    this.#rates = rates;
  }

  /** Starts a process, or starts it anew. Each life draws from a sequence of its own. */
  start(number: number): void {
    this.#lives += 1;
    const random = new SeededRandom(Math.imul(this.#seed ^ (this.#lives * 0x9e37_79b1), 0x85eb_ca6b));
    const skewed = random.fraction() < this.#rates.skew;
    if (skewed) this.#counts.skew += 1;
    const clock = new ProcessClock(this.clock, skewed ? (2 * random.fraction() - 1) * MOST_SKEW_MS : 0);
    const store = new FaultyLeaseStore(this.#table, {
      random,
      clock,
      network: this.clock,
      faults: this.#rates,
    });
    this.#stores.push(store);
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => clock.timer(ms, () => resolve()));
    const life = { killed: false };
    this.#plan(random, this.#rates.pause, life, () => this.#pause(clock, random));
    this.#plan(random, this.#rates.crash, life, () => {
      this.#counts.crash += 1;
      this.#running -= 1;
      life.killed = true;
      clock.kill();
      this.start(number);
    });
    this.#running += 1;
    const { signal } = this.#over;
    const running = this.#job({ store, clock, random, holder: `process-${number}`, signal, sleep });
    void this.#settled(running, life);
  }

  /** Stops the faults, lets quiet time pass, and waits for the jobs. */
  async end(): Promise<RehearsalReport> {
    this.#calm = true;
    for (const store of this.#stores) store.calm();
    await this.clock.advance(CALM_MS);
    this.#over.abort();
    for (let minute = 0; minute < 60 && this.#running > 0; minute += 1) await this.clock.advance(60_000);
    if (this.#running > 0) throw new Error(`${this.#running} jobs did not return after the signal`);
    const faults = { ...this.#counts };
    for (const { counts } of this.#stores) {
      for (const kind of Object.keys(faults) as (keyof FaultCounts)[]) faults[kind] += counts[kind];
    }
    return { faults, requests: this.#table.requests, errors: this.#errors };
  }

  async #settled(running: Promise<void>, life: { readonly killed: boolean }): Promise<void> {
    try {
      await running;
    } catch (error) {
      if (!life.killed) this.#errors.push(error);
    }
    if (!life.killed) this.#running -= 1;
  }

  #pause(clock: ProcessClock, random: Random): void {
    this.#counts.pause += 1;
    clock.pause();
    this.clock.timer(MOST_PAUSE_MS * random.fraction(), () => clock.resume());
  }

  /** Strikes at random moments, so many times a minute on average, for as long as the life lasts. */
  #plan(random: Random, perMinute: number, life: { readonly killed: boolean }, strike: () => void): void {
    if (perMinute === 0) return;
    const waitMs = (-Math.log(1 - random.fraction()) * 60_000) / perMinute;
    this.clock.timer(waitMs, () => {
      if (this.#calm || life.killed) return;
      strike();
      this.#plan(random, perMinute, life, strike);
    });
  }
}
