import { type Lease, type LeaseClient, onLeaseEvent } from "leasehold";

/** Whatever carries a word from process to process: a topic, a socket, a stream of the table. */
export interface Bus {
  publish(lease: string): void;
  /** Returns what ends the subscription. */
  subscribe(listener: (lease: string) => void): () => void;
}

/**
 * Stands by without polling: looks when the bus says that the lease is free, or when the leader must be dead. The client's
 * `retryIntervalMs` is long (ten minutes, say): it is what a lost word costs.
 */
export async function standBy(
  leases: LeaseClient,
  bus: Bus,
  work: (lease: Lease) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const candidate = leases.candidate("orders-writer", { reserveForMs: 10_000 });
  const forget = bus.subscribe((lease) => {
    if (lease === candidate.name) candidate.notify();
  });
  try {
    await candidate.run(work, { signal });
  } finally {
    forget();
  }
}

/** Tells the others of every release of this process: once the row is vacant, not before. */
export function announceReleases(bus: Bus): () => void {
  return onLeaseEvent((name, event) => {
    if (name === "released") bus.publish(event.lease);
  });
}
