import type { ForcedRelease, LeaseClient } from "leasehold";

/** Asks the leader to hand over to another candidate, and waits until somebody new leads: who, if anybody does. */
export async function moveLead(leases: LeaseClient, name: string, to: string): Promise<string | undefined> {
  const registered = await leases.candidates(name);
  if (!registered.some(({ id }) => id === to)) throw new Error(`${to} is not registered for ${name}`);
  const asked = await leases.requestStepDown(name, { reserveFor: to });
  if (asked.kind === "vacant") return undefined;
  for await (const { kind, holder, token } of leases.observe(name, { signal: AbortSignal.timeout(60_000) })) {
    if (kind === "held" && token > asked.token) return holder;
  }
  return undefined; // The leader is cut off, or drains for long: its term runs out by itself.
}

/** For a leader that renews and does nothing else, and will not hand over. Kill its process first, if you can. */
export async function evict(leases: LeaseClient, name: string): Promise<ForcedRelease> {
  return leases.forceRelease(name);
}
