import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { localEnvironment } from "../engine.ts";
import { monotonicMs } from "../harness/link.ts";
import { type OwnedProcess, spawnOwned } from "../harness/processes.ts";
import type { Journal } from "./journal.ts";
import type { Order, WorkerMessage, WorkerSettings } from "./messages.ts";

const PROGRAM = fileURLToPath(new URL("./worker-process.ts", import.meta.url));

/** The workers' processes. All are gone when it is disposed. */
export class Fleet implements AsyncDisposable {
  readonly #endpoint: string;
  readonly #settings: Omit<WorkerSettings, "name">;
  readonly #journal: Journal;
  readonly #running = new Map<string, OwnedProcess>();
  readonly #leaving = new Set<string>();
  readonly #broken = new AbortController();
  /** Aborted when the run is interrupted, or a worker ends that nobody ended. */
  readonly signal: AbortSignal;

  constructor(
    endpoint: string,
    settings: Omit<WorkerSettings, "name">,
    journal: Journal,
    signal: AbortSignal,
  ) {
    this.signal = AbortSignal.any([signal, this.#broken.signal]);
    this.#endpoint = endpoint;
    this.#settings = settings;
    this.#journal = journal;
  }

  /** Starts a worker's process, and resolves once it is ready to take part. */
  async start(name: string): Promise<void> {
    const settings: WorkerSettings = { ...this.#settings, name };
    const owned = await spawnOwned(process.execPath, ["--no-warnings", PROGRAM, JSON.stringify(settings)], {
      env: localEnvironment(this.#endpoint),
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#running.set(name, owned);
    void this.#watch(name, owned);
    owned.child.on("message", (message: WorkerMessage) => {
      if (message.kind === "led" || message.kind === "left") this.#journal.note(name, message);
    });
    await once(owned.child, "message", { signal: this.signal });
  }

  /** Lets workers take part. */
  go(...names: readonly string[]): void {
    for (const name of names) this.#tell(name, "go");
  }

  /** Kills a worker as it is, and says when that was. */
  async kill(name: string): Promise<number> {
    this.#leaving.add(name);
    const at = monotonicMs();
    await this.#running.get(name)?.kill();
    this.#journal.killed(name, at);
    return at;
  }

  /** Has a worker leave in good order; resolves with when all its shards were released. */
  async leave(name: string): Promise<number> {
    this.#leaving.add(name);
    const owned = this.#running.get(name);
    if (owned === undefined) throw new Error(`worker ${name} does not run`);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    owned.child.on("message", (message: WorkerMessage) => {
      if (message.kind === "gone") resolve(message.at);
    });
    owned.child.once("exit", () => reject(new Error(`worker ${name} ended before it had left`)));
    this.signal.addEventListener("abort", () => reject(this.signal.reason as Error), { once: true });
    this.#tell(name, "leave");
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [name, { kill }] of this.#running) {
      this.#leaving.add(name);
      await kill();
    }
  }

  async #watch(name: string, owned: OwnedProcess): Promise<void> {
    const { code, signal } = await owned.gone;
    this.#running.delete(name);
    if (this.#leaving.has(name)) return;
    this.#broken.abort(new Error(`worker ${name} ended by itself (${signal ?? `exit code ${code}`})`));
  }

  #tell(name: string, order: Order["order"]): void {
    this.#running.get(name)?.tell({ order } satisfies Order);
  }
}
