import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it, vi } from "vitest";
import { recordOf } from "../../lib/dynamodb/rows.ts";
import { DynamoDBLeaseStore } from "../../lib/dynamodb/store.ts";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { engineClient } from "../../local/engine.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { leaseErrorIn } from "../support/failures.ts";
import { putRow } from "../support/lease-tables.ts";

const TABLE = "store";
const ARN = "arn:aws:dynamodb:eu-west-3:111111111111:table/store";

const engine = engineForTests(TABLE);

describe("a caller's client", () => {
  it("is not destroyed by closing the lease client, nor by disposing of it", async () => {
    const client = engineClient(engine.endpoint);
    let destroyed = 0;
    const destroy = client.destroy.bind(client);
    client.destroy = () => {
      destroyed += 1;
      destroy();
    };
    {
      await using leases = new LeaseClient({ tableName: TABLE, client });
      await leases.acquire("kept");
    }
    expect(destroyed).toBe(0);
    await client.send(new PutItemCommand({ TableName: TABLE, Item: { pk: { S: "x" }, sk: { S: "y" } } }));
    client.destroy();
  });

  it("that is a document client is accepted, and keeps the translation that its owner chose", async () => {
    const documents = DynamoDBDocumentClient.from(engine.client, {
      marshallOptions: { removeUndefinedValues: true, convertClassInstanceToMap: true },
      unmarshallOptions: { wrapNumbers: true },
    });
    const before = JSON.stringify((documents.config as { translateConfig?: unknown }).translateConfig);
    await using leases = new LeaseClient({ tableName: TABLE, client: documents });
    const lease = await leases.acquire("documents");
    await lease.proclaim({ port: 1 });
    expect(await leases.get("documents")).toMatchObject({ holder: lease.holder, value: { port: 1 } });

    expect(JSON.stringify((documents.config as { translateConfig?: unknown }).translateConfig)).toBe(before);
    await documents.send(
      new PutCommand({ TableName: TABLE, Item: { pk: "own", sk: "own", none: undefined } }),
    );
    const { Item } = await documents.send(
      new GetCommand({ TableName: TABLE, Key: { pk: "own", sk: "own" } }),
    );
    expect(Item).toEqual({ pk: "own", sk: "own" });
  });

  it("has its configuration and its middleware left as they were", async () => {
    const client = engineClient(engine.endpoint);
    // The SDK itself completes its configuration with the first request.
    await client.send(new PutItemCommand({ TableName: TABLE, Item: { pk: { S: "x" }, sk: { S: "y" } } }));
    const settings = Object.keys(client.config).toSorted();
    const middleware = client.middlewareStack.identify();
    await using leases = new LeaseClient({ tableName: TABLE, client });
    const lease = await leases.acquire("untouched");
    await leases.get("untouched");
    await leases.list().next();
    await lease.release();
    expect(Object.keys(client.config).toSorted()).toEqual(settings);
    expect(client.config).not.toHaveProperty("translateConfig");
    expect(client.middlewareStack.identify()).toEqual(middleware);
    client.destroy();
  });

  it("is not asked for anything before the first call", () => {
    let asked = 0;
    const client = engineClient(engine.endpoint);
    client.middlewareStack.add(
      (next) => (args) => {
        asked += 1;
        return next(args);
      },
      { step: "initialize" },
    );
    expect(new LeaseClient({ tableName: TABLE, client })).toBeDefined();
    expect(asked).toBe(0);
    client.destroy();
  });
});

describe("what is read", () => {
  it("is read strongly consistent, leases and lists alike", async () => {
    const client = engineClient(engine.endpoint);
    const inputs: Record<string, unknown>[] = [];
    client.middlewareStack.add(
      (next) => (args) => {
        inputs.push({ ...args.input });
        return next(args);
      },
      { step: "initialize" },
    );
    const leases = new LeaseClient({ tableName: TABLE, client });
    await leases.get("strong");
    for await (const _ of leases.list()) break;
    expect(inputs.map(({ ConsistentRead }) => ConsistentRead)).toEqual([true, true]);
    client.destroy();
  });

  it("of a list are leases alone, not what stands beside them under their names", async () => {
    await using leases = new LeaseClient({ tableName: TABLE, client: engine.client });
    await leases.acquire("beside");
    await putRow(engine.client, TABLE, { pk: "beside", sk: "candidate#1", holder: "eve", token: 9 });
    const listed: unknown[] = [];
    for await (const { name, holder } of leases.list()) if (name === "beside") listed.push(holder);
    expect(listed).toHaveLength(1);
    expect(listed).not.toContain("eve");
  });
});

describe("a client of its own", () => {
  it("is made from the environment where none is given, and destroyed with the store", () => {
    const destroyed = vi.spyOn(DynamoDBClient.prototype, "destroy");
    try {
      new DynamoDBLeaseStore({ tableName: TABLE }).destroy();
      expect(destroyed).toHaveBeenCalledTimes(1);
      new DynamoDBLeaseStore({ tableName: TABLE, client: engine.client }).destroy();
      expect(destroyed).toHaveBeenCalledTimes(1);
    } finally {
      destroyed.mockRestore();
    }
  });
});

describe("a store", () => {
  it.each([
    ["no table name", {}],
    ["an empty table name", { tableName: "" }],
    ["a table name that is no string", { tableName: 7 }],
    ["a name that no table can have", { tableName: "my leases!" }],
    ["a name that is too short", { tableName: "ab" }],
    ["a name that is too long", { tableName: "a".repeat(256) }],
    ["an ARN of something else", { tableName: "arn:aws:s3:::leases" }],
    ["an ARN of an index", { tableName: `${ARN}/index/by-name` }],
    ["a client that cannot send", { tableName: "leases", client: { config: {} } }],
    ["a client that is null", { tableName: "leases", client: null }],
  ])("is not made with %s", (_, options) => {
    const make = () => new DynamoDBLeaseStore(options as never);
    expect(leaseErrorIn(make, "INVALID_ARGUMENT").message).toMatch(/tableName|client/);
  });
});

describe("a row", () => {
  it("that is not there is no record", () => {
    expect(recordOf(undefined)).toBeUndefined();
    expect(recordOf({})).toBeUndefined();
  });

  it("reads what is missing as never written", () => {
    const record = recordOf({ pk: { S: "jobs" }, sk: { S: "lease" } });
    expect(record).toMatchObject({ name: "jobs", token: 0, revision: 0, transitions: 0, durationMs: 0 });
    expect(record?.holder).toBeUndefined();
    expect(record?.expiresAt).toBeUndefined();
  });

  it("may hold numbers beyond what JavaScript counts exactly in a value, written by somebody else", async () => {
    const value = { M: { id: { N: "123456789012345678901234567890" }, tiny: { N: "1E-130" } } };
    const Item = { pk: { S: "huge" }, sk: { S: "lease" }, token: { N: "5" }, value, holder: { S: "eve" } };
    await engine.client.send(new PutItemCommand({ TableName: TABLE, Item }));
    const leases = new LeaseClient({ tableName: TABLE, client: engine.client });
    const state = await leases.get("huge");
    expect(state).toMatchObject({
      holder: "eve",
      token: 5,
      value: { id: 1.2345678901234568e29, tiny: 1e-130 },
    });
    expect(
      (await leases.tryAcquire("huge")).kind,
      "it can be refused by such a row, or win it",
    ).toBeDefined();
  });
});
