import type { Spent } from "../checks/group-history.ts";

/** What a worker's budget follows from. */
export interface Spending {
  readonly forMs: number;
  /** How long its session lasts; it is renewed three times as often. */
  readonly durationMs: number;
  readonly retryIntervalMs: number;
  /** How many terms of shards it was handed. */
  readonly terms: number;
}

/**
 * How many requests about its group a worker may send (docs/protocol.md, Groups): a look per retry interval and a renewal per third of
 * its session, whatever it leads. Permits and the work's own writes are not counted.
 *
 * Each term is claimed, asked for, and given up. In calm that is all, but for what a request that arrives late sets off. In a storm
 * everything is sent again that was not answered, and all rows are read when anyone comes or goes.
 */
export function allowed(
  time: Spent["time"],
  { forMs, durationMs, retryIntervalMs, terms }: Spending,
): number {
  const steady = forMs / retryIntervalMs + forMs / (durationMs / 3);
  return Math.ceil(10 * terms + (time === "calm" ? 1.2 * steady + 8 : 3 * steady + 50));
}
