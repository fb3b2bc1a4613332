import { setTimeout as delay } from "node:timers/promises";
import { DEFAULT_TIMING, recoveryBoundMs } from "../../../lib/index.ts";
import { AUXILIARY, shardRow } from "../../../lib/core/names.ts";
import { monotonicMs } from "../../../local/harness/link.ts";
import { Chance } from "../../simulation/world/chance.ts";
import type { GroupHistory, Settled, Spent } from "../checks/group-history.ts";
import { rowName } from "../checks/history.ts";
import { GroupLedger, type GroupWriteCounts, OPERATOR } from "../network/group-ledger.ts";
import { LATEST_MS, RandomNetwork } from "../network/random-network.ts";
import type { WorkerConfig, WorkerOrder } from "../worker/messages.ts";
import { repeat } from "./election.ts";
import { enlist, openWay, type RunOptions } from "./enlisting.ts";
import { GroupTables } from "./group-tables.ts";
import { tally } from "./journal.ts";
import { Operator } from "./operator.ts";
import type { Participant } from "./participant.ts";
import { RandomFaults } from "./random-faults.ts";
import { allowed } from "./request-budget.ts";
import { sharesIn } from "./shares.ts";
import { castWorkers, WORKFORCE, type WorkerPlan } from "./workforce-plan.ts";

const LOOK_EVERY_MS = 500;
const FAULT_EVERY_MS = 2_500;
const STRIKE_EVERY_MS = 2_500;
const WAVE_EVERY_MS = 8_000;
const AWAY_MS = [500, 4_000] as const;
/** How long requests are counted once all is settled. */
const CALM_MS = 4_000;
/** For what has piled up, on a busy machine. */
const WORK_MS = 20_000;
/** A holder looks so often at its shards where the message to it was lost. */
const LOOK_AGAIN_MS = 60_000;

type Worker = Participant<Omit<WorkerConfig, "endpoint" | "seed">>;

/** What is known of a group in the end. */
export interface WorkforceRecord {
  readonly history: GroupHistory;
  readonly writes: GroupWriteCounts;
}

/** A group under way: its tables, its workers and their links, and what is done to them. */
export class Workforce implements AsyncDisposable {
  readonly tables: GroupTables;
  readonly ledger: GroupLedger;
  readonly #options: RunOptions;
  readonly #networks: RandomNetwork[] = [];
  readonly #workers: Worker[] = [];
  readonly #chance: Chance;
  readonly #faults: RandomFaults;
  readonly #spent: Spent[] = [];
  #operator: Operator | undefined;
  #settled: Settled | undefined;

  private constructor(options: RunOptions, tables: GroupTables) {
    this.#options = options;
    this.tables = tables;
    this.ledger = new GroupLedger(tables.leases, WORKFORCE.group);
    this.#chance = new Chance(options.seed + 104_729);
    const clockErrorMs = options.fakeTime === undefined ? undefined : WORKFORCE.clockErrorMs;
    this.#faults = new RandomFaults(this.#workers, this.#chance, options.journal, clockErrorMs);
  }

  /** Creates the tables and opens a link for every worker and for the operator. Starts nobody yet. */
  static async open(options: RunOptions): Promise<Workforce> {
    const tables = await GroupTables.create(options.client, [WORKFORCE.group, WORKFORCE.semaphore]);
    const workforce = new Workforce(options, tables);
    for (const plan of castWorkers(workforce.#chance)) await workforce.#add(plan);
    const link = await openWay(options, OPERATOR, workforce.#network(OPERATOR), (exchange) =>
      workforce.ledger.note(OPERATOR, exchange),
    );
    const draws = workforce.#chance.of("operator");
    workforce.#operator = new Operator(tables.leases, link, draws, options.journal);
    return workforce;
  }

  /** Who its workers are, in words. */
  get cast(): readonly string[] {
    return this.#workers.map(({ name, config: { id, weight } }) => {
      const more = [id && "stable id", weight !== 1 && `weight ${weight}`].filter(Boolean);
      return more.length === 0 ? name : `${name} (${more.join(", ")})`;
    });
  }

  /** Starts everyone and strikes for so long, or until the signal ends it. */
  async run(forMs: number, signal: AbortSignal): Promise<void> {
    const ending = AbortSignal.any([signal, AbortSignal.timeout(forMs)]);
    ending.addEventListener("abort", () => void this.#faults.end());
    for (const worker of this.#workers) await this.#faults.start(worker);
    const began = monotonicMs();
    const wait = (name: string, mean: number) => () => Math.min(mean * 5, this.#chance.of(name).wait(mean));
    await Promise.all([
      this.#faults.strike(FAULT_EVERY_MS),
      repeat(wait("operator/when", STRIKE_EVERY_MS), ending, () => this.#operator?.strike()),
      repeat(wait("waves/when", WAVE_EVERY_MS), ending, () => this.#wave(ending)),
      repeat(
        () => LOOK_EVERY_MS,
        ending,
        () => this.tables.look(),
      ),
    ]);
    await this.#faults.end();
    this.#spend("storm", monotonicMs() - began, NOTHING_SPENT);
  }

  /**
   * Ends all faults, has everyone take part, and waits until every shard is led and every worker leads its share (I5); then counts
   * requests for a while. Requests that are held back by then may still arrive.
   */
  async recover(signal: AbortSignal): Promise<void> {
    const began = monotonicMs();
    for (const network of this.#networks) network.calm = true;
    const { retryIntervalMs, durationsMs } = WORKFORCE;
    const durationMs = Math.max(...durationsMs);
    const ledWithinMs =
      LATEST_MS + recoveryBoundMs({ ...DEFAULT_TIMING, durationMs, retryIntervalMs }) + WORK_MS;
    const bounds = { ledWithinMs, sharedWithinMs: ledWithinMs + LOOK_AGAIN_MS };
    let ledMs: number | undefined;
    for (;;) {
      for (const kind of ["calm", "join"] as const) this.#tell(this.#workers, { kind });
      const { unled, counts, isShared } = sharesIn(
        await this.tables.look(),
        this.#workers.map(({ config }) => config),
        this.#options.journal,
      );
      const ms = Math.round(monotonicMs() - began);
      if (unled.length === 0) ledMs ??= ms;
      const sharedMs = isShared ? ms : undefined;
      this.#settled = { ...bounds, ledMs, sharedMs, unled, counts };
      if (isShared || signal.aborted || ms > (ledMs === undefined ? ledWithinMs : bounds.sharedWithinMs))
        break;
      await delay(LOOK_EVERY_MS / 2, undefined, { signal }).catch(() => {});
    }
    if (this.#settled?.sharedMs === undefined) return;
    const before = { requests: new Map(this.ledger.requests), terms: this.#termsOfWorkers() };
    const from = monotonicMs();
    await delay(CALM_MS, undefined, { signal }).catch(() => {});
    this.#spend("calm", monotonicMs() - from, before);
  }

  /** Ends every worker, then their links, and says what is known of the group. */
  async close(): Promise<WorkforceRecord> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
    await this.#closeLinks();
    const rows = await this.tables.look();
    for (const [row, state] of rows) this.ledger.row(row).saw(state, monotonicMs());
    const { group, shards, semaphore, permits } = WORKFORCE;
    const { journal } = this.#options;
    const permitNames = Array.from(
      { length: permits },
      (_, nth) => `permit-${String(nth + 1).padStart(5, "0")}`,
    );
    const leftHeld = [...rows].flatMap(([row, state]) =>
      row.includes(`/${AUXILIARY.session}`) && state.holder !== undefined ? [{ ...state, row }] : [],
    );
    const pasts = [...this.ledger.rows].map(([row, past]) => {
      const { states, writesUpon, contradictions, reached } = past;
      return [
        row,
        { states, writesUpon, contradictions, reached, seen: this.tables.seen.get(row) ?? [] },
      ] as const;
    });
    const nothing = {
      ledMs: undefined,
      sharedMs: undefined,
      ledWithinMs: 0,
      sharedWithinMs: 0,
      unled: shards,
      counts: [],
    };
    const history: GroupHistory = {
      permits,
      rows: new Map(pasts),
      shardRows: shards.map((shard) => rowName(group, shardRow(shard))),
      permitRows: permitNames.map((permit) => rowName(semaphore, shardRow(permit))),
      handedOut: journal.handedOut,
      given: this.ledger.given,
      entries: await this.tables.readJournals(group),
      revoked: this.ledger.revoked,
      settled: this.#settled ?? nothing,
      spent: this.#spent,
      closed: journal.closed,
      leftHeld,
    };
    return { history, writes: this.ledger.counts };
  }

  /** Ends every worker without asking, closes their links, and deletes the tables. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()));
    await this.#closeLinks();
    await this.tables[Symbol.asyncDispose]();
  }

  async #closeLinks(): Promise<void> {
    await this.#operator?.[Symbol.asyncDispose]();
    await Promise.all(this.#workers.map(({ link }) => link.close()));
  }

  async #add(plan: WorkerPlan): Promise<void> {
    const { group, shards, semaphore, permits, retryIntervalMs } = WORKFORCE;
    const { leases: leaseTable, journals: journalTable } = this.tables;
    const config = { ...plan, leaseTable, journalTable, group, shards, semaphore, permits, retryIntervalMs };
    const network = this.#network(plan.name);
    this.#workers.push(
      await enlist(this.#options, { program: this.#options.programs.worker, config }, network, (exchange) =>
        this.ledger.note(plan.name, exchange),
      ),
    );
  }

  #network(name: string): RandomNetwork {
    const network = new RandomNetwork(this.#chance, name);
    this.#networks.push(network);
    return network;
  }

  /** Has up to half of the workers leave at once, and come back after a while. */
  async #wave(ending: AbortSignal): Promise<void> {
    const draws = this.#chance.of("waves");
    const away = this.#workers
      .filter(() => draws.happens(0.4))
      .slice(0, Math.floor(this.#workers.length / 2));
    this.#tell(away, { kind: "leave" });
    await delay(draws.spread(...AWAY_MS), undefined, { signal: ending }).catch(() => {});
    this.#tell(away, { kind: "join" });
    for (const _ of away) tally(this.#options.journal.faults, "leave and return");
  }

  #tell(workers: readonly Worker[], order: WorkerOrder): void {
    for (const worker of workers) worker.tell(order);
  }

  /** How many terms each worker was handed so far. */
  #termsOfWorkers(): ReadonlyMap<string, number> {
    const terms = new Map<string, number>();
    for (const { candidate } of this.#options.journal.handedOut) tally(terms, candidate);
    return terms;
  }

  /** Takes down what each worker has asked since, and what it may have asked. */
  #spend(time: Spent["time"], forMs: number, before: typeof NOTHING_SPENT): void {
    const allTerms = this.#termsOfWorkers();
    for (const { name: worker, durationMs } of this.#workers) {
      const requests = (this.ledger.requests.get(worker) ?? 0) - (before.requests.get(worker) ?? 0);
      const terms = (allTerms.get(worker) ?? 0) - (before.terms.get(worker) ?? 0);
      const budget = allowed(time, { forMs, durationMs, retryIntervalMs: WORKFORCE.retryIntervalMs, terms });
      this.#spent.push({ worker, time, forMs, requests, budget });
    }
  }
}

/** Before anything was asked. */
const NOTHING_SPENT = {
  requests: new Map<string, number>() as ReadonlyMap<string, number>,
  terms: new Map<string, number>() as ReadonlyMap<string, number>,
};
