import { setTimeout as delay } from "node:timers/promises";
import { Etcd3, EtcdLockFailedError } from "etcd3";
import type { Driver } from "../contender.ts";

/** How often the bench asks for a lock again where nothing is set, in ms: it does not wait by itself. */
const PERIOD_MS = 2_000;

/** `lock()` of `etcd3`, asked again until it is had. */
export const etcdLock: Driver = {
  async open(endpoint, settings) {
    const client = new Etcd3({ hosts: endpoint });
    return {
      async acquire(name) {
        for (;;) {
          const lock = client.lock(name);
          if (settings !== undefined) lock.ttl(settings.durationMs / 1_000);
          try {
            await lock.acquire();
            return { token: undefined, release: () => lock.release().then(() => "released") };
          } catch (error) {
            if (!(error instanceof EtcdLockFailedError)) throw error;
          }
          await delay(settings?.retryIntervalMs ?? PERIOD_MS);
        }
      },
      close: async () => client.close(),
    };
  },
};

/** `election()` of `etcd3`. */
export const etcdElection: Driver = {
  async open(endpoint, settings) {
    const client = new Etcd3({ hosts: endpoint });
    return {
      async acquire(name) {
        const ttl = settings === undefined ? undefined : settings.durationMs / 1_000;
        const campaign = client.election(name, ttl).campaign("bench");
        await campaign.wait();
        return { token: undefined, release: () => campaign.resign().then(() => "released") };
      },
      close: async () => client.close(),
    };
  },
};
