import { realpathSync } from "node:fs";
import { type CandidateInfo, type Lease, LeaseClient } from "leasehold";

/**
 * LeaderSelector with `autoRequeue()`: calls `takeLeadership` whenever it leads, and passes leadership on to the next
 * in line when that returns, until the signal is aborted.
 */
export async function leaderSelector(
  leases: LeaseClient,
  path: string,
  takeLeadership: (lease: Lease) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const candidate = leases.candidate(path);
  const takeTurn = async (lease: Lease): Promise<void> => {
    await takeLeadership(lease); // stops when lease.signal is aborted: that is interruptLeadership
    const next = await nextInLine(leases, lease);
    if (next !== undefined) void lease.stepDown({ reserveFor: next }); // done when this function has returned
  };
  await candidate.run(takeTurn, { signal });
}

/** Who comes after this leader in the order of arrival, round and round. */
async function nextInLine(leases: LeaseClient, { name, holder }: Lease): Promise<string | undefined> {
  const ids = (await leases.candidates(name)).map(({ id }) => id);
  const next = ids[(ids.indexOf(holder) + 1) % ids.length];
  return next === holder ? undefined : next;
}

/** A started LeaderLatch. */
export interface LeaderLatch {
  hasLeadership(): boolean;
  getLeader(): Promise<string | undefined>;
  getParticipants(): Promise<readonly CandidateInfo[]>;
  close(): Promise<void>;
}

/** LeaderLatch: leads from when it is elected until it is closed, or loses the lease; then it campaigns again. */
export function leaderLatch(
  leases: LeaseClient,
  path: string,
  listener: { readonly isLeader: (token: number) => void; readonly notLeader: (why: string) => void },
): LeaderLatch {
  const candidate = leases.candidate(path, {
    onElected: ({ token }) => listener.isLeader(token),
    onLost: ({ reason }) => listener.notLeader(reason),
  });
  const running = candidate.run(({ signal }) => aborted(signal));
  return {
    hasLeadership: () => candidate.lease !== undefined, // reads the clocks, not the last thing that was heard
    getLeader: async () => (await candidate.leader()).holder,
    getParticipants: () => leases.candidates(path),
    async close() {
      await candidate.resign();
      await running;
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

if (import.meta.filename === realpathSync(process.argv[1] ?? ".")) {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  await using leases = new LeaseClient({ tableName: process.env["LEASE_TABLE_NAME"] });
  const latch = leaderLatch(leases, "orders/cache", {
    isLeader: (token) => console.log(`holds the latch with token ${token}`),
    notLeader: (why) => console.log(`holds the latch no more: ${why}`),
  });
  const takeLeadership = async ({ token }: Lease): Promise<void> => console.log(`its turn, token ${token}`);
  console.log("campaigns for the latch and for its turns");
  await leaderSelector(leases, "orders/turns", takeLeadership, stop.signal);
  await latch.close();
}
