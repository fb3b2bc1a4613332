import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import middy from "@middy/core";
import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import { fenced, LeaseClient } from "leasehold";
import { LEASE_TABLE_SCHEMA } from "leasehold/dynamodb";
import { type LeaderOnlyContext, leaderOnly } from "leasehold/middy";
import { reportLeaseEvents as reportToOpenTelemetry } from "leasehold/opentelemetry";
import { reportLeaseEvents } from "leasehold/powertools";

/** What a user of every peer but the CDK does: elect under middy, write under a fence, and report it. */
const { partitionKey, sortKey } = LEASE_TABLE_SCHEMA;
const TableName = "leases";

const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
await documents.send(
  new CreateTableCommand({
    TableName,
    KeySchema: [
      { AttributeName: partitionKey, KeyType: "HASH" },
      { AttributeName: sortKey, KeyType: "RANGE" },
    ],
    AttributeDefinitions: [partitionKey, sortKey].map((AttributeName) => ({
      AttributeName,
      AttributeType: "S" as const,
    })),
    BillingMode: "PAY_PER_REQUEST",
  }),
);
reportLeaseEvents({
  logger: new Logger({ serviceName: "peers" }),
  metrics: new Metrics({ namespace: "Peers", serviceName: "peers" }),
});
reportToOpenTelemetry();
const leases = new LeaseClient({ tableName: TableName });
const Key = { [partitionKey]: "document", [sortKey]: "1" };

const handler = middy()
  .use(leaderOnly({ leases, name: "job" }))
  .handler(async (_event: unknown, context: LeaderOnlyContext) => {
    const { token } = context.lease;
    const fence = fenced(context.lease);
    await documents.send(fence(new PutCommand({ TableName, Item: { ...Key, token } })));
    return { led: true, token };
  });

const event = { tick: "2026-11-28T02:00:00Z" };
// What the runtime adds besides does not matter here.
const context = { getRemainingTimeInMillis: () => 10_000 } as LeaderOnlyContext;
const first: unknown = await handler(event, context);
const second: unknown = await handler(event, context);
const { Item } = await documents.send(new GetCommand({ TableName, Key }));
await leases.close();
documents.destroy();
console.log(JSON.stringify({ first, second, written: Item?.["token"] }));
