import { type GroupOptions, parseWorker, WORKER_NAMES, type WorkerSettings } from "../core/group-options.ts";
import { parseFunction } from "../core/callable.ts";
import { invalid, isPassing, LeaseError } from "../core/errors.ts";
import { type Names, parseKnown, taken } from "../core/known.ts";
import type { TermSettings } from "../core/options.ts";
import { AFTER_FAILURE_MS } from "./campaign.ts";
import type { ClientCore } from "./client-core.ts";
import { sessionOptions, shardSettings } from "./group-session.ts";
import type { Lease } from "./lease.ts";
import { Session, type SessionOptions } from "./session.ts";
import { ShardList } from "./shard-list.ts";
import { follows, makeWakeup, pause } from "./waiting.ts";
import { WorkerLook } from "./worker-look.ts";
import { WorkerShards } from "./worker-shards.ts";

/** Options of `Group.worker`. */
export interface WorkerOptions extends WorkerSettings {
  /**
   * Told when the work of a shard threw: the shard is given up, and this worker does not claim it again for a while. What
   * it throws or rejects with is dropped.
   * @default - the event `workFailed` alone
   */
  readonly onWorkFailed?: ((error: unknown, shard: string) => unknown) | undefined;
}

const NAMES: Names<WorkerOptions> = { ...WORKER_NAMES, onWorkFailed: true };

/** What a worker is about. */
export interface WorkerStatus {
  /** `idle`: it does not run. `working`: it takes part. `leaving`: it was told to stop, and its work has not. */
  readonly state: "idle" | "working" | "leaving";
  /** The shards that it leads, by name. */
  readonly shards: readonly string[];
  /** The shards that work goes on for, led or not: work that was told to stop may take its time. */
  readonly working: readonly string[];
  /** The last error of a look at the group, until a look succeeds; `undefined` for none. */
  readonly lastError: unknown;
}

/**
 * A worker of a group: it leads its share of the shards, and does the work of each that it leads. Workers that come are given their
 * share, and what workers that go have led is taken over.
 *
 * It renews one session, whatever it leads, and looks once per `retryIntervalMs` who is there.
 */
export class Worker {
  /** The group that it works for. */
  readonly name: string;
  readonly #core: ClientCore;
  readonly #options: WorkerOptions;
  readonly #settings: ReturnType<typeof parseWorker>;
  readonly #shardTerm: TermSettings;
  readonly #sessionOptions: SessionOptions;
  #made: Session | undefined;
  #works: WorkerShards | undefined;
  #state: WorkerStatus["state"] = "idle";
  #lastError: unknown;

  /** Made by `Group.worker`. */
  constructor(core: ClientCore, name: string, group: GroupOptions, options: WorkerOptions) {
    core.life.assertOpen();
    parseKnown(options, NAMES, "worker");
    if (options === undefined)
      throw invalid("worker needs the option shards: an array of names, or a function");
    const { id, drainMs, reserveForMs } = options;
    this.name = name;
    this.#core = core;
    this.#options = taken(options, NAMES);
    this.#settings = parseWorker(options);
    parseFunction(options.onWorkFailed, "onWorkFailed");
    this.#shardTerm = shardSettings(core, group, { drainMs, reserveForMs });
    const { weight, maxShards } = this.#settings;
    this.#sessionOptions = sessionOptions(core, name, { ...group, id }, { weight, maxShards });
  }

  /** Its id: the holder of its shards. */
  get id(): string {
    return this.#session.id;
  }

  /** What it is about. Sends nothing. */
  get status(): WorkerStatus {
    const led = [...(this.#made?.shards ?? [])].filter(([, lease]) => lease.isHeld());
    return {
      state: this.#state,
      shards: led.map(([shard]) => shard).sort(),
      working: [...(this.#works?.names ?? [])].sort(),
      lastError: this.#lastError,
    };
  }

  /**
   * Takes part until the signal is aborted: leads its share of the shards, and calls `work` once for each time that it leads one. Then
   * every work is asked to come to an end (`lease.handover`), and told to (`lease.signal`) after `drainMs`; once all have settled,
   * one write frees all shards, and `run` resolves. Where some work takes longer than `retryIntervalMs`, the shards of the works that
   * have ended by then are released, one write each, so that others need not wait for it; those of works that end later a quarter
   * of a second after.
   *
   * Work that returns, or throws, gives its shard up. This worker leaves it to others for a while: 2 to 4 s, and after work that
   * throws again and again up to a minute. Work that was told to stop may throw what it likes.
   *
   * @throws {LeaseError} INVALID_ARGUMENT while it runs already; TABLE_NOT_FOUND, ACCESS_DENIED and the like from the first request;
   *   any error of the store that has lasted for `troubleLimitMs`
   * @throws what the function `shards` throws, the first time that it is asked; later that is trouble that may pass
   */
  async run(
    work: (lease: Lease) => Promise<unknown>,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    parseKnown(options, { signal: true }, "run");
    if (typeof work !== "function") throw invalid("work must be a function");
    if (this.#state !== "idle") {
      const message = `group "${this.name}": this worker runs already; make another for another run`;
      throw new LeaseError("INVALID_ARGUMENT", message, { lease: this.name });
    }
    this.#core.life.assertOpen();
    this.#state = "working";
    const ender = new AbortController();
    const unfollow = follows(ender, options.signal);
    const forget = this.#core.life.onClose(() => ender.abort());
    try {
      await this.#session.keepOpen(() => this.#work(work, ender.signal));
    } finally {
      this.#state = "idle";
      forget();
      unfollow();
    }
  }

  get #session(): Session {
    return (this.#made ??= new Session(this.#core, this.#sessionOptions));
  }

  async #work(work: (lease: Lease) => Promise<unknown>, ended: AbortSignal): Promise<void> {
    const session = this.#session;
    const wakeup = makeWakeup();
    const works = new WorkerShards(session, work, this.#options.onWorkFailed, () => look.soon());
    const look = new WorkerLook(session, works, this.#shardTerm, wakeup);
    this.#works = works;
    const leave = (): void => {
      this.#state = "leaving";
      works.endAll();
    };
    ended.addEventListener("abort", leave);
    session.onBell = () => look.soon();
    try {
      await this.#lookOnAndOn(look, wakeup, ended);
    } finally {
      leave();
      session.onBell = undefined; // Nobody looks at the group any more, and the session looks at its own shards.
      await works.idle();
      await session.release();
    }
  }

  /** Looks until it has to stop. What fails is tried again, for as long as that may pass. */
  async #lookOnAndOn(
    look: WorkerLook,
    wakeup: ReturnType<typeof makeWakeup>,
    ended: AbortSignal,
  ): Promise<void> {
    const { clock, life, timing } = this.#core;
    const { shardsIntervalMs, troubleLimitMs } = this.#settings;
    const list = new ShardList(this.#session, this.#options.shards, shardsIntervalMs, () => look.soon());
    let hasLooked = false;
    let failingFrom: number | undefined;
    while (!ended.aborted) {
      let waitMs = timing.retryIntervalMs;
      try {
        const wanted = await list.now(ended);
        // Whole looks are waited for when the client closes: a claim may wait its turn, with a timer, and send nothing.
        waitMs = await life.track(() => look.make(wanted, ended));
        hasLooked = true;
        failingFrom = undefined;
        this.#lastError = undefined;
      } catch (error) {
        if (ended.aborted) return;
        this.#lastError = error;
        // That its session is served says nothing of its looks: a grant may allow the one and not the other.
        if (!isPassing(error, hasLooked)) throw error;
        failingFrom ??= clock.now().mono;
        if (clock.now().mono - failingFrom >= troubleLimitMs) throw error;
        look.atAll();
        waitMs = Math.min(waitMs, AFTER_FAILURE_MS);
      }
      await pause(clock, Math.max(1, waitMs), ended, wakeup);
    }
  }
}
