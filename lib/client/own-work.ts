import { AsyncLocalStorage } from "node:async_hooks";
import type { Lease } from "./lease.ts";

/** Work of a term; of none once it has settled. */
export interface Work {
  lease?: Lease | undefined;
}

const current = new AsyncLocalStorage<readonly Work[]>();

/** The work that the present code is part of, and that has not settled. */
const works = (): readonly Work[] => (current.getStore() ?? []).filter((one) => one.lease);

/**
 * Does work of a term, and remembers for all that it begins that it belongs to the term: what waits for the work must not be waited
 * for by the work. Work that has settled is waited for by nobody. So whoever waits for it takes the lease from `own` then: a run that
 * begins the next one from within its work, and so on for days, keeps no terms of before.
 */
export function asWorkOf<L extends Lease, T>(own: Work, lease: L, work: (lease: L) => T): T {
  return current.run([...works(), own], work, lease);
}

/** Whether the present code is part of the work of a term. */
export function isWorkOf(lease: Lease | undefined): boolean {
  return works().some((one) => one.lease === lease);
}
