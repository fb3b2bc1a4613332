/**
 * Acquires and releases on an engine, first and then again, and prints how long each took and what was sent. The argument is an
 * {@link Acquiring} as JSON. `bare` sends the two smallest writes that could do instead.
 */
import type { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import type { LeaseClient } from "leasehold";
import type { Acquired, Acquiring } from "./acquiring.ts";

const { sdk, ours, endpoint, table, name, warm } = JSON.parse(process.argv[2] ?? "{}") as Acquiring;
const { DynamoDBClient: Client, UpdateItemCommand: Update } = (await import(sdk)) as {
  DynamoDBClient: typeof DynamoDBClient;
  UpdateItemCommand: typeof UpdateItemCommand;
};
const client = new Client({ endpoint });
let sent: string[] = [];
client.middlewareStack.add(
  (next, { commandName = "" }) =>
    async (args) => {
      sent.push(commandName.replace(/Command$/, ""));
      return next(args);
    },
  { step: "finalizeRequest", name: "count" },
);

const cycle = ours === undefined ? bareCycle() : await leaseCycle(ours);
const firstMs = await timed(cycle);
const { length: requests } = sent;
sent = [];
const warmMs: number[] = [];
for (let nth = 0; nth < warm; nth += 1) warmMs.push(await timed(cycle));
const acquired: Acquired = { firstMs, warmMs, requests, warmRequests: sent.length / Math.max(1, warm) };
client.destroy();
process.stdout.write(JSON.stringify(acquired));

async function timed(work: () => Promise<void>): Promise<number> {
  const from = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - from) / 1e6;
}

async function leaseCycle(module: string): Promise<() => Promise<void>> {
  const { LeaseClient: Leases } = (await import(module)) as { LeaseClient: typeof LeaseClient };
  const leases = new Leases({ tableName: table, client });
  return async () => {
    const result = await leases.tryAcquire(name);
    if (result.kind !== "acquired") throw new Error(`not acquired: ${result.reason}`);
    await result.lease.release();
  };
}

/** A lock that knows no time: the least that acquires and releases. */
function bareCycle(): () => Promise<void> {
  const Key = { pk: { S: name }, sk: { S: "lease" } };
  const common = { TableName: table, Key, ExpressionAttributeNames: { "#h": "holder" } };
  return async () => {
    await client.send(
      new Update({
        ...common,
        UpdateExpression: "SET #h = :h",
        ConditionExpression: "attribute_not_exists(#h)",
        ExpressionAttributeValues: { ":h": { S: "me" } },
      }),
    );
    await client.send(
      new Update({
        ...common,
        UpdateExpression: "REMOVE #h",
        ConditionExpression: "#h = :h",
        ExpressionAttributeValues: { ":h": { S: "me" } },
      }),
    );
  };
}
