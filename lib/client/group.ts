import {
  GROUP_NAMES,
  type GroupOptions,
  parseShard,
  SHARD_NAMES,
  SHARD_TERM_NAMES,
  type ShardOptions,
} from "../core/group-options.ts";
import type { GroupStatus } from "../core/group-view.ts";
import { type Names, parseKnown, taken } from "../core/known.ts";
import { parseName, shardRow } from "../core/names.ts";
import type { TermSettings } from "../core/options.ts";
import type { LeaseState } from "../core/record.ts";
import type { ReleaseResult } from "../core/term.ts";
import { acquireBy } from "./acquiring.ts";
import type { ClientCore, Try } from "./client-core.ts";
import { groupStatus, listShards, readShard } from "./group-reading.ts";
import { sessionOptions, type ShardAcquireOptions, shardSettings, shardTries } from "./group-session.ts";
import { runTry } from "./guarded-run.ts";
import type { LeaseIterator } from "./iteration.ts";
import type { Lease } from "./lease.ts";
import {
  type Asked,
  forceRelease,
  type ForcedRelease,
  requestStepDown,
  rewindTick,
  type RewoundTick,
  type StepDownRequest,
} from "./operating.ts";
import { observeReading, type ObserveOptions } from "./reading.ts";
import type { AcquireResult, RunResult } from "./results.ts";
import { Session, type SessionOptions } from "./session.ts";
import { Worker, type WorkerOptions } from "./worker.ts";

/** Options of `Group.run`. */
export interface ShardRunOptions extends ShardOptions {
  /** Asks the work to stop: `lease.signal` is aborted; the shard is held until the work has settled. */
  readonly signal?: AbortSignal | undefined;
}

const ACQUIRE_NAMES: Names<ShardAcquireOptions> = {
  ...SHARD_TERM_NAMES,
  signal: true,
  timeoutMs: true,
  troubleLimitMs: true,
};
const RUN_NAMES: Names<ShardRunOptions> = { ...SHARD_NAMES, signal: true };

/**
 * Leases under one name, its shards, which this process holds through one session: it renews one row, however many it holds. When the
 * session ends, all of them end.
 *
 * The session is opened when a shard is claimed, and closed with the last one that is released.
 */
export class Group implements AsyncDisposable {
  /** The group's name: the partition key of all its rows. */
  readonly name: string;
  readonly #core: ClientCore;
  readonly #options: GroupOptions;
  readonly #sessionOptions: SessionOptions;
  readonly #plain: TermSettings;
  #made: Session | undefined;

  /** Made by `LeaseClient.group`. */
  constructor(core: ClientCore, name: string, options: GroupOptions) {
    core.life.assertOpen();
    parseKnown(options, GROUP_NAMES, "group");
    this.name = parseName(name);
    this.#core = core;
    this.#options = taken(options, GROUP_NAMES);
    this.#plain = shardSettings(core, options, {});
    this.#sessionOptions = sessionOptions(core, this.name, options);
  }

  /** The id that this process holds the group's shards by. */
  get id(): string {
    return this.#session.id;
  }

  /**
   * Tries once to lead a shard. 1 request when it is vacant. When it is held, 1, and 1 more for its session unless that was read within half
   * a `retryIntervalMs`. One more
   * to end a dead session, for all of its shards, and 1 to take the shard over. The first claim opens the session: 1 more. While the
   * session before it, of this process or of its declared-stable id, is closed for its lock-delay, every shard is refused as `held`,
   * and `state` is that of the session.
   *
   * @throws {LeaseError} as `LeaseClient.tryAcquire`. A claim that nobody answered is settled while the session lasts: it never holds the
   *   shard without being told of
   */
  async tryAcquire(shard: string, options: ShardOptions = {}): Promise<AcquireResult> {
    parseKnown(options, SHARD_NAMES, "tryAcquire");
    return this.#tries(shard, options)("claim");
  }

  /**
   * Waits until it leads a shard, as `LeaseClient.acquire`. The process runs, and its session is renewed, until it is released.
   * @throws {LeaseError} as `LeaseClient.acquire`
   */
  async acquire(shard: string, options: ShardAcquireOptions = {}): Promise<Lease> {
    parseKnown(options, ACQUIRE_NAMES, "acquire");
    const { signal: _, timeoutMs: __, troubleLimitMs: ___, ...asked } = options;
    return acquireBy(this.#core, this.#tries(shard, asked), this.name, options);
  }

  /**
   * Does the work if it can lead a shard, at once or not at all, as `LeaseClient.run`.
   * @throws {LeaseError} as `LeaseClient.run`
   */
  async run<T>(
    shard: string,
    work: (lease: Lease) => Promise<T>,
    options: ShardRunOptions = {},
  ): Promise<RunResult<T>> {
    parseKnown(options, RUN_NAMES, "run");
    const { signal, ...asked } = options;
    return runTry(this.#core, this.#tries(shard, asked), this.name, work, signal);
  }

  /**
   * Makes a worker: it leads its share of the group's shards, as long as it runs. It has a session of its own.
   * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound; CLIENT_CLOSED
   */
  worker(options: WorkerOptions): Worker {
    return new Worker(this.#core, this.name, this.#options, options);
  }

  /**
   * Reads a shard, strongly consistent: 1 request, and 1 for its holder's session.
   * @throws {LeaseError} as `LeaseClient.tryAcquire`
   */
  async get(shard: string): Promise<LeaseState> {
    return readShard(this.#core, this.name, parseShard(shard));
  }

  /**
   * Follows a shard, as `LeaseClient.observe`: at most 2 requests each time. Renewals are the session's, and no change of the shard.
   * @throws {LeaseError} as `LeaseClient.observe`
   */
  observe(shard: string, options: ObserveOptions = {}): LeaseIterator {
    parseShard(shard);
    return observeReading(this.#core, this.name, options, () => readShard(this.#core, this.name, shard));
  }

  /**
   * Reads all shards that were ever led, in the order of their names: 1 request for each megabyte of the group.
   * @throws {LeaseError} as `LeaseClient.tryAcquire`
   */
  async list(): Promise<readonly LeaseState[]> {
    return listShards(this.#core, this.name);
  }

  /**
   * Reads who leads what, and how the shards are shared: 1 request for each megabyte of the group.
   * @param options.shards all shards that there should be: those that nobody ever led are told, too, and those that are none any more are
   *   not, unless somebody leads them. Without it, all that have a row
   * @throws {LeaseError} as `LeaseClient.tryAcquire`
   */
  async status(options: { readonly shards?: readonly string[] | undefined } = {}): Promise<GroupStatus> {
    parseKnown(options, { shards: true }, "status");
    return groupStatus(this.#core, this.name, options.shards);
  }

  /**
   * Asks whoever leads a shard to hand it over, as `LeaseClient.requestStepDown`, and has it look at once: 3 requests.
   * @throws {LeaseError} as `LeaseClient.requestStepDown`
   */
  async requestStepDown(shard: string, options: StepDownRequest = {}): Promise<Asked> {
    return requestStepDown(this.#core, this.name, options, shardRow(parseShard(shard)));
  }

  /**
   * Vacates a shard, whoever holds it, as `LeaseClient.forceRelease`, and has its holder look at once: 3 requests. Should that message
   * be lost, the holder learns of it within a minute. Until then **it and its successor both believe that they lead**.
   * @throws {LeaseError} as `LeaseClient.forceRelease`
   */
  async forceRelease(shard: string): Promise<ForcedRelease> {
    return forceRelease(this.#core, this.name, shardRow(parseShard(shard)));
  }

  /**
   * Sets the last tick of a shard back, as `LeaseClient.rewindTick`.
   * @throws {LeaseError} as `LeaseClient.rewindTick`
   */
  async rewindTick(shard: string, lastTick?: string | Date): Promise<RewoundTick> {
    return rewindTick(this.#core, this.name, lastTick, shardRow(parseShard(shard)));
  }

  /**
   * Releases every shard that this group holds, with one write, and one more for each whose release has something to say (a tick, a minimum hold, an
   * affinity). The group can be used on. Its workers are not closed: they have sessions of their own.
   */
  async close(): Promise<ReleaseResult> {
    return this.#session.release();
  }

  /** Closes the group. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Its id is drawn when it is first needed, so that processes which start from one image of a memory do not share it. */
  get #session(): Session {
    return (this.#made ??= new Session(this.#core, this.#sessionOptions));
  }

  #tries(shard: string, asked: ShardOptions): Try {
    parseShard(shard);
    const isPlain = Object.values(asked).every((value) => value === undefined);
    const settings = isPlain ? this.#plain : shardSettings(this.#core, this.#options, asked);
    return shardTries(this.#session, shard, settings);
  }
}
