import type { ReadOutcome, WriteOutcome } from "./outcome.ts";
import type { LeaseRecord } from "./record.ts";
import type { ClockReading, EpochMs } from "./units.ts";
import type { LeaseWrite } from "./lease-write.ts";

/** How a call into a store may be ended from outside. */
export interface CallOptions {
  /** Aborted when the caller has stopped waiting; the store should give up its request. */
  readonly signal: AbortSignal;
  /** How long the caller waits at most, in ms, from the call on; `undefined` where it does not say. */
  readonly timeoutMs?: number | undefined;
  /**
   * Of a write: whether the caller itself sends again, more slowly, what the service throttles. A store that tries again by itself
   * should then tell of the first throttling as `unknown` and `answered`, and as `unapplied` where that is sure.
   * @default false
   */
  readonly paced?: boolean | undefined;
  /**
   * Of `rows`: the attributes that the caller looks at, besides the row's key. A store may leave out the others.
   * @default - all
   */
  readonly attributes?: readonly (keyof LeaseRecord)[] | undefined;
}

/**
 * Where leases live: a linearizable register per lease name. One of the three ports.
 *
 * A failure that surely applied nothing is thrown as a `LeaseError` of any code but `STORE_UNAVAILABLE`; one
 * that may have applied the write is the outcome `unknown`, and so is whatever else a store throws.
 */
export interface LeaseStore {
  /** The table's name, where the store is a table that transactions can reach: what a fence has to name. */
  readonly tableName?: string | undefined;
  /** Executes one conditional write. */
  write(write: LeaseWrite, call: CallOptions): Promise<WriteOutcome>;
  /** Reads one record, strongly consistent: the lease's own, or that of another row under its name. */
  read(name: string, call: CallOptions, row?: string): Promise<ReadOutcome>;
  /**
   * Reads a page of the rows under a name whose sort key begins with `prefix` (all for ""), strongly consistent and in the order of their sort
   * keys: from the first on, or after the row `after`.
   */
  rows(name: string, prefix: string, call: CallOptions, after?: string): Promise<RowsPage>;
  /** Reads the records of all leases, without their auxiliary rows, page by page. */
  list(call: CallOptions): AsyncIterable<ListPage>;
}

/** Some of a store's records. */
export interface ListPage {
  readonly records: readonly LeaseRecord[];
  readonly servedAt: EpochMs | undefined;
}

/** Some of the rows under one name. */
export interface RowsPage extends ListPage {
  /** The last row of this page, where others follow. */
  readonly next?: string | undefined;
}

/** The clocks and timers of a process. One of the three ports. */
export interface Clock {
  /** Reads both clocks. */
  now(): ClockReading;
  /** Calls back once, `ms` or more later. Returns what cancels it. */
  timer(ms: number, callback: () => void): () => void;
}

/** Randomness. One of the three ports. */
export interface Random {
  /** A number from 0 up to but not including 1. */
  fraction(): number;
  /** An id that nobody else has: 96 bits or more. */
  id(): string;
}
