import { setTimeout as delay } from "node:timers/promises";
import { DEFAULT_TIMING, recoveryBoundMs } from "../../../lib/index.ts";
import { countPending, readBooks } from "../../../local/harness/books.ts";
import { monotonicMs } from "../../../local/harness/link.ts";
import { seconds } from "../../../local/harness/screen.ts";
import { Chance } from "../../simulation/world/chance.ts";
import type { History } from "../checks/history.ts";
import { RowHistory, type RowState } from "../checks/row-history.ts";
import { Ledger, type WriteCounts } from "../network/ledger.ts";
import { LATEST_MS, RandomNetwork } from "../network/random-network.ts";
import type { CandidateConfig } from "../candidate/messages.ts";
import { type CandidatePlan, castOf, ELECTIONS, type ElectionPlan } from "./elections.ts";
import { enlist, type RunOptions } from "./enlisting.ts";
import type { Participant } from "./participant.ts";
import { RandomFaults } from "./random-faults.ts";
import { ElectionTables } from "./tables.ts";

const INVOICE_EVERY_MS = 300;
const LOOK_EVERY_MS = 200;
const FAULT_EVERY_MS = 2_000;
/** For the work that has piled up, on a busy machine. */
const WORK_MS = 20_000;

/** What an election is run with. */
export interface ElectionOptions extends RunOptions {
  readonly plan: ElectionPlan;
}

type Candidate = Participant<Omit<CandidateConfig, "endpoint" | "seed">>;

/** What is known of one election in the end. */
export interface ElectionRecord {
  readonly name: string;
  readonly history: History;
  readonly writes: WriteCounts;
}

/** How long it took after faults ended until every invoice had its number, and what is wrong if that was too long. */
export interface Recovery {
  readonly recoveryMs: number;
  readonly lateness: readonly string[];
}

/** One election under way: its tables, its candidates and their links, and what is done to them. */
export class Election implements AsyncDisposable {
  readonly tables: ElectionTables;
  readonly ledger: Ledger;
  readonly #options: ElectionOptions;
  readonly #row = new RowHistory();
  readonly #networks: RandomNetwork[] = [];
  readonly #candidates: Candidate[] = [];
  readonly #chance: Chance;
  readonly #faults: RandomFaults;

  private constructor(options: ElectionOptions, tables: ElectionTables) {
    const { plan, seed, journal, fakeTime } = options;
    this.#options = options;
    this.tables = tables;
    this.ledger = new Ledger(this.#row, tables.leases);
    this.#chance = new Chance(seed + 7_919 * ELECTIONS.indexOf(plan));
    const clockErrorMs = fakeTime === undefined ? undefined : plan.clockErrorMs;
    this.#faults = new RandomFaults(this.#candidates, this.#chance, journal, clockErrorMs);
  }

  /** Creates the tables and opens a link for every candidate. Starts nobody yet. */
  static async open(options: ElectionOptions): Promise<Election> {
    const tables = await ElectionTables.create(options.client, options.plan.name);
    const election = new Election(options, tables);
    for (const candidate of castOf(options.plan, election.#chance)) await election.#add(candidate);
    return election;
  }

  /** Who its candidates are, in words. */
  get cast(): readonly string[] {
    return this.#candidates.map(({ name, config: { id, priority, affinity } }) => {
      const more = [id && "stable id", priority !== 0 && `priority ${priority}`, affinity].filter(Boolean);
      return more.length === 0 ? name : `${name} (${more.join(", ")})`;
    });
  }

  /** Starts everyone and strikes for so long, or until the signal ends it. */
  async run(forMs: number, signal: AbortSignal): Promise<void> {
    const { plan } = this.#options;
    const ending = AbortSignal.any([signal, AbortSignal.timeout(forMs)]);
    ending.addEventListener("abort", () => void this.#faults.end());
    for (const candidate of this.#candidates) await this.#faults.start(candidate);
    const wait = (name: string, mean: number) => () => Math.min(mean * 5, this.#chance.of(name).wait(mean));
    await Promise.all([
      this.#faults.strike(FAULT_EVERY_MS),
      repeat(wait("invoices", INVOICE_EVERY_MS), ending, () => this.tables.receiveInvoice()),
      repeat(wait("ticks", plan.tickEveryMs), ending, () => this.#sendTick()),
      repeat(
        () => LOOK_EVERY_MS,
        ending,
        () => this.tables.look(),
      ),
    ]);
    await this.#faults.end();
  }

  /**
   * Ends all faults and waits until every invoice has its number: a live candidate leads soon (I5). Requests that
   * are held back by then may still arrive, and each can take the lease once more for a term that nobody serves.
   */
  async recover(signal: AbortSignal): Promise<Recovery> {
    const { name, extraRecoveryMs } = this.#options.plan;
    const began = monotonicMs();
    for (const network of this.#networks) network.calm = true;
    if (!signal.aborted) await this.tables.receiveInvoice();
    const durationMs = Math.max(...this.#candidates.map((candidate) => candidate.durationMs));
    const lead = recoveryBoundMs({ ...DEFAULT_TIMING, durationMs }) + extraRecoveryMs;
    const bound = LATEST_MS + lead + WORK_MS;
    for (;;) {
      const pending = signal.aborted ? 0 : await countPending(this.#options.client, this.tables.invoices);
      const recoveryMs = Math.round(monotonicMs() - began);
      if (pending === 0) return { recoveryMs, lateness: [] };
      if (recoveryMs > bound) {
        const what = `${name}: ${pending} invoices still wait ${seconds(recoveryMs)} after faults stopped, ${seconds(bound)} are enough; ${describe(await this.tables.look())}`;
        return { recoveryMs, lateness: [`a live candidate leads soon after faults stop: ${what}`] };
      }
      this.#sendTick();
      await this.tables.look();
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** Ends every candidate, then their links, and says what is known of the election. */
  async close(): Promise<ElectionRecord> {
    await Promise.all(this.#candidates.map((candidate) => candidate.stop()));
    await this.#closeLinks();
    this.#row.saw(await this.tables.look(), monotonicMs());
    const { states, writesUpon, contradictions, reached } = this.#row;
    const names = new Set(this.#candidates.map((candidate) => candidate.name));
    const handedOut = this.#options.journal.handedOut.filter(({ candidate }) => names.has(candidate));
    const { given, counts: writes } = this.ledger;
    const { seen } = this.tables;
    const books = await readBooks(this.#options.client, this.tables.invoices);
    const history = { states, writesUpon, contradictions, reached, seen, handedOut, given, books };
    return { name: this.#options.plan.name, writes, history };
  }

  /** Ends every candidate without asking, closes their links, and deletes the tables. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#candidates.map((candidate) => candidate.kill()));
    await this.#closeLinks();
    await this.tables[Symbol.asyncDispose]();
  }

  async #closeLinks(): Promise<void> {
    await Promise.all(this.#candidates.map(({ link }) => link.close()));
  }

  /** Opens the way of one candidate to the engine and makes the candidate ready to be started. */
  async #add(candidate: CandidatePlan): Promise<void> {
    const { plan } = this.#options;
    const { leases: leaseTable, invoices: invoiceTable } = this.tables;
    const network = new RandomNetwork(this.#chance, candidate.name, plan.without, candidate.id !== undefined);
    const config = { ...candidate, leaseTable, invoiceTable, lease: plan.name };
    this.#networks.push(network);
    const told = { program: this.#options.programs.candidate, config };
    const note = this.ledger.note.bind(this.ledger);
    this.#candidates.push(await enlist(this.#options, told, network, note));
  }

  /** Delivers an occurrence to those who serve a schedule, as schedulers do: at least once, now and then late. */
  #sendTick(): void {
    const draws = this.#chance.of("ticks/delivery");
    const late = draws.happens(0.1) ? draws.between(1_000, 10_000) : 0;
    const tick = new Date(Date.now() - late).toISOString();
    for (const candidate of this.#candidates) {
      if (candidate.config.role === "scheduled") candidate.tell({ kind: "tick", tick });
    }
  }
}

/** Does something over and over, until the signal is aborted. */
export async function repeat(
  everyMs: () => number,
  signal: AbortSignal,
  what: () => Promise<unknown> | void,
): Promise<void> {
  while (!signal.aborted) {
    await what();
    await delay(everyMs(), undefined, { signal }).catch(() => {});
  }
}

function describe(state: RowState | undefined): string {
  if (state?.holder === undefined) return "the lease is vacant";
  const { holder, token, expiresAt } = state;
  const left = expiresAt === undefined ? "until nobody knows" : `for ${seconds(expiresAt - Date.now())} more`;
  return `the row says that ${holder} holds it ${left}, with token ${token}`;
}
