import type { ProcessConfig } from "../candidate/messages.ts";

/** What a worker is like. */
export interface WorkerTraits {
  /** The id that it has in every life; `undefined` for a new one whenever it joins. */
  readonly id: string | undefined;
  readonly weight: number;
}

/** What a worker process is started with besides. */
export interface WorkerConfig extends ProcessConfig, WorkerTraits {
  readonly group: string;
  readonly shards: readonly string[];
  /** Where the work of each shard keeps its journal. */
  readonly journalTable: string;
  readonly semaphore: string;
  readonly permits: number;
  readonly retryIntervalMs: number;
}

/** What a worker process is told, besides to stop. */
export interface WorkerOrder {
  /** `calm`: faults are over, so work goes on for as long as it may. */
  readonly kind: "leave" | "join" | "calm";
}
