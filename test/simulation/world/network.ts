import { LeaseError } from "../../../lib/core/errors.ts";
import { judgeRefusal, type ReadOutcome, type WriteOutcome } from "../../../lib/core/outcome.ts";
import type { CallOptions, LeaseStore, ListPage, RowsPage } from "../../../lib/core/ports.ts";
import type { EpochMs } from "../../../lib/core/units.ts";
import type { LeaseWrite } from "../../../lib/core/lease-write.ts";
import type { AnswerKind } from "../history.ts";
import type { Draws } from "./chance.ts";
import type { FaultKind } from "./faults.ts";
import type { SimProcess } from "./process.ts";
import { Queries } from "./queries.ts";
import type { World } from "./world.ts";

/** What an attempt of the SDK came to that brought no usable answer. */
type Failure = "throttled" | "error" | "reset";

/** One request under way: what to do at the service, and how to tell its sender. */
interface Request<T> {
  readonly id: number;
  readonly write: LeaseWrite | undefined;
  readonly signal: AbortSignal;
  /** Executes it, and returns what makes the answer once a front end puts its time on it. */
  readonly perform: () => (servedAt: EpochMs | undefined) => T;
  /** How long it takes at the service itself, in ms. */
  readonly takesMs?: () => number;
  readonly answer: (outcome: T) => void;
  readonly fail: (surelyNotApplied: boolean) => void;
}

const BACKOFF_MS = 25;
const SLOW_MS: readonly [number, number] = [200, 15_000];
/** A message that takes longer than this is late. */
const DELAYED_MS = 200;

/**
 * A process's way to the table: the SDK with its own retries, and a network that loses, delays, reorders and
 * doubles. What the process gives up waiting for is still under way.
 */
export class SimStore implements LeaseStore {
  readonly #world: World;
  readonly #process: SimProcess;
  readonly #draws: Draws;
  readonly #attempts: number;
  readonly #undated: number;
  readonly #queries: Queries | undefined;

  constructor(world: World, process: SimProcess) {
    this.#world = world;
    this.#process = process;
    this.#draws = world.chance.of(`${process.name}/network`);
    this.#attempts = this.#draws.pick([1, 2, 4]);
    this.#undated = this.#draws.happens(world.rate("no-date")) ? this.#draws.pick([0.3, 1]) : 0;
    this.#queries = world.scenario.group && new Queries(world, process, world.scenario.group);
  }

  write(write: LeaseWrite, { signal }: CallOptions): Promise<WriteOutcome> {
    const settled = this.#process.writeSetsOut();
    signal.addEventListener("abort", settled);
    return new Promise((resolve, reject) => {
      const perform = (): ((servedAt: EpochMs | undefined) => WriteOutcome) => {
        const { before, after } = this.#world.executed(this.#process, id, write, false);
        if (after === undefined) return (servedAt) => judgeRefusal(write, before, servedAt);
        const tokenBefore = before?.token ?? 0;
        return (servedAt) => ({ kind: "written", record: after, tokenBefore, servedAt });
      };
      const answer = (outcome: WriteOutcome): void => {
        this.#log(id, signal, outcome.kind, outcome.kind !== "unknown" && outcome.servedAt !== undefined);
        settled();
        resolve(outcome);
      };
      const fail = (surelyNotApplied: boolean): void => {
        this.#log(id, signal, surelyNotApplied ? "failed" : "unknown", false);
        settled();
        const cause = new LeaseError("STORE_UNAVAILABLE", "the simulated service gave no usable answer");
        if (surelyNotApplied) reject(cause);
        else resolve({ kind: "unknown", cause });
      };
      const id = this.#world.sent(this.#process, write);
      this.#attempt({ id, write, signal, perform, answer, fail }, 1, true);
    });
  }

  read(name: string, { signal }: CallOptions, row?: string): Promise<ReadOutcome> {
    const perform = (): ((servedAt: EpochMs | undefined) => ReadOutcome) => {
      const record = this.#world.service.table.get(name, row);
      return (servedAt) => ({ record, servedAt });
    };
    return this.#reading({ perform }, signal, false, row);
  }

  rows(name: string, prefix: string, { signal }: CallOptions, after?: string): Promise<RowsPage> {
    if (this.#queries !== undefined)
      return this.#reading(this.#queries.query(name, prefix, after), signal, true, prefix);
    const perform = (): ((servedAt: EpochMs | undefined) => RowsPage) => {
      const records = this.#world.service.table.auxiliaryRows(name, prefix);
      return (servedAt) => ({ records, servedAt });
    };
    return this.#reading({ perform }, signal, true);
  }

  async *list(): AsyncGenerator<ListPage, void, undefined> {
    yield { records: [], servedAt: undefined };
  }

  #reading<T extends { readonly servedAt: EpochMs | undefined }>(
    how: Pick<Request<T>, "perform" | "takesMs">,
    signal: AbortSignal,
    listing: boolean,
    of?: string,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const answer = (outcome: T): void => {
        this.#log(id, signal, "read", outcome.servedAt !== undefined);
        resolve(outcome);
      };
      const fail = (): void => {
        this.#log(id, signal, "read-failed", false);
        reject(new LeaseError("STORE_UNAVAILABLE", "the simulated service gave no usable answer"));
      };
      const id = this.#world.sent(this.#process, undefined, listing, of);
      this.#attempt({ id, write: undefined, signal, ...how, answer, fail }, 1, true);
    });
  }

  #attempt<T>(request: Request<T>, count: number, cleanSoFar: boolean): void {
    const { agenda, latency } = this.#world;
    const there = this.#process.lagMs + latency(this.#draws) + this.#slowness();
    const noticed = this.#draws.happens(0.5);
    const again = (how: Failure, afterMs: number): void =>
      this.#failed(request, count, cleanSoFar, how, afterMs);
    this.#duplicate(request, there);
    if (this.#process.cutOffUntil > agenda.now) return;
    if (request.write?.kind === "ring" && this.#befalls("lost-bell")) return;
    if (this.#befalls("request-lost")) {
      if (noticed) again("reset", there);
      return;
    }
    const arrive = (): void => {
      const back = latency(this.#draws) + this.#slowness();
      if (this.#befalls("throttled")) return again("throttled", back);
      if (this.#befalls("server-error")) return again("error", back);
      const stamp = request.perform();
      if (this.#befalls("server-error-applied")) return again("error", back);
      if (this.#befalls("response-lost")) {
        if (noticed) again("reset", back);
        return;
      }
      const dwell = this.#slowness() + (request.takesMs?.() ?? 0);
      agenda.in(dwell, () => {
        const outcome = stamp(this.#header());
        agenda.in(back, () => this.#process.deliver(() => request.answer(outcome)));
      });
    };
    // What still travels when faults stop is lost with them.
    if (there > DELAYED_MS) this.#world.latecomer(there, arrive);
    else agenda.in(there, arrive);
  }

  #failed<T>(request: Request<T>, count: number, cleanSoFar: boolean, how: Failure, afterMs: number): void {
    const { agenda } = this.#world;
    const clean = cleanSoFar && how === "throttled";
    if (how === "reset") this.#world.faults.add("connection-reset");
    agenda.in(afterMs, () =>
      this.#process.deliver(() => {
        if (request.signal.aborted) return;
        if (count >= this.#attempts) return request.fail(clean);
        this.#process.timer(BACKOFF_MS * count, () => {
          if (!request.signal.aborted) this.#attempt(request, count + 1, clean);
        });
      }),
    );
  }

  /** The network delivers a second copy, whose response goes nowhere. */
  #duplicate<T>(request: Request<T>, there: number): void {
    const { write, id } = request;
    if (write === undefined) return;
    const late = this.#befalls("late-duplicate");
    if (!late && !this.#befalls("duplicate")) return;
    const after = late ? this.#draws.between(10_000, 25_000) : this.#draws.spread(0.1, 5_000);
    this.#world.latecomer(there + after, () => {
      this.#world.executed(this.#process, id, write, true);
    });
  }

  #header(): EpochMs | undefined {
    if (this.#undated > 0 && this.#draws.happens(this.#undated)) {
      this.#world.faults.add("no-date");
      return undefined;
    }
    return this.#world.service.dateHeader();
  }

  #slowness(): number {
    return this.#befalls("slow") ? this.#draws.spread(...(this.#world.scenario.slowMs ?? SLOW_MS)) : 0;
  }

  #befalls(kind: FaultKind): boolean {
    const happens = this.#draws.happens(this.#world.rate(kind));
    if (happens) this.#world.faults.add(kind);
    return happens;
  }

  #log(request: number, signal: AbortSignal, answer: AnswerKind, dated: boolean): void {
    if (signal.aborted) return; // Its sender stopped waiting.
    this.#world.record({ kind: "answered", process: this.#process.name, request, answer, dated });
  }
}
