import type { StoreClientOptions } from "../../lib/client/client-core.ts";
import { StoreLeaseClient } from "../../lib/client/lease-client.ts";
import type { Random } from "../../lib/core/ports.ts";
import { InMemoryLeaseStore } from "../../lib/testing/in-memory-store.ts";
import { ManualClock } from "../../lib/testing/manual-clock.ts";
import { ProbeStore } from "./probe-store.ts";

/** A table in memory and one clock that a test moves; default timings: 15 s, renewed every 5 s. */
export interface Manual {
  readonly clock: ManualClock;
  /** The table. */
  readonly table: InMemoryLeaseStore;
  /** What stands between the clients and the table. */
  readonly store: ProbeStore;
  readonly client: (options?: Partial<StoreClientOptions>) => StoreLeaseClient;
}

/** Makes a new one. Service time begins 437 ms into a second. */
export function manual(): Manual {
  const clock = new ManualClock({ startAt: 1_767_225_600_437 });
  const table = new InMemoryLeaseStore({ clock });
  const store = new ProbeStore(table);
  const client = (options: Partial<StoreClientOptions> = {}): StoreLeaseClient =>
    new StoreLeaseClient({ store, clock, holder: "ann", ...options });
  return { clock, table, store, client };
}

/** Chance that always falls the same way. */
export function loaded(fraction: number): Random {
  let ids = 0;
  return { fraction: () => fraction, id: () => `id-${(ids += 1)}` };
}

/** A call that nothing ever answers. */
export function never(): Promise<never> {
  return new Promise(() => {});
}
