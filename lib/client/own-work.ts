import { AsyncLocalStorage } from "node:async_hooks";
import type { Lease } from "./lease.ts";

/** The terms whose work the present code is part of. */
const current = new AsyncLocalStorage<readonly Lease[]>();

/**
 * Does work of a term, and remembers for all that it begins that it belongs to the term: what waits for the work must not be waited
 * for by the work.
 */
export function asWorkOf<T>(lease: Lease, work: (lease: Lease) => T): T {
  return current.run([...(current.getStore() ?? []), lease], work, lease);
}

/** Whether the present code is part of the work of a term. */
export function isWorkOf(lease: Lease | undefined): boolean {
  return lease !== undefined && (current.getStore()?.includes(lease) ?? false);
}
