import type { GivenNumber, HandedOut, History } from "./history.ts";
import type { RowState } from "./row-history.ts";

/** The past of one row, as the engine showed it. */
export type RowPast = Pick<History, "states" | "writesUpon" | "contradictions" | "reached" | "seen">;

/** A term that an operator ended, and when its request went on to the engine. */
export interface Revoked {
  readonly row: string;
  readonly holder: string;
  readonly token: number;
  readonly at: number;
}

/** How a group stood once faults had stopped. */
export interface Settled {
  /** How long it took until every shard was led, and until every worker led its share; `undefined` when it did not come to that. */
  readonly ledMs: number | undefined;
  readonly sharedMs: number | undefined;
  /** How long that may take. */
  readonly ledWithinMs: number;
  readonly sharedWithinMs: number;
  /** The shards that nobody led in the end, each with what its row says. */
  readonly unled: readonly string[];
  /** How many shards each worker led in the end. */
  readonly counts: readonly { readonly worker: string; readonly weight: number; readonly shards: number }[];
}

/** How many requests a worker sent in a time, and how many it may send. */
export interface Spent {
  readonly worker: string;
  /** `storm`: while faults were injected. `calm`: once all was settled. */
  readonly time: "storm" | "calm";
  readonly forMs: number;
  readonly requests: number;
  readonly budget: number;
}

/** What the checks of a group judge. */
export interface GroupHistory {
  /** How many may hold a permit at a time. */
  readonly permits: number;
  /** Every row of the group and of the semaphore, by its name. */
  readonly rows: ReadonlyMap<string, RowPast>;
  /** The rows of shards and of permits, by name. */
  readonly shardRows: readonly string[];
  readonly permitRows: readonly string[];
  /** Every term of a shard or a permit that a worker was handed. */
  readonly handedOut: readonly HandedOut[];
  /** The journal entries that storage accepted, each with the row of its shard. */
  readonly given: readonly (GivenNumber & { readonly row: string })[];
  /** The journals as they are in the table, each entry with the row of its shard. */
  readonly entries: readonly JournalEntry[];
  readonly revoked: readonly Revoked[];
  readonly settled: Settled;
  readonly spent: readonly Spent[];
  /** The sessions that were closed after faults had stopped. */
  readonly closed: readonly string[];
  /** The rows of sessions that still had a holder when every process was gone. */
  readonly leftHeld: readonly (RowState & { readonly row: string })[];
}

/** An entry of a shard's journal. */
export interface JournalEntry {
  readonly row: string;
  readonly number: number;
  readonly token: number;
  readonly what: "begin" | "step" | "end";
}
