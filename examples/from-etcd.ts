import { realpathSync } from "node:fs";
import { isLeaseError, LeaseClient } from "leasehold";

/** The prefix that etcd's election was held on; here it is the lease's name. */
const ELECTION = "orders-writer";

/** What the work of one term is given. */
export interface Term {
  /** The fencing token: what `Rev()` was. */
  readonly token: number;
  /** When to stop: what `session.Done()` was, and the caller's own signal. */
  readonly done: AbortSignal;
}

/** Campaigns, publishes where it can be reached, works while it leads, and resigns. */
export async function lead(
  leases: LeaseClient,
  endpoint: string,
  work: (term: Term) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await using election = leases.candidate(ELECTION); // NewElection; leaving the block resigns
  while (!signal.aborted) {
    try {
      const lease = await election.campaign({ signal }); // Campaign(ctx, value)
      await election.proclaim({ endpoint }); // the value is a write of its own here
      await work({ token: lease.token, done: AbortSignal.any([lease.signal, signal]) });
    } catch (error) {
      // Told to stop, lost the lease, or cannot reach the table: campaign again, or end.
      if (!isLeaseError(error, "ABORTED", "LEASE_LOST", "STORE_UNAVAILABLE")) throw error;
    } finally {
      await election.resign(); // Resign(ctx)
    }
  }
}

/** Follows the election, as Observe does: where the leader can be reached; `undefined` when nobody leads any more. */
export async function follow(
  leases: LeaseClient,
  onLeader: (endpoint: string | undefined) => void,
  signal: AbortSignal,
): Promise<void> {
  let last: string | undefined;
  for await (const { kind, value } of leases.observe(ELECTION, { signal })) {
    const endpoint = kind === "held" ? (value as { endpoint?: string } | undefined)?.endpoint : undefined;
    if (endpoint !== last) onLeader(endpoint); // a renewal is a change too
    last = endpoint;
  }
}

if (import.meta.filename === realpathSync(process.argv[1] ?? ".")) {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  await using leases = new LeaseClient({ tableName: process.env["LEASE_TABLE_NAME"] });
  const endpoint = process.env["ENDPOINT"] ?? "10.0.0.7:8080";
  const untilDone = async ({ token, done }: Term): Promise<void> => {
    console.log(`leads with token ${token}`); // your work, which hands the token to storage
    while (!done.aborted) await new Promise((resolve) => done.addEventListener("abort", resolve));
  };
  const onLeader = (leader: string | undefined): void => console.log(`leader: ${leader ?? "none"}`);
  await Promise.all([lead(leases, endpoint, untilDone, stop.signal), follow(leases, onLeader, stop.signal)]);
}
