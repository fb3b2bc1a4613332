import { realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Group, isLeaseError, type Lease, LeaseClient, onLeaseEvent } from "leasehold";

/** Leads every tenant that nobody else leads, and looks again and again for those that are free by now. */
export async function leadTenants(
  group: Group,
  tenants: () => Promise<readonly string[]>,
  lead: (lease: Lease) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const led = new Map<string, Promise<void>>();
  const leadOne = async (lease: Lease, tenant: string): Promise<void> => {
    try {
      await lead(lease);
    } catch (error) {
      console.error(`${tenant}: ${String(error)}`); // one tenant's trouble is not the others'
    }
    if (!signal.aborted) await lease.release();
    led.delete(tenant);
  };
  const tryOne = async (tenant: string): Promise<void> => {
    const result = await group.tryAcquire(tenant);
    if (result.kind === "acquired") led.set(tenant, leadOne(result.lease, tenant));
  };
  while (!signal.aborted) {
    const status = await group.status({ shards: await tenants() }).catch(untilItPasses); // one read, for all of them
    const free = (status?.unled ?? []).filter((tenant) => !led.has(tenant));
    await Promise.all(free.map((tenant) => tryOne(tenant).catch(untilItPasses))); // paced: some hundred a second
    console.log(`leads ${led.size} tenants`);
    await sleep(10_000, undefined, { signal }).catch(() => undefined);
  }
  await Promise.all(led.values());
  await group.close(); // one write frees all that is held
}

/** A table that is out of reach for a while ends nothing: the next look tries again. */
function untilItPasses(error: unknown): undefined {
  if (!isLeaseError(error, "STORE_UNAVAILABLE")) throw error;
  console.error(error.message);
}

if (import.meta.filename === realpathSync(process.argv[1] ?? ".")) {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  onLeaseEvent((name, event) => {
    if (name === "lost") console.error(`${event.shard ?? event.lease} is lost`);
  });
  await using leases = new LeaseClient({ tableName: process.env["LEASE_TABLE_NAME"] });
  const group = leases.group("tenants");
  const all = Array.from({ length: Number(process.env["TENANTS"] ?? 1_000) }, (_, nth) => `tenant-${nth}`);

  /** Stands for your work: what is in memory for a tenant, until its term or the process ends. */
  const lead = async ({ signal }: Lease): Promise<void> => {
    const enough = AbortSignal.any([signal, stop.signal]);
    if (!enough.aborted) await new Promise((resolve) => enough.addEventListener("abort", resolve));
  };
  await leadTenants(group, async () => all, lead, stop.signal);
}
