import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  type DynamoDBClient,
  type TimeToLiveSpecification,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { tableRequests } from "../lib/cli/table/requests.ts";
import type { TableSpec } from "./assembly/deployment.ts";
import { type Engine, engineClient, startEngine } from "./engine.ts";

/** What a template says of a table, in the words that the API has, too. */
type Declared = Partial<CreateTableCommandInput> & {
  readonly TimeToLiveSpecification?: TimeToLiveSpecification;
};

/**
 * Creates a table as its template declares it: keys and TTL. What protects data in an account (backups,
 * encryption, deletion protection) has nothing to act on here and is left out.
 */
export async function createTable(
  client: DynamoDBClient,
  { name, properties }: TableSpec | { readonly name: string; readonly properties: Declared },
): Promise<void> {
  const declared: Declared = properties;
  for (const unknown of ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] as const) {
    if (declared[unknown] !== undefined)
      throw new Error(`table ${name}: the local runner plays no ${unknown}`);
  }
  const { KeySchema, AttributeDefinitions, TimeToLiveSpecification } = declared;
  await client.send(
    new CreateTableCommand({
      TableName: name,
      KeySchema,
      AttributeDefinitions,
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 }, { TableName: name });
  if (TimeToLiveSpecification?.Enabled === true) {
    await client.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification }));
  }
}

/** Deletes a table. For engines that live on. */
export async function deleteTable(client: DynamoDBClient, { name }: Pick<TableSpec, "name">): Promise<void> {
  await client.send(new DeleteTableCommand({ TableName: name }));
}

/**
 * Starts an engine with a lease table: one of its own, whatever the environment says of others.
 * @param port where it is to listen; a free port where none is named
 * @throws {Error} as {@link startEngine} does
 */
export async function startLeaseTable(name: string, port?: number): Promise<Engine> {
  const { AWS_ENDPOINT_URL_DYNAMODB: _, LEASEHOLD_DYNAMODB_ENDPOINT: __, ...env } = process.env;
  const engine = await startEngine(env, port);
  const client = engineClient(engine.endpoint);
  const { CreateTable, UpdateTimeToLive } = tableRequests(name, []);
  await createTable(client, { name, properties: { ...CreateTable, ...UpdateTimeToLive } });
  client.destroy();
  return engine;
}
