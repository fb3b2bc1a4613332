import {
  GROUP_NAMES,
  type GroupOptions,
  parsePermits,
  SHARD_TERM_NAMES,
  type ShardTermOptions,
} from "../core/group-options.ts";
import { sighted } from "../core/evidence.ts";
import { sessionBehind } from "../core/group-view.ts";
import { type Names, parseKnown, taken } from "../core/known.ts";
import { parseName, sessionRow, shardOf } from "../core/names.ts";
import { opens, untilEvidenceMs } from "../core/next-move.ts";
import { type LeaseRecord, type LeaseState, stateOf } from "../core/record.ts";
import type { TermSettings } from "../core/options.ts";
import type { ReleaseResult } from "../core/term.ts";
import type { Reading } from "../core/units.ts";
import { acquireBy } from "./acquiring.ts";
import { unlessInvalid } from "./burying.ts";
import type { ClientCore, Try } from "./client-core.ts";
import { sessionOptions, type ShardAcquireOptions, shardSettings, shardTries } from "./group-session.ts";
import { groupStatus, lookAtGroup } from "./group-reading.ts";
import { runTry } from "./guarded-run.ts";
import type { Lease } from "./lease.ts";
import type { AcquireResult, RunResult } from "./results.ts";
import { Session, type SessionOptions } from "./session.ts";
import { aborted, type Within } from "./waiting.ts";

/** Options of `LeaseClient.semaphore`. */
export interface SemaphoreOptions extends GroupOptions, ShardTermOptions {
  /** How many may hold it at a time: 1 to 10,000. **The same in every process**; see `Semaphore`. */
  readonly permits: number;
}

const NAMES: Names<SemaphoreOptions> = { ...GROUP_NAMES, ...SHARD_TERM_NAMES, permits: true };
const ACQUIRE_NAMES = { signal: true, timeoutMs: true, troubleLimitMs: true } as const;

/** Options of `Semaphore.tryAcquire`. */
export interface PermitTryOptions {
  /**
   * The longest that the permit may be held, in ms: 1,000 or more. Its term then ends as `expired`, and the permit is released, whatever
   * the work does: one more may have it.
   * @default - no limit
   */
  readonly termLimitMs?: number | undefined;
}

/** Options of `Semaphore.acquire`. */
export type PermitAcquireOptions = Pick<ShardAcquireOptions, "signal" | "timeoutMs" | "troubleLimitMs">;

/**
 * At most so many at a time: a group of as many permits as `permits` says, each a shard of which any will do, with a fencing token of its
 * own.
 *
 * Nobody queues: whoever looks first after a release has the permit. The first wait of each is a random part of `retryIntervalMs`, so it is
 * fair on average, and promises no order. While processes disagree about `permits`, the largest number counts.
 */
export class Semaphore implements AsyncDisposable {
  /** The semaphore's name: a group's. */
  readonly name: string;
  /** How many may hold it at a time. */
  readonly permits: number;
  readonly #core: ClientCore;
  readonly #options: SemaphoreOptions;
  readonly #sessionOptions: SessionOptions;
  readonly #plain: TermSettings;
  #made: Session | undefined;

  /** Made by `LeaseClient.semaphore`. */
  constructor(core: ClientCore, name: string, options: SemaphoreOptions) {
    core.life.assertOpen();
    parseKnown(options, NAMES, "semaphore");
    this.name = parseName(name);
    this.permits = parsePermits(options?.permits);
    this.#core = core;
    this.#options = taken(options, NAMES);
    this.#plain = shardSettings(core, options, this.#asked);
    this.#sessionOptions = sessionOptions(core, this.name, options);
  }

  /**
   * Tries once to have a permit: 1 read of all permits, and what `Group.tryAcquire` takes for one that is free.
   * @throws {LeaseError} as `Group.tryAcquire`
   */
  async tryAcquire(options: PermitTryOptions = {}): Promise<AcquireResult> {
    parseKnown(options, { termLimitMs: true }, "tryAcquire");
    return this.#tries(options.termLimitMs)("claim");
  }

  /**
   * Waits until it has a permit. It looks once per `retryIntervalMs`, and when the session of a holder could be over.
   * The process runs, and keeps the permit, until it is released.
   * @throws {LeaseError} as `LeaseClient.acquire`
   */
  async acquire(options: PermitAcquireOptions = {}): Promise<Lease> {
    parseKnown(options, ACQUIRE_NAMES, "acquire");
    return acquireBy(this.#core, this.#tries(), this.name, options);
  }

  /**
   * Does the work if it can have a permit, at once or not at all, as `LeaseClient.run`.
   * @throws {LeaseError} as `LeaseClient.run`
   */
  async run<T>(
    work: (lease: Lease) => Promise<T>,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<RunResult<T>> {
    parseKnown(options, { signal: true }, "run");
    return runTry(this.#core, this.#tries(), this.name, work, options.signal);
  }

  /**
   * Reads who has which permit: 1 request. It tells of each of its permits, and of one above their number while somebody has it whose
   * number is larger, or was: that is one more than this process would let in. Other shards of the group are no permits.
   * @throws {LeaseError} as `LeaseClient.get`
   */
  async list(): Promise<readonly LeaseState[]> {
    const { shards } = await groupStatus(this.#core, this.name, this.#names);
    return shards.filter(({ shard = "" }) => /^permit-\d{5}$/.test(shard));
  }

  /** Releases every permit that this semaphore holds, with one write. It can be used on. */
  async close(): Promise<ReleaseResult> {
    return this.#session.release();
  }

  /** Closes the semaphore. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #session(): Session {
    return (this.#made ??= new Session(this.#core, this.#sessionOptions));
  }

  get #names(): readonly string[] {
    return Array.from({ length: this.permits }, (_, nth) => permitName(nth));
  }

  get #asked(): ShardTermOptions {
    const { drainMs, reserveForMs, holdAtLeastMs, affinity, affinityMs } = this.#options;
    return { drainMs, reserveForMs, holdAtLeastMs, affinity, affinityMs };
  }

  /** Returns what tries once, for permits that are held for so long at most. */
  #tries(termLimitMs?: number): Try {
    const core = this.#core;
    const settings =
      termLimitMs === undefined
        ? this.#plain
        : shardSettings(core, this.#options, { ...this.#asked, termLimitMs });
    return async (_, within = {}) => {
      core.life.assertOpen();
      const from = core.clock.now();
      // One session for all that is tried: a claim that is refused does not close it. And one try: a client is not closed in the midst of it.
      return core.life.track(() => this.#session.keepOpen(() => this.#tryEach(settings, from, within)));
    };
  }

  /** Looks at all permits, then tries those that may be free: vacant ones first, and in a random order, so that two do not try the same. */
  async #tryEach(settings: TermSettings, from: Reading, within: Within): ReturnType<Try> {
    const { clock, memory, random } = this.#core;
    const session = this.#session;
    const view = await lookAtGroup(this.#core, this.name, "", session.id);
    const rank = (record: LeaseRecord | undefined): number => {
      if (record?.holder === undefined) return record?.reservedFor === undefined ? 0 : 1;
      // What a process of before has held under this declared-stable id is over once this one has its session.
      const before = view.sessions.get(session.id)?.record;
      const isOwn = record.holder === session.id && session.term === undefined && before && opens(before);
      return isOwn || sessionBehind(view, record) === undefined ? 2 : 3;
    };
    const free = this.#names
      .map((shard) => ({ shard, rank: rank(view.shards.get(shard)), chance: random.fraction() }))
      .filter(({ shard, rank: of }) => of < 3 && !session.leads(shard))
      .sort((a, b) => a.rank - b.rank || a.chance - b.chance);
    let refusal: Awaited<ReturnType<Try>> | undefined;
    let broken: unknown;
    for (const { shard, rank: of } of free) {
      if (within.signal?.aborted) throw aborted(this.name, within.signal);
      // Who waits no longer has tried once at least.
      if (refusal !== undefined && clock.now().mono >= (within.until ?? Infinity)) break;
      const tryOnce = shardTries(session, shard, settings, from);
      // The look has shown it: one that is kept for another, or whose session may last, costs no read of its own.
      const record = view.shards.get(shard);
      const seen =
        record && sighted(memory.sighting(record.name, record.row), record, clock.now(), undefined);
      const came = await tryOnce(of === 0 || seen === undefined ? "claim" : seen, within).catch(
        (error: unknown) => {
          // A permit whose row somebody edited by hand is no reason to have none.
          unlessInvalid(error);
          broken = error;
        },
      );
      if (came === undefined) continue;
      if (came.kind === "acquired") return came;
      if (refusal?.kind !== "refused" || came.retryAfterMs < refusal.retryAfterMs) refusal = came;
      // Its own session is closed for its lock-delay, and so is every permit.
      if (session.term === undefined && came.state.holder === session.id) break;
    }
    if (refusal === undefined && broken !== undefined) throw broken;
    return refusal ?? this.#full(this.#names.flatMap((shard) => view.shards.get(shard) ?? []));
  }

  /** Nobody can have one before a holder releases, or the first of their sessions could be over. */
  #full(permits: readonly LeaseRecord[]): Awaited<ReturnType<Try>> {
    const { clock, exchange, memory, timing } = this.#core;
    const { id } = this.#session;
    let soonest: LeaseRecord | undefined;
    let retryAfterMs = timing.durationMs;
    for (const record of permits) {
      const { holder } = record;
      const seen = holder === undefined ? undefined : memory.sighting(this.name, sessionRow(holder));
      if (seen === undefined || holder === id) continue;
      const leftMs = untilEvidenceMs(seen, clock.now(), exchange.estimate(), timing);
      if (soonest !== undefined && leftMs >= retryAfterMs) continue;
      soonest = record;
      retryAfterMs = leftMs;
    }
    const record = soonest ?? permits.find(({ holder }) => holder !== undefined);
    const state = stateOf(this.name, record, false, shardOf(record?.row));
    const { shard, holder: leader, token: leaderToken } = state;
    const about = { lease: this.name, holder: id, ...(shard === undefined ? {} : { shard }) };
    this.#core.emit("refused", { ...about, reason: "held", leader, leaderToken, retryAfterMs });
    return { kind: "refused", reason: "held", state, retryAfterMs };
  }
}

/** What the permits are called: their order by name is that of their numbers. */
const permitName = (nth: number): string => `permit-${String(nth + 1).padStart(5, "0")}`;
