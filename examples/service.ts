import { setTimeout as sleep } from "node:timers/promises";
import { type Lease, LeaseClient } from "leasehold";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());

await using leases = new LeaseClient({ tableName: process.env["LEASE_TABLE_NAME"] });
const candidate = leases.candidate("writer", {
  onNewLeader: ({ holder }) => console.log(`leader: ${holder}`),
  onLost: ({ reason }) => console.log(`leads no more: ${reason}`),
  onTrouble: ({ cause }) => console.error(String(cause)), // it tries again by itself
});

await candidate.run(
  async (lease) => {
    await lease.proclaim({ endpoint: "10.0.0.7:8080" }); // others find it with leases.get("writer")
    while (!lease.signal.aborted) await writeNextPiece(lease);
  },
  { signal: stop.signal },
); // the lease is released: the next candidate leads at once

/** Stands for your work: a piece that ends soon, so that the service stops soon. */
async function writeNextPiece({ token }: Lease): Promise<void> {
  console.log(`writes a piece under token ${token}`);
  await sleep(500);
}
