import { DynamoDBDocumentClient, GetCommand, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { beforeAll, describe, expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { fenceCheck } from "../../lib/fencing/fence-check.ts";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { leaseErrorIn } from "../support/failures.ts";
import { deleteRow, rowOf } from "../support/lease-tables.ts";

const TABLE = "fence";
const SHORT = { durationMs: 1_000, graceMs: 1_100, serviceClockErrorMs: 50, requestTimeoutMs: 300 };

const engine = engineForTests(TABLE);
let documents: DynamoDBDocumentClient;

beforeAll(() => {
  documents = DynamoDBDocumentClient.from(engine.client);
});

/** A write that counts, fenced by a term; `broken` makes its body fail. */
async function fenced(lease: Pick<Lease, "name" | "holder" | "token">, broken = false): Promise<void> {
  const Key = { pk: `work of ${lease.name}`, sk: "counter" };
  const body = {
    TableName: TABLE,
    Key,
    UpdateExpression: "ADD writes :one",
    ExpressionAttributeValues: { ":one": 1 },
    ...(broken ? { ConditionExpression: "attribute_exists(never)" } : {}),
  };
  const TransactItems = [fenceCheck({ tableName: TABLE, lease }), { Update: body }];
  await documents.send(new TransactWriteCommand({ TransactItems }));
}

async function writes(name: string): Promise<number> {
  const Key = { pk: `work of ${name}`, sk: "counter" };
  const { Item } = await documents.send(new GetCommand({ TableName: TABLE, Key, ConsistentRead: true }));
  return Number(Item?.["writes"] ?? 0);
}

const refusedTransaction = { name: "TransactionCanceledException" };

describe("a fenced write", () => {
  it("is applied for the term that leads, as often as it likes, over renewals", async () => {
    await using leases = new LeaseClient({ tableName: TABLE, client: engine.client });
    const lease = await leases.acquire("leads");
    await fenced(lease);
    await lease.renew();
    await lease.proclaim("x");
    await fenced(lease);
    expect(await writes("leads")).toBe(2);
  });

  it("#34 is refused to the predecessor from its successor's election on, before the successor writes", async () => {
    const [first, second] = [0, 1].map(
      () => new LeaseClient({ tableName: TABLE, client: engine.client, ...SHORT }),
    );
    const old = await first?.acquire("elected", { renew: "manual" });
    if (old === undefined || second === undefined) throw new Error("unreachable");
    await fenced(old);
    const next = await second.acquire("elected", { timeoutMs: 8_000 });
    await expect(fenced(old)).rejects.toMatchObject(refusedTransaction);
    expect(await writes("elected")).toBe(1);
    await fenced(next);
    await expect(fenced(old)).rejects.toMatchObject(refusedTransaction);
    expect(await writes("elected")).toBe(2);
    await second.close();
  });

  it("#35 whose body fails changes neither the row nor what is refused afterwards", async () => {
    await using leases = new LeaseClient({ tableName: TABLE, client: engine.client });
    const lease = await leases.acquire("body", { renew: "manual" });
    const before = await rowOf(engine.client, TABLE, "body");
    await expect(fenced(lease, true)).rejects.toMatchObject(refusedTransaction);
    expect(await rowOf(engine.client, TABLE, "body")).toEqual(before);
    expect(await writes("body")).toBe(0);
    await fenced(lease);
    expect(await writes("body")).toBe(1);
  });

  it("is refused once the term was released, and where there is no row", async () => {
    await using leases = new LeaseClient({ tableName: TABLE, client: engine.client });
    const lease = await leases.acquire("released");
    await lease.release();
    await expect(fenced(lease)).rejects.toMatchObject(refusedTransaction);
    await deleteRow(engine.client, TABLE, "released");
    await expect(fenced(lease)).rejects.toMatchObject(refusedTransaction);
    expect(await writes("released")).toBe(0);
  });

  it.each([
    ["another holder", { holder: "eve/1" }],
    ["a lower token", { token: 1 }],
    ["a higher token", { token: 9e15 }],
  ])("is refused to %s than the row's", async (_, change) => {
    await using leases = new LeaseClient({ tableName: TABLE, client: engine.client });
    const lease = await leases.acquire(`other-${Object.values(change)[0]}`);
    const { name, holder, token } = lease;
    await expect(fenced({ name, holder, token, ...change })).rejects.toMatchObject(refusedTransaction);
    expect(await writes(name)).toBe(0);
  });

  it("is not made for a name that no lease can have", () => {
    const lease = { name: "", holder: "h", token: 1 };
    expect(leaseErrorIn(() => fenceCheck({ tableName: TABLE, lease }), "INVALID_ARGUMENT").message).toMatch(
      /^name/,
    );
  });
});
