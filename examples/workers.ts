import { realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Lease, LeaseClient, onLeaseEvent } from "leasehold";

/** What this worker needs of one shard's queue, say: the next piece of its work, done under the shard's token. */
export type Step = (lease: Lease) => Promise<void>;

/** Leads this process's share of the shards until the signal is aborted. */
export async function work(
  leases: LeaseClient,
  shards: () => Promise<readonly string[]>,
  step: Step,
  signal: AbortSignal,
): Promise<void> {
  const worker = leases.group("orders").worker({
    shards, // asked again every minute
    drainMs: 20_000,
    onWorkFailed: (error, shard) => console.error(`${shard} is given up: ${String(error)}`),
  });
  await worker.run(
    async (lease) => {
      console.log(`leads ${lease.shard} with token ${lease.token}`);
      const handingOver = new AbortController();
      void lease.handover.then(() => handingOver.abort());
      const enough = AbortSignal.any([lease.signal, handingOver.signal]);
      while (!enough.aborted) await step(lease); // finishes a piece, and begins no other
    },
    { signal },
  ); // every shard's work has come to its end: one write has freed them all
}

if (import.meta.filename === realpathSync(process.argv[1] ?? ".")) {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  onLeaseEvent((name, event) => {
    if (name === "requestFailed" && "cause" in event) console.error(String(event.cause)); // it tries again
    if (name === "lost") console.error(`${event.shard ?? event.lease} is lost`);
  });
  await using leases = new LeaseClient({ tableName: process.env["LEASE_TABLE_NAME"] });
  const shards = Array.from({ length: 8 }, (_, nth) => `shard-${nth}`);
  await work(
    leases,
    async () => shards,
    () => sleep(200), // your work, which hands lease.token to storage
    stop.signal,
  );
}
