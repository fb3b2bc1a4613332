import {
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";

/** Creates a table with the keys that the table format names, spelt out here on purpose. */
export async function createLeaseTable(client: DynamoDBClient, name: string): Promise<void> {
  await createTable(client, name, "pk", "sk");
}

/** Creates a table with a partition key and, if given, a sort key, both strings. */
export async function createTable(
  client: DynamoDBClient,
  name: string,
  partitionKey: string,
  sortKey: string | undefined,
): Promise<void> {
  const keys = [partitionKey, ...(sortKey === undefined ? [] : [sortKey])];
  await client.send(
    new CreateTableCommand({
      TableName: name,
      KeySchema: keys.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? "HASH" : "RANGE" })),
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 }, { TableName: name });
}

type Row = Record<string, unknown>;

/** Writes a row past the store, as an operator or another program would. */
export async function putRow(client: DynamoDBClient, table: string, row: Row): Promise<void> {
  const Item = marshall(row, { removeUndefinedValues: true, allowImpreciseNumbers: true });
  await client.send(new PutItemCommand({ TableName: table, Item }));
}

/** Reads a lease's row past the store. */
export async function rowOf(client: DynamoDBClient, table: string, name: string): Promise<Row | undefined> {
  const Key = { pk: { S: name }, sk: { S: "lease" } };
  const { Item } = await client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }));
  return Item && unmarshall(Item, { wrapNumbers: Number });
}

/** Deletes a lease's row, as TTL or an operator would. */
export async function deleteRow(client: DynamoDBClient, table: string, name: string): Promise<void> {
  await client.send(
    new DeleteItemCommand({ TableName: table, Key: { pk: { S: name }, sk: { S: "lease" } } }),
  );
}
