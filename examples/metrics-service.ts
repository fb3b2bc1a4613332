import { setTimeout as sleep } from "node:timers/promises";
import { type Lease, LeaseClient } from "leasehold";
import { reportLeaseEvents } from "leasehold/opentelemetry";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());

reportLeaseEvents(); // to the global meter provider: register yours before

await using leases = new LeaseClient({ tableName: process.env["LEASE_TABLE_NAME"] });
const candidate = leases.candidate("writer", {
  onLost: ({ reason }) => console.log(`leads no more: ${reason}`),
  onTrouble: ({ cause }) => console.error(String(cause)), // it tries again by itself
});
await candidate.run(
  async (lease) => {
    while (!lease.signal.aborted) await writeNextPiece(lease);
  },
  { signal: stop.signal },
);

/** Stands for your work: a piece that ends soon, so that the service stops soon. */
async function writeNextPiece({ token }: Lease): Promise<void> {
  console.log(`writes a piece under token ${token}`);
  await sleep(500);
}
