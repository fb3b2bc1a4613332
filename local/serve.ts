/**
 * `npm run engine`: an embedded DynamoDB with a lease table, to try the guides and the command line on. It prints what to put into the
 * environment, and stays until it is told to stop. Its table is gone then.
 */
import { tableRequests } from "../lib/cli/table/requests.ts";
import { createTable } from "./tables.ts";
import { engineClient, LOCAL_AWS, startEngine } from "./engine.ts";

const TABLE = "leases";

const stopped = new Promise<void>((resolve) => {
  const alive = setInterval(() => {}, 2 ** 31 - 1); // A listener for signals keeps no process alive.
  const stop = (): void => {
    clearInterval(alive);
    resolve();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
});
// An engine of its own, whatever the environment says of others.
const { AWS_ENDPOINT_URL_DYNAMODB: _, LEASEHOLD_DYNAMODB_ENDPOINT: __, ...env } = process.env;
await using engine = await startEngine(env);
const client = engineClient(engine.endpoint);
const { CreateTable, UpdateTimeToLive } = tableRequests(TABLE, []);
await createTable(client, { name: TABLE, properties: { ...CreateTable, ...UpdateTimeToLive } });
client.destroy();

const { accessKeyId, secretAccessKey } = LOCAL_AWS.credentials;
console.log(`A DynamoDB with the table "${TABLE}" runs until Ctrl-C. In another terminal:

export AWS_ENDPOINT_URL_DYNAMODB=${engine.endpoint}
export AWS_REGION=${LOCAL_AWS.region}
export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}
export LEASE_TABLE_NAME=${TABLE}
`);
await stopped;
