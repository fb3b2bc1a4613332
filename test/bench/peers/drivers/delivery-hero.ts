import { dynamoDBLockClientFactory } from "@deliveryhero/dynamodb-lock";
import { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";
import { engineClient } from "../../../../local/engine.ts";
import type { Driver } from "../contender.ts";
import { TABLES } from "../tables.ts";

/** How often one that waits looks where nothing is set, in ms: it has no default for that, and would look in a hot loop. */
const WAIT_MS = 2_000;

/** `@deliveryhero/dynamodb-lock`. It waits for a whole duration before it takes a lock over, or trusts wall clocks. */
export function deliveryHero(trustLocalTime: boolean): Driver {
  return {
    async open(endpoint, settings) {
      const sdk = engineClient(endpoint);
      const client = dynamoDBLockClientFactory(DynamoDBDocument.from(sdk), {
        tableName: TABLES.deliveryHero,
      });
      const waits = trustLocalTime
        ? { trustLocalTime, waitDurationInMs: settings?.retryIntervalMs ?? WAIT_MS }
        : {};
      const options =
        settings === undefined
          ? waits
          : {
              ...waits,
              leaseDurationInMs: settings.durationMs,
              prolongEveryMs: settings.renewIntervalMs,
            };
      return {
        async acquire(name) {
          const lock = await client.lock("bench", name, options);
          // It warns where the lock was not its own any more, and resolves.
          return { token: undefined, release: () => client.releaseLock(lock).then(() => "released") };
        },
        close: async () => sdk.destroy(),
      };
    },
  };
}
