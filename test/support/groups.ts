import type { Group } from "../../lib/client/group.ts";
import type { Lease } from "../../lib/client/lease.ts";
import type { AcquireResult } from "../../lib/client/results.ts";
import type { Worker, WorkerOptions } from "../../lib/client/worker.ts";
import type { ManualClock } from "../../lib/testing/manual-clock.ts";
import type { Manual } from "./manual.ts";

/** Lets a manual clock run until a promise has settled, at most `ms`. */
export async function settling<T>({ clock }: { clock: ManualClock }, promise: Promise<T>, ms = 60_000) {
  const state = { settled: false };
  const settle = (): void => {
    state.settled = true;
  };
  promise.then(settle, settle);
  for (let passed = 0; !state.settled && passed < ms; passed += 20) await clock.advance(20);
  if (!state.settled) throw new Error(`not settled within ${ms} ms`);
  return promise;
}

/** The lease of an attempt that has won. */
export function led(result: AcquireResult): Lease {
  if (result.kind !== "acquired") throw new Error(`refused: ${result.reason}`);
  return result.lease;
}

/** Leads shards at once. */
export async function leading(group: Group, ...shards: string[]): Promise<Lease[]> {
  const leases: Lease[] = [];
  for (const shard of shards) leases.push(led(await group.tryAcquire(shard)));
  return leases;
}

/** Work that comes to an end as soon as it is asked to. */
export function untilAsked({ signal, handover }: Lease): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
    void handover.then(() => resolve());
  });
}

/** A worker that runs. */
export interface Running {
  readonly worker: Worker;
  readonly shards: readonly string[];
  /** Each time that a work began, by its shard and its token. */
  readonly begun: readonly Lease[];
  readonly over: Promise<void>;
  /** Tells it to stop, and lets time pass until it has. */
  stop(): Promise<void>;
}

/** Has a worker run, in a process of its own. */
export function running(
  world: Manual,
  options: WorkerOptions,
  { work = untilAsked, name = "jobs" }: { work?: (lease: Lease) => Promise<unknown>; name?: string } = {},
): Running {
  const worker = world.client().group(name).worker(options);
  const stopper = new AbortController();
  const begun: Lease[] = [];
  const over = worker.run(
    (lease) => {
      begun.push(lease);
      return work(lease);
    },
    { signal: stopper.signal },
  );
  over.catch(() => undefined);
  return {
    worker,
    begun,
    over,
    get shards() {
      return worker.status.shards;
    },
    async stop() {
      stopper.abort();
      await settling(world, over);
    },
  };
}

/** Names of so many shards. */
export const shardNames = (count: number): string[] =>
  Array.from({ length: count }, (_, nth) => `s${String(nth).padStart(2, "0")}`);

/** The kinds of what was sent of one row, or of all. */
export const kindsOf = ({ store }: Manual, row?: string): string[] =>
  store.sent.filter((write) => row === undefined || write.row === row).map(({ kind }) => kind);
