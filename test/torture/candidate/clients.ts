import { setTimeout as delay } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LOCAL_AWS } from "../../../local/engine.ts";
import { LeaseClient } from "../../../lib/index.ts";
import type { Hosted } from "./hosted.ts";
import { reportFailure } from "./leading.ts";
import type { ProcessConfig } from "./messages.ts";

/** The clients of one process. */
export interface Clients {
  readonly leases: LeaseClient;
  /** For the job's own requests. */
  readonly client: DynamoDBClient;
}

/** How long one of the job's own requests may hang: no lease's deadline watches over those. */
const JOB_TIMEOUT_MS = 2_500;

/** Opens the clients of a process, and closes them when they have been used. */
export async function openClients(
  { leaseTable: tableName, durationMs, endpoint }: ProcessConfig,
  options: { readonly holder: string; readonly retryIntervalMs: number },
  use: (clients: Clients) => Promise<void>,
): Promise<void> {
  const client = new DynamoDBClient({
    endpoint,
    ...LOCAL_AWS,
    requestHandler: {
      connectionTimeout: JOB_TIMEOUT_MS,
      requestTimeout: JOB_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
  const leases = new LeaseClient({ tableName, client, durationMs, ...options });
  await use({ leases, client });
  await leases.close();
  client.destroy();
}

/** Does something again and again, until it is told to stop. What goes wrong is reported. */
export async function untilStopped(
  { stopping, report }: Hosted<ProcessConfig>,
  once: () => Promise<void>,
): Promise<void> {
  while (!stopping.aborted) {
    await once().catch((error: unknown) => reportFailure(error, report));
  }
}

/** Waits for so long, or until it is told to stop. */
export async function rest(ms: number, stopping: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: stopping }).catch(() => {});
}
