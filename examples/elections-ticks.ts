import type { Lease, LeaseClient, RunResult } from "leasehold";

/** A job of every minute in two regions: the region that does it goes on doing it, until it fails or stays away. */
export function everyMinute(
  leases: LeaseClient,
  region: string,
  tick: string,
  work: (lease: Lease) => Promise<void>,
): Promise<RunResult<void>> {
  return leases.run("minute-report", work, { tick, affinity: region, affinityMs: 90_000 });
}

/** Short work whose triggers come at slightly different times and carry no scheduled time. */
export function once(leases: LeaseClient, work: (lease: Lease) => Promise<void>): Promise<RunResult<void>> {
  return leases.run("refresh", work, { holdAtLeastMs: 30_000 });
}

/** Work on something that cannot check a token, and that takes up to 20 s to come to rest. */
export function unfenced(leases: LeaseClient, signal: AbortSignal): Promise<Lease> {
  return leases.acquire("tape-robot", { signal, lockDelayMs: 20_000 });
}
