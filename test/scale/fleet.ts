import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { monotonicMs } from "../../local/harness/link.ts";
import { type OwnedProcess, spawnOwned } from "../../local/harness/processes.ts";
import type { Counted } from "../support/holding/counted-store.ts";
import type { WorkerCall, WorkerOrder, WorkerTold } from "./worker-process.ts";

const PROGRAM = fileURLToPath(new URL("worker-process.ts", import.meta.url));

/** One worker process, as its parent sees it. */
export interface FleetWorker {
  readonly process: OwnedProcess;
  /** The shards that it leads, as it has told. */
  readonly leads: Set<string>;
  /** How many times it began to lead, and was asked for one. */
  begun: number;
  leftAt: number | undefined;
  onCounted: ((counted: Counted) => void) | undefined;
}

/** Workers in processes of their own, and who leads what by what they tell. */
export class Fleet {
  readonly workers: FleetWorker[] = [];
  /** When a shard began to be led last, by the monotonic clock. */
  lastBegan = 0;
  readonly #order: WorkerOrder;

  constructor(order: WorkerOrder) {
    this.#order = order;
  }

  /** Starts one more worker. */
  async join(): Promise<FleetWorker> {
    const owned = await spawnOwned(
      process.execPath,
      ["--no-warnings", PROGRAM, JSON.stringify(this.#order)],
      { stdio: ["ignore", "ignore", "inherit", "ipc"] },
    );
    const worker: FleetWorker = {
      process: owned,
      leads: new Set(),
      begun: 0,
      leftAt: undefined,
      onCounted: undefined,
    };
    owned.child.on("message", (told: WorkerTold) => this.#hear(worker, told));
    this.workers.push(worker);
    return worker;
  }

  /** Kills workers at once; what they led counts as led no more. Returns when. */
  async kill(victims: readonly FleetWorker[]): Promise<number> {
    const at = monotonicMs();
    await Promise.all(victims.map((victim) => victim.process.kill()));
    for (const victim of victims) victim.leads.clear();
    this.#forget(victims);
    return at;
  }

  /** Has a worker leave in good order. Returns when it was told to. */
  async leave(worker: FleetWorker): Promise<number> {
    const at = monotonicMs();
    call(worker, "leave");
    await worker.process.gone;
    this.#forget([worker]);
    return at;
  }

  /** Waits until all shards are led, each by one worker, and every worker has a share within one of the others'. */
  async settled(withinMs: number, balanced = true): Promise<void> {
    const until = monotonicMs() + withinMs;
    while (!this.#isSettled(balanced)) {
      if (monotonicMs() > until) throw new Error(`not all is led within ${withinMs} ms: ${this.#counts()}`);
      await delay(20);
    }
  }

  /** What all workers have sent since they were asked last. */
  async counted(): Promise<readonly Counted[]> {
    return Promise.all(
      this.workers.map(
        (worker) =>
          new Promise<Counted>((resolve) => {
            worker.onCounted = resolve;
            call(worker, "count");
          }),
      ),
    );
  }

  /** How many times any worker began to lead a shard. */
  get begun(): number {
    return this.workers.reduce((sum, { begun }) => sum + begun, 0);
  }

  /** Ends all at once. */
  async end(): Promise<void> {
    await this.kill([...this.workers]);
  }

  #isSettled(balanced: boolean): boolean {
    const counts = this.workers.map(({ leads }) => leads.size);
    const all = new Set(this.workers.flatMap(({ leads }) => [...leads]));
    if (all.size < this.#order.shards) return false;
    return !balanced || Math.max(...counts) - Math.min(...counts) <= 1;
  }

  #counts(): string {
    return this.workers.map(({ leads }) => leads.size).join(" ");
  }

  #forget(gone: readonly FleetWorker[]): void {
    this.workers.splice(0, this.workers.length, ...this.workers.filter((one) => !gone.includes(one)));
  }

  #hear(worker: FleetWorker, told: WorkerTold): void {
    if (told.is === "counted") worker.onCounted?.(told.counted);
    else if (told.is === "left") worker.leftAt = told.at;
    else if (told.is === "ended") worker.leads.delete(told.shard);
    else {
      worker.leads.add(told.shard);
      worker.begun += 1;
      this.lastBegan = Math.max(this.lastBegan, told.at);
    }
  }
}

function call({ process: { child } }: FleetWorker, what: WorkerCall): void {
  child.send(what, () => {});
}
