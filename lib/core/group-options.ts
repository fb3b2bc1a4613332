import { invalid } from "./errors.ts";
import type { Names } from "./known.ts";
import { MAX_SHARD_BYTES, parseText } from "./names.ts";
import { parseTimeout, TICK_NAMES, type TermOptions, type TickOptions } from "./options.ts";
import { LEAST_WEIGHT } from "./shares.ts";
import { parseWholeMs, show } from "./timing.ts";

/** How a process takes part in a group: its session is a lease, and these are what a lease's term can be asked. */
export interface GroupOptions
  extends Pick<TermOptions, "durationMs" | "renewIntervalMs" | "lockDelayMs" | "holder"> {
  /**
   * A **declared-stable** id: that of whatever process runs here next, too; see `ElectionOptions.id`. A process that restarts within
   * the session takes it over with a higher token, and has its shards back at once, with new tokens; after its `lockDelayMs`, if that
   * session had one. **One group, worker or semaphore
   * at a time may have it**, in one process too: a second one takes the session of the first over.
   * @default - the label and a random part, different in every group
   */
  readonly id?: string | undefined;
}

/** The names of {@link GroupOptions}; see `parseKnown`. */
export const GROUP_NAMES: Names<GroupOptions> = {
  durationMs: true,
  renewIntervalMs: true,
  lockDelayMs: true,
  holder: true,
  id: true,
};

/**
 * What may be asked of the term of one shard. How long it lasts, how it is renewed and its lock-delay are its session's.
 */
export interface ShardTermOptions
  extends Pick<TermOptions, "drainMs" | "reserveForMs" | "holdAtLeastMs" | "affinity" | "affinityMs"> {}

/** The names of {@link ShardTermOptions}. */
export const SHARD_TERM_NAMES: Names<ShardTermOptions> = {
  drainMs: true,
  reserveForMs: true,
  holdAtLeastMs: true,
  affinity: true,
  affinityMs: true,
};

/** Options of `Group.tryAcquire`. */
export interface ShardOptions extends ShardTermOptions, TickOptions {}

/** The names of {@link ShardOptions}. */
export const SHARD_NAMES: Names<ShardOptions> = { ...SHARD_TERM_NAMES, ...TICK_NAMES };

/** Most permits that a semaphore has. */
const MAX_PERMITS = 10_000;

/**
 * Checks the name of a shard.
 * @throws {LeaseError} INVALID_ARGUMENT unless it is a string of 1 to 512 bytes
 */
export function parseShard(shard: unknown, option = "shard"): string {
  return parseText(shard, option, MAX_SHARD_BYTES);
}

/**
 * Checks how many may hold a semaphore.
 * @throws {LeaseError} INVALID_ARGUMENT unless it is a whole number from 1 to 10,000
 */
export function parsePermits(permits: unknown): number {
  if (Number.isInteger(permits) && (permits as number) >= 1 && (permits as number) <= MAX_PERMITS)
    return permits as number;
  throw invalid(`permits must be a whole number from 1 to ${MAX_PERMITS}, not ${show(permits)}`);
}

/** Which shards there are: a list, or what is asked for it again and again. */
export type ShardSource = readonly string[] | (() => readonly string[] | Promise<readonly string[]>);

/** How a worker takes part in a group. */
export interface WorkerSettings extends Pick<ShardTermOptions, "drainMs" | "reserveForMs"> {
  /** All shards of the group: the same in every worker. A function is asked again every `shardsIntervalMs`, and may be async. */
  readonly shards: ShardSource;
  /**
   * How often a function of `shards` is asked, in ms: 50 to a day. It is asked at a look, so no oftener than every `retryIntervalMs`. One
   * that has not answered by then, and for 10 s at least, is asked anew.
   * @default 60_000
   */
  readonly shardsIntervalMs?: number | undefined;
  /**
   * How large its share is, in proportion to the other workers': 1e-12 to 1,000.
   * @default 1
   */
  readonly weight?: number | undefined;
  /**
   * How many shards it leads at most: 0 to 1e6.
   * @default - any number
   */
  readonly maxShards?: number | undefined;
  /**
   * A **declared-stable** id; see `GroupOptions.id`. A worker that restarts has its shards back at once.
   * @default - the label and a random part
   */
  readonly id?: string | undefined;
  /**
   * How long the store may be out of reach, or refuse to serve, before `run` ends with its error, in ms: 0 to a week.
   * @default - as long as it takes
   */
  readonly troubleLimitMs?: number | undefined;
}

/** The names of {@link WorkerSettings}; see `parseKnown`. */
export const WORKER_NAMES: Names<WorkerSettings> = {
  shards: true,
  shardsIntervalMs: true,
  weight: true,
  maxShards: true,
  id: true,
  drainMs: true,
  reserveForMs: true,
  troubleLimitMs: true,
};

const MAX_WEIGHT = 1_000;
const MAX_SHARDS = 1_000_000;

/**
 * Checks how a worker is to take part.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
 */
export function parseWorker(options: WorkerSettings) {
  const { shards, weight = 1, maxShards = Infinity } = options;
  if (typeof shards !== "function") parseShards(shards);
  if (typeof weight !== "number" || !(weight >= LEAST_WEIGHT && weight <= MAX_WEIGHT))
    throw invalid(`weight must be a number from ${LEAST_WEIGHT} to ${MAX_WEIGHT}, not ${show(weight)}`);
  if (maxShards !== Infinity && !(Number.isInteger(maxShards) && maxShards >= 0 && maxShards <= MAX_SHARDS))
    throw invalid(`maxShards must be a whole number from 0 to ${MAX_SHARDS}, not ${show(maxShards)}`);
  return {
    weight,
    maxShards: maxShards === Infinity ? undefined : maxShards,
    shardsIntervalMs: parseWholeMs(options.shardsIntervalMs, "shardsIntervalMs", 60_000, 50, 86_400_000),
    troubleLimitMs: parseTimeout(options.troubleLimitMs, "troubleLimitMs"),
  };
}

/**
 * Checks a list of shards.
 * @throws {LeaseError} INVALID_ARGUMENT unless it is an array of different names
 */
export function parseShards(shards: unknown): readonly string[] {
  if (!Array.isArray(shards))
    throw invalid(`shards must be an array of names, or a function that makes one, not ${show(shards)}`);
  const names = shards.map((shard, nth) => parseShard(shard, `shards[${nth}]`));
  if (new Set(names).size < names.length)
    throw invalid(
      `shards must not name a shard twice: "${names.find((name, nth) => names.indexOf(name) < nth)}"`,
    );
  return names;
}
