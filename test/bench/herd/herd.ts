import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { monotonicMs } from "../../../local/harness/link.ts";
import { type OwnedProcess, spawnOwned } from "../../../local/harness/processes.ts";
import type { HerdCall, HerdOrder, HerdTold, Request } from "./herd-process.ts";

const PROGRAM = fileURLToPath(new URL("herd-process.ts", import.meta.url));
/** A process that is not ready by then has failed. */
const STARTS_WITHIN_MS = 60_000;

/** A term that somebody was told of, as the processes told it. */
export interface ToldTerm {
  readonly token: number;
  readonly from: number;
  /** By when it was over; `undefined` while it goes on, or when its holder was killed. */
  until: number | undefined;
  /** Whether its holder has released it, and knows that the row is vacant. */
  isVacated: boolean;
  readonly by: HerdProcess;
}

/** One process of candidates, as its parent sees it. */
export interface HerdProcess {
  readonly process: OwnedProcess;
  /** Whether it was killed. */
  isGone: boolean;
  call(what: HerdCall): void;
  /** All requests for a lease so far. */
  requests(lease: string): Promise<readonly Request[]>;
}

/** Processes of candidates, and who leads which lease by what they tell. */
export class Herds implements AsyncDisposable {
  readonly #order: HerdOrder;
  readonly #signal: AbortSignal;
  readonly #processes = new Set<HerdProcess>();
  readonly #terms = new Map<string, ToldTerm[]>();
  /** What has gone wrong with one of the processes. */
  #failed: Error | undefined;

  constructor(order: HerdOrder, signal: AbortSignal) {
    this.#order = order;
    this.#signal = signal;
  }

  /** Starts a process, which resolves when it can be told to stand. */
  async start(): Promise<HerdProcess> {
    this.#signal.throwIfAborted();
    const owned = await spawnOwned(
      process.execPath,
      ["--no-warnings", PROGRAM, JSON.stringify(this.#order)],
      { stdio: ["ignore", "ignore", "inherit", "ipc"] },
    );
    const asked: ((requests: readonly Request[]) => void)[] = [];
    const logs = new Map<string, Request[]>();
    const one: HerdProcess = {
      process: owned,
      isGone: false,
      call: (what) => owned.tell(what),
      requests: async (lease) => {
        const log = logs.get(lease) ?? [];
        logs.set(lease, log);
        const { promise, resolve } = Promise.withResolvers<readonly Request[]>();
        asked.push(resolve);
        owned.tell({ do: "requests", lease } satisfies HerdCall);
        for (const request of await promise) log.push(request);
        return log;
      },
    };
    this.#processes.add(one);
    let isReady = false;
    owned.child.on("message", (told: HerdTold) => {
      if (told.is === "ready") isReady = true;
      else if (told.is === "requests") asked.shift()?.(told.requests);
      else this.#hear(one, told);
    });
    void this.#watch(one);
    await this.until(() => isReady, STARTS_WITHIN_MS);
    if (!isReady) throw new Error("a herd's process does not start");
    return one;
  }

  /** The terms of a lease that began at or after a moment. */
  terms(lease: string, since = -Infinity): readonly ToldTerm[] {
    return (this.#terms.get(lease) ?? []).filter(({ from }) => from >= since);
  }

  /** How many terms of a lease began while another lasted. */
  overlaps(lease: string): number {
    const terms = this.terms(lease).toSorted((a, b) => a.from - b.from);
    return terms.filter(({ from }, nth) => terms.slice(0, nth).some(({ until = Infinity }) => until > from))
      .length;
  }

  /** Kills a process where it stands. Returns when; what it led is over then. */
  async kill(one: HerdProcess): Promise<number> {
    this.#processes.delete(one);
    one.isGone = true;
    const at = monotonicMs();
    await one.process.kill();
    for (const term of [...this.#terms.values()].flat()) if (term.by === one) term.until ??= monotonicMs();
    return at;
  }

  /** Waits until something holds, for so long at most. @throws when a process has failed, or the user has interrupted */
  async until(holds: () => boolean, withinMs: number): Promise<void> {
    const limit = monotonicMs() + withinMs;
    while (!holds() && monotonicMs() < limit) {
      this.#signal.throwIfAborted();
      if (this.#failed !== undefined) throw this.#failed;
      await delay(5);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes].map((one) => this.kill(one)));
  }

  /** A process that ends by itself has failed. */
  async #watch(one: HerdProcess): Promise<void> {
    const { code, signal } = await one.process.gone;
    if (!one.isGone) this.#failed = new Error(`a herd's process ended with ${signal ?? code}`);
  }

  #hear(by: HerdProcess, told: Extract<HerdTold, { is: "elected" | "ended" | "vacated" }>): void {
    const terms = this.#terms.get(told.lease) ?? [];
    this.#terms.set(told.lease, terms);
    if (told.is === "elected")
      return void terms.push({ token: told.token, from: told.at, until: undefined, isVacated: false, by });
    for (const term of terms) {
      if (term.token !== told.token) continue;
      if (told.is === "ended") term.until = told.at;
      else term.isVacated = true;
    }
  }
}
