import type { Clock, LeaseStore } from "../../../lib/core/ports.ts";
import type { SimProcess } from "./process.ts";

/** What stands between a process and its ports: nothing, unless a bug is planted there. */
export interface Tamper {
  readonly store: (store: LeaseStore, process: SimProcess) => LeaseStore;
  readonly clock: (clock: SimProcess) => Clock;
}

/** Nothing in between. */
export const HONEST: Tamper = { store: (store) => store, clock: (clock) => clock };
