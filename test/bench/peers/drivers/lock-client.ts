import aws from "aws-sdk";
import { type Client, FailClosed, FailOpen, type Lock } from "dynamodb-lock-client";
import { LOCAL_AWS } from "../../../../local/engine.ts";
import type { Driver, Hold, Member } from "../contender.ts";
import { TABLES } from "../tables.ts";

/** It has no default for these. */
const DURATION_MS = 15_000;
const HEARTBEAT_MS = 5_000;
const PERIOD_MS = 2_000;
/** Waits for as long as it takes. */
const FOR_EVER = 1_000_000_000;

/** `dynamodb-lock-client` with leases. It waits for a whole duration before it takes a lock over, or trusts wall clocks. */
export function failOpen(trustLocalTime: boolean): Driver {
  return {
    open: async (endpoint, settings) =>
      member(
        new FailOpen({
          ...common(endpoint),
          lockTable: TABLES.failOpen,
          leaseDurationMs: settings?.durationMs ?? DURATION_MS,
          heartbeatPeriodMs: settings?.renewIntervalMs ?? HEARTBEAT_MS,
          trustLocalTime,
        }),
      ),
  };
}

/** `dynamodb-lock-client` without leases: what is not released stays locked. */
export const failClosed: Driver = {
  open: async (endpoint, settings) =>
    member(
      new FailClosed({
        ...common(endpoint),
        lockTable: TABLES.failClosed,
        acquirePeriodMs: settings?.retryIntervalMs ?? PERIOD_MS,
      }),
    ),
};

/** It takes the SDK of version 2 alone. The host process has that keep its connections open, as version 3 does. */
function common(endpoint: string) {
  const dynamodb = new aws.DynamoDB.DocumentClient({ endpoint, ...LOCAL_AWS });
  return { dynamodb, partitionKey: "id", retryCount: FOR_EVER };
}

function member(client: Client): Member {
  return {
    acquire: (name) =>
      new Promise((resolve, reject) => {
        client.acquireLock(name, (error, lock) => (lock ? resolve(holdOf(lock)) : reject(error)));
      }),
    // SDK 2 has nothing to be closed.
    close: async () => {},
  };
}

function holdOf(lock: Lock): Hold {
  // Without a listener a heartbeat that fails would end the process.
  lock.on("error", () => {});
  return {
    token: lock.fencingToken === undefined ? undefined : String(lock.fencingToken),
    release: () =>
      new Promise((resolve, reject) => {
        lock.release((error) => (error ? reject(error) : resolve("released")));
      }),
  };
}
