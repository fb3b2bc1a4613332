import {
  type AttributeDefinition,
  CreateTableCommand,
  DeleteTableCommand,
  type DynamoDBClient,
  type KeySchemaElement,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import type { TableSpec } from "./assembly/deployment.ts";
import { isList, isObject, type Json, scalar } from "./assembly/template.ts";

/**
 * Creates a table as its template declares it: keys and TTL. What protects data in an account (backups,
 * encryption, deletion protection) has nothing to act on here and is left out.
 */
export async function createTable(client: DynamoDBClient, { name, properties }: TableSpec): Promise<void> {
  for (const unknown of ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"]) {
    if (properties[unknown] !== undefined)
      throw new Error(`table ${name}: the local runner plays no ${unknown}`);
  }
  await client.send(
    new CreateTableCommand({
      TableName: name,
      KeySchema: objects(properties["KeySchema"]).map(keyElement),
      AttributeDefinitions: objects(properties["AttributeDefinitions"]).map(attributeDefinition),
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 }, { TableName: name });
  const ttl = properties["TimeToLiveSpecification"];
  if (isObject(ttl) && ttl["Enabled"] === true) {
    const specification = { Enabled: true, AttributeName: scalar(ttl["AttributeName"]) };
    await client.send(
      new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification: specification }),
    );
  }
}

/** Deletes a table. For engines that live on. */
export async function deleteTable(client: DynamoDBClient, { name }: TableSpec): Promise<void> {
  await client.send(new DeleteTableCommand({ TableName: name }));
}

function objects(value: Json | undefined): readonly { readonly [key: string]: Json }[] {
  return isList(value) ? value.filter(isObject) : [];
}

function keyElement(element: { readonly [key: string]: Json }): KeySchemaElement {
  const type = element["KeyType"] === "RANGE" ? "RANGE" : "HASH";
  return { AttributeName: scalar(element["AttributeName"]), KeyType: type };
}

function attributeDefinition(definition: { readonly [key: string]: Json }): AttributeDefinition {
  const type = definition["AttributeType"];
  return {
    AttributeName: scalar(definition["AttributeName"]),
    AttributeType: type === "N" || type === "B" ? type : "S",
  };
}
