import { LeaseClient } from "leasehold";

/** Leads as often as it can, until the signal is aborted (on SIGTERM, say). */
export async function serve(signal: AbortSignal, onTerm: (token: number) => Promise<void>): Promise<void> {
  await using leases = new LeaseClient({ tableName: process.env["LEASE_TABLE_NAME"] });
  while (!signal.aborted) {
    await using lease = await leases.acquire("writer", { signal });
    await lease.proclaim({ endpoint: "10.0.0.7:8080" }); // others find it with leases.get("writer")
    await onTerm(lease.token);
  } // leaving the block releases: the next candidate leads at once
}
