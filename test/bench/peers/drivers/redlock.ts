import { Redis } from "ioredis";
import { Redlock as Sesamecare } from "@sesamecare-oss/redlock";
import Redlock from "redlock";
import type { Driver, Hold, Settings } from "../contender.ts";

/** It has no default for these. */
const DEFAULTS = { durationMs: 15_000, renewIntervalMs: 5_000 } as const;
/** Both spread their waits by so much, in ms, which is their default. */
const JITTER_MS = 100;

/** `redlock`, on one server. */
export const redlock: Driver = {
  async open(endpoint, settings) {
    const redis = connect(endpoint);
    const client = new Redlock([redis], optionsOf(settings));
    client.on("clientError", () => {});
    const { durationMs } = settings ?? DEFAULTS;
    return {
      async acquire(name) {
        const lock = await untilLocked(() => client.lock(name, durationMs), settings);
        return renewing(
          () => client.extend(lock, durationMs),
          () => client.unlock(lock),
          settings,
        );
      },
      close: async () => redis.disconnect(),
    };
  },
};

/** `@sesamecare-oss/redlock`, on one server. */
export const sesamecare: Driver = {
  async open(endpoint, settings) {
    const redis = connect(endpoint);
    const client = new Sesamecare([redis], optionsOf(settings));
    const { durationMs } = settings ?? DEFAULTS;
    return {
      async acquire(name) {
        let lock = await untilLocked(() => client.acquire([name], durationMs), settings);
        return renewing(
          async () => (lock = await client.extend(lock, durationMs)),
          () => client.release(lock),
          settings,
        );
      },
      close: async () => redis.disconnect(),
    };
  },
};

function connect(endpoint: string): Redis {
  const redis = new Redis(endpoint);
  // It connects again by itself; without a listener it prints each failure.
  redis.on("error", () => {});
  return redis;
}

/** Without settings: its defaults, with which it gives up after a while. */
function optionsOf(settings: Settings | undefined): object {
  if (settings === undefined) return {};
  return { retryDelay: settings.retryIntervalMs, retryJitter: JITTER_MS, retryCount: -1 };
}

/** With its defaults it gives up: whoever goes on waiting has to ask again. */
async function untilLocked<T>(lock: () => Promise<T>, settings: Settings | undefined): Promise<T> {
  for (;;) {
    try {
      return await lock();
    } catch (error) {
      if (settings !== undefined) throw error;
    }
  }
}

/** It leaves renewing to its caller. */
function renewing(
  extend: () => Promise<unknown>,
  release: () => Promise<unknown>,
  settings: Settings | undefined,
): Hold {
  const { renewIntervalMs } = settings ?? DEFAULTS;
  const timer = setInterval(() => void extend().catch(() => clearInterval(timer)), renewIntervalMs);
  return {
    token: undefined,
    async release() {
      clearInterval(timer);
      await release();
      return "released";
    },
  };
}
