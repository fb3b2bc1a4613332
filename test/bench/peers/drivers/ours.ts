import { LeaseClient } from "../../../../lib/index.ts";
import { engineClient } from "../../../../local/engine.ts";
import type { Driver } from "../contender.ts";
import { TABLES } from "../tables.ts";

/** As long as the duration is where nothing is set. */
const SELDOM_MS = 15_000;

/** This package. */
export const ours: Driver = {
  async open(endpoint, settings) {
    const leases = new LeaseClient({
      tableName: TABLES.ours,
      client: engineClient(endpoint),
      ...settings,
    });
    return {
      async acquire(name) {
        const lease = await leases.acquire(name);
        return { token: String(lease.token), release: async () => (await lease.release()).kind };
      },
      close: async () => void (await leases.close()),
    };
  },
};

/** This package, looking as seldom as the other libraries for DynamoDB do. */
export const oursSeldom: Driver = {
  open: (endpoint, settings) =>
    ours.open(endpoint, {
      durationMs: SELDOM_MS,
      renewIntervalMs: SELDOM_MS / 3,
      ...settings,
      retryIntervalMs: settings?.durationMs ?? SELDOM_MS,
    }),
};
