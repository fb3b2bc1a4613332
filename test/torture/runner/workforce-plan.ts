import type { Chance } from "../../simulation/world/chance.ts";
import type { WorkerConfig } from "../worker/messages.ts";

/** What is done to a group besides what is done to processes, and what it promises by it. */
export const GROUP_FAULTS = {
  "forced release": "an operator vacates a shard, whose holder goes on until it has looked",
  "request to hand over":
    "an operator asks the holder of a shard to step down, for anyone or for a certain worker",
  "leave and return": "up to half of the workers leave at once, and come back",
  "work failed": "the work of a shard throws",
} as const;

/** The group, its semaphore, and what both are like. */
export const WORKFORCE = {
  group: "workers",
  shards: Array.from({ length: 24 }, (_, nth) => `shard-${String(nth + 1).padStart(2, "0")}`),
  semaphore: "permits",
  permits: 2,
  /** How long the sessions of the workers last without renewal, in ms: there are as many workers as lengths. */
  durationsMs: [2_500, 3_000, 3_000, 3_500, 4_000],
  retryIntervalMs: 500,
  /** How far off wall clocks are at most, in ms. */
  clockErrorMs: 300_000,
} as const;

/** A worker, before it is told where its tables are. */
export type WorkerPlan = Pick<WorkerConfig, "name" | "durationMs" | "id" | "weight">;

/** Rolls what each worker is like. */
export function castWorkers(chance: Chance): WorkerPlan[] {
  const draws = chance.of("cast");
  return WORKFORCE.durationsMs.map((durationMs, at) => {
    const name = `worker-${at + 1}`;
    const id = draws.happens(0.4) ? `${name}-stable` : undefined;
    return { name, durationMs, id, weight: draws.pick([1, 1, 1, 2]) };
  });
}
