import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CreateTableCommand,
  DynamoDBClient,
  ResourceInUseException,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";

const client = new DynamoDBClient({}); // AWS_ENDPOINT_URL_DYNAMODB says where, as for every client of the SDK
const file = join(import.meta.dirname, "table/create-table.json");
const input = { ...JSON.parse(await readFile(file, "utf8")), DeletionProtectionEnabled: false };
try {
  await client.send(new CreateTableCommand(input));
  await waitUntilTableExists({ client, maxWaitTime: 60 }, { TableName: input.TableName });
  console.log(`made the table ${input.TableName}`);
} catch (error) {
  if (!(error instanceof ResourceInUseException)) throw error;
  console.log(`the table ${input.TableName} is there already`);
}
client.destroy();
