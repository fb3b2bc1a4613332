import { sessionRow, shardRow } from "../../../lib/core/names.ts";
import type { Settled } from "../checks/group-history.ts";
import { rowName } from "../checks/history.ts";
import type { RowState } from "../checks/row-history.ts";
import type { Journal } from "./journal.ts";
import { WORKFORCE, type WorkerPlan } from "./workforce-plan.ts";

/** Who leads how many shards, and whether that is all shards, each worker its share. */
export interface Shares extends Pick<Settled, "unled" | "counts"> {
  readonly isShared: boolean;
}

/**
 * Counts who leads how many shards, by the rows of shards and sessions, as far as they agree with what the workers say: a shard is led
 * where its row names a worker that takes part, that worker's session lasts, and somebody says that it leads.
 */
export function sharesIn(
  rows: ReadonlyMap<string, RowState>,
  workers: readonly Pick<WorkerPlan, "name" | "weight">[],
  { joined, led }: Pick<Journal, "joined" | "led">,
): Shares {
  const { group, shards } = WORKFORCE;
  const workerOf = new Map([...joined].map(([worker, id]) => [id, worker]));
  const holds = new Map<string, number>();
  const unled = shards.flatMap((shard) => {
    const name = rowName(group, shardRow(shard));
    const row = rows.get(name);
    const { holder = "", sessionToken } = row ?? {};
    const session = rows.get(rowName(group, sessionRow(holder)));
    const rests = session?.holder === holder && session.token === sessionToken;
    const worker = workerOf.get(holder);
    if (worker === undefined || !rests || !led.has(name)) return [`${shard} (${describe(row, rests)})`];
    holds.set(worker, (holds.get(worker) ?? 0) + 1);
    return [];
  });
  const weights = workers.reduce((sum, { weight }) => sum + weight, 0);
  const counts = workers.map(({ name, weight }) => ({ worker: name, weight, shards: holds.get(name) ?? 0 }));
  const isShared = counts.every((one) => Math.abs(one.shards - (shards.length * one.weight) / weights) < 1);
  return { unled, counts, isShared: isShared && unled.length === 0 };
}

/** What the row of a shard says that nobody leads. `rests`: its holder's session lasts. */
function describe(row: RowState | undefined, rests: boolean): string {
  if (row === undefined) return "never led";
  const { holder, reservedFor } = row;
  if (holder !== undefined)
    return `its row names ${holder}, ${rests ? "who does not say so" : "whose session is over"}`;
  return reservedFor === undefined ? "vacant" : `vacant, kept for ${reservedFor || "nobody"}`;
}
