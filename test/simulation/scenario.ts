import type { FaultRates } from "./world/faults.ts";

/** How a candidate behaves. */
export type RoleKind =
  | "campaign"
  | "poll"
  | "schedule"
  | "stand"
  | "operate"
  /** Of a group: a worker, a process that is none and holds shards, one that wants permits, an operator. */
  | "work"
  | "hold"
  | "permit"
  | "operate-group";

/** Some candidates of one kind. */
export interface Role {
  readonly role: RoleKind;
  /** How many hosts play it. */
  readonly hosts: number;
  /** Whether the hosts freeze as Lambda environments do, monotonic clock included. @default false */
  readonly freezes?: boolean;
  /** How long each rests between two terms, at least and at most, in ms. @default - up to a term's duration */
  readonly restMs?: readonly [number, number];
  /** How often each begins a new process, or a new client, instead of going on with the old. @default 0.1 */
  readonly forgetful?: number;
  /** The share of terms that only their holder's own calls renew. @default 0.15 */
  readonly manual?: number;
  /** The share of those that are kept until they run out, never renewed. @default 0.2 */
  readonly lingering?: number;
  /** The share of terms that have a `termLimitMs`. @default 0.15 */
  readonly limited?: number;
  /** The share of hosts that declare an id stable: whatever process runs there next has it, too. @default 0 */
  readonly stable?: number;
  /** What each host picks its priority from. @default [0] */
  readonly priorities?: readonly number[];
  /** How many labels the hosts share between them, as regions do: their terms have that affinity. @default - none */
  readonly regions?: number;
  /** How often an operator frees the lease by force instead of asking for it. @default 0 */
  readonly force?: number;
  /** What each worker's host picks its weight from. @default [1] */
  readonly weights?: readonly number[];
  /** What each worker's host picks the number of shards from that it leads at most. @default [Infinity] */
  readonly caps?: readonly number[];
  /** How long a worker stays before it leaves, at least and at most, in ms. @default - until it dies */
  readonly stayMs?: readonly [number, number];
  /** How soon a worker comes at first, and comes back after it has left, at least and at most, in ms. @default [50, 10_000] */
  readonly awayMs?: readonly [number, number];
  /** How often the work of a shard ends, or throws, before it is told to. @default 0.2 */
  readonly fickle?: number;
}

/** A group of shards, or of permits, that a world is about. */
export interface GroupWorld {
  /** What each history picks the number of shards from. */
  readonly shards: readonly number[];
  /** What each process picks the number of permits from. @default - nobody asks for permits */
  readonly permits?: readonly number[];
  /** How many rows a page of a query has at most, picked by each process. @default [1_000] */
  readonly pageRows?: readonly number[];
}

/** What each host picks the tenure of its terms from, in ms. */
export interface TenureRanges {
  readonly holdAtLeastMs?: readonly number[];
  readonly lockDelayMs?: readonly number[];
  readonly reserveForMs?: readonly number[];
  readonly drainMs?: readonly number[];
  readonly minTermMs?: readonly number[];
  readonly affinityMs?: readonly number[];
  /** The share of a duration that a term of the host asks for. @default [1] */
  readonly lengths?: readonly number[];
}

/** A world and who lives in it, as data. */
export interface Scenario {
  readonly name: string;
  /** What it is for. */
  readonly about: string;
  /** How long faults go on, in ms. */
  readonly lengthMs: number;
  readonly roles: readonly Role[];
  readonly rates: FaultRates;
  /** Whether each history picks which faults rage and which rest, so that rare meetings happen. @default true */
  readonly weather?: boolean;
  /** What each history picks its timing from. */
  readonly timing: {
    readonly durationMs: readonly number[];
    readonly retryIntervalMs: readonly number[];
    /** δ; the grace is the least that it allows. */
    readonly serviceClockErrorMs: readonly number[];
    /** How much of the duration a request may take. @default - the library's own */
    readonly requestTimeoutShare?: number;
    /** ρ. */
    readonly clockDriftRatio: readonly number[];
  };
  /** @default - the library's own */
  readonly tenure?: TenureRanges;
  /** Time between occurrences of the schedule, in ms. @default 30_000 */
  readonly tickEveryMs?: number;
  /** The share of occurrences that never come, so that there are long silences. @default 0 */
  readonly skippedTicks?: number;
  /** The least and the most that an undelayed message takes, in ms. @default [1, 30] */
  readonly latencyMs?: readonly [number, number];
  /** How far a wrong wall clock is off, at least and at most, in ms. @default [200, 300_000] */
  readonly wallErrorMs?: readonly [number, number];
  /** How much longer a slow message takes, at least and at most, in ms. @default [200, 15_000] */
  readonly slowMs?: readonly [number, number];
  /** How far a wall clock steps, at least and at most, in ms. @default [50, 300_000] */
  readonly wallStepMs?: readonly [number, number];
  /** The group that it is about. @default - a single lease */
  readonly group?: GroupWorld;
  /** When TTL deletes a row that is due, in ms after: `undefined` for never. */
  readonly ttlDelayMs?: readonly number[];
}
