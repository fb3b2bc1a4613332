import {
  DeleteCommand,
  DynamoDBDocumentClient,
  PutCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fenced } from "../../lib/fencing/fenced.ts";
import type { FenceableCommand } from "../../lib/fencing/commands.ts";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { hear } from "../support/lease-events.ts";
import { deleteRow, putRow, rowOf } from "../support/lease-tables.ts";
import { failureOf, type FencedGround, fencedGround, frozen, LEASES, ORDERS } from "./ground.ts";

const SHORT = { durationMs: 1_000, graceMs: 1_100, serviceClockErrorMs: 50, requestTimeoutMs: 300 };

let ground: FencedGround;

beforeAll(async () => {
  ground = await fencedGround();
});

afterAll(() => ground[Symbol.asyncDispose]());

const put = (id: string, by: string): PutCommand =>
  new PutCommand({ TableName: ORDERS, Item: { id, by }, ReturnValues: "NONE", Expected: undefined });

const count = (id: string) => ({
  TableName: ORDERS,
  Key: { id },
  UpdateExpression: "ADD #count :one",
  ExpressionAttributeNames: { "#count": "count" },
  ExpressionAttributeValues: { ":one": 1 },
});

describe("a fenced write", () => {
  it("of each kind is applied for the term that leads, with its own condition, as often as it likes", async () => {
    const { documents, elect, unique, order } = ground;
    const [a, b] = [unique(), unique()];
    const fence = fenced(await elect(unique(), 7));
    await documents.send(fence(put(a, "me")));
    await documents.send(
      fence(new UpdateCommand({ ...count(a), ConditionExpression: "attribute_exists(id)" })),
    );
    await documents.send(fence(new UpdateCommand(count(a))));
    expect(await order(a)).toEqual({ by: "me", count: 2 });
    const Delete = { TableName: ORDERS, Key: { id: a } };
    const Put = { TableName: ORDERS, Item: { id: b, by: "me" } };
    await documents.send(fence(new TransactWriteCommand({ TransactItems: [{ Delete }, { Put }] })));
    expect([await order(a), await order(b)]).toEqual([undefined, { by: "me" }]);
    await documents.send(fence(new DeleteCommand({ TableName: ORDERS, Key: { id: b } })));
    expect(await order(b)).toBeUndefined();
  });

  it("goes on over renewals and what is proclaimed, and knows the table of its lease", async () => {
    const { documents, admin, unique, order } = ground;
    const id = unique();
    await using leases = new LeaseClient({ tableName: LEASES, client: admin });
    const lease = await leases.acquire(unique());
    const fence = fenced(lease);
    await documents.send(fence(new UpdateCommand(count(id))));
    await lease.renew();
    await lease.proclaim("here");
    await documents.send(fence(new UpdateCommand(count(id))));
    expect(await order(id)).toEqual({ count: 2 });
  });

  it("goes through however often the lease is renewed meanwhile", async () => {
    const { documents, admin, unique, order } = ground;
    const id = unique();
    await using leases = new LeaseClient({ tableName: LEASES, client: admin });
    const lease = await leases.acquire(unique(), { renew: "manual" });
    const fence = fenced(lease);
    const renewing = (async () => {
      for (let nth = 0; nth < 40; nth += 1) await lease.renew();
    })();
    for (let nth = 0; nth < 40; nth += 1) await documents.send(fence(new UpdateCommand(count(id))));
    await renewing;
    expect(await order(id)).toEqual({ count: 40 });
  });

  it("#34 is refused to the predecessor from its successor's election on, before the successor writes", async () => {
    const { documents, admin, unique, order } = ground;
    const [name, id] = [unique(), unique()];
    await using first = new LeaseClient({ tableName: LEASES, client: admin, ...SHORT });
    await using second = new LeaseClient({ tableName: LEASES, client: admin, ...SHORT });
    const old = await first.acquire(name, { renew: "manual" });
    await documents.send(fenced(old)(new UpdateCommand(count(id))));
    const next = await second.acquire(name, { timeoutMs: 8_000 });

    const refused = await failureOf(documents.send(fenced(old)(new UpdateCommand(count(id)))));
    expect(refused).toMatchObject({ code: "FENCED", token: next.token });
    expect(await order(id)).toEqual({ count: 1 });

    await documents.send(fenced(next)(new UpdateCommand(count(id))));
    await leaseErrorOf(documents.send(fenced(old)(new UpdateCommand(count(id)))), "FENCED");
    expect(await order(id)).toEqual({ count: 2 });
  });

  it("#35 whose own condition fails changes neither the lease row nor what is refused afterwards", async () => {
    const { documents, admin, elect, unique, order } = ground;
    const id = unique();
    const term = await elect(unique(), 7);
    const before = await rowOf(admin, LEASES, term.name);
    const failing = new UpdateCommand({ ...count(id), ConditionExpression: "attribute_exists(id)" });
    expect((await failureOf(documents.send(fenced(term)(failing)))).name).toBe(
      "ConditionalCheckFailedException",
    );
    expect(await rowOf(admin, LEASES, term.name)).toEqual(before);
    expect(await order(id)).toBeUndefined();
    await documents.send(fenced(term)(new UpdateCommand(count(id))));
    expect(await order(id)).toEqual({ count: 1 });
  });
});

describe("a refusal by the lease row", () => {
  it("is FENCED with the winner, the lease and the SDK's error, and wrote nothing of any item", async () => {
    const { documents, elect, unique, order } = ground;
    const [name, id] = [unique(), unique()];
    const old = await elect(name, 7, "ann/1");
    await elect(name, 9, "bob/2");
    const TransactItems = [{ Update: count(id) }, { Put: { TableName: ORDERS, Item: { id: `${id}b` } } }];
    const error = await leaseErrorOf(
      documents.send(fenced(old)(new TransactWriteCommand({ TransactItems }))),
      "FENCED",
    );
    expect([error.token, error.lease]).toEqual([9, name]);
    expect(error.message).toMatch(/token 7 of "ann\/1".*token 9 of "bob\/2".*nothing was written/);
    expect(error.cause).toMatchObject({ name: "TransactionCanceledException" });
    expect([await order(id), await order(`${id}b`)]).toEqual([undefined, undefined]);
  });

  const row = (name: string) => ({ pk: name, sk: "lease" });
  it.each([
    [
      "was released",
      (name: string) => putRow(ground.admin, LEASES, { ...row(name), token: 7 }),
      undefined,
      "is vacant",
    ],
    ["lost its row", (name: string) => deleteRow(ground.admin, LEASES, name), undefined, "is gone"],
    ["has a row with a lower token", (name: string) => ground.elect(name, 6, "ann/1"), 6, "has token 6"],
    [
      "has another holder under its token",
      (name: string) => ground.elect(name, 7, "eve"),
      undefined,
      '"eve"',
    ],
  ])("befalls a term that %s", async (_, end, winner, said) => {
    const { documents, elect, unique, order } = ground;
    const [name, id] = [unique(), unique()];
    const fence = fenced(await elect(name, 7, "ann/1"));
    await end(name);
    const refused = await failureOf(documents.send(fence(put(id, "late"))));
    expect(refused).toMatchObject({ code: "FENCED", message: expect.stringContaining(said) });
    expect(refused["token"]).toBe(winner);
    expect(await order(id)).toBeUndefined();
  });

  it("takes precedence over the failure of the write's own condition", async () => {
    const { documents, elect, unique } = ground;
    const [name, id] = [unique(), unique()];
    const fence = fenced(await elect(name, 7));
    await elect(name, 8);
    const failing = new UpdateCommand({ ...count(id), ConditionExpression: "attribute_exists(id)" });
    await leaseErrorOf(documents.send(fence(failing)), "FENCED");
  });
});

describe("the failure of a fenced write's own condition", () => {
  it.each(["ALL_OLD", "NONE", undefined] as const)("is as it is unfenced, asked for %s", async (asked) => {
    const { documents, elect, unique } = ground;
    const id = unique();
    await documents.send(put(id, "first"));
    const fence = fenced(await elect(unique(), 7));
    const ConditionExpression = "attribute_not_exists(id)";
    const more = { ConditionExpression, ReturnValuesOnConditionCheckFailure: asked };
    const send = async (by: (command: FenceableCommand) => FenceableCommand, nth: number): Promise<unknown> =>
      documents.send(
        by(
          [
            new PutCommand({ TableName: ORDERS, Item: { id, by: "second" }, ...more }),
            new UpdateCommand({ ...count(id), ...more }),
            new DeleteCommand({ TableName: ORDERS, Key: { id }, ...more }),
          ][nth] as FenceableCommand,
        ) as TransactWriteCommand,
      );
    for (const nth of [0, 1, 2]) {
      const plain = await failureOf(send((command) => command, nth));
      const failure = await failureOf(send(fence, nth));
      expect(failure.name).toBe(plain.name);
      expect(failure.message).toBe(plain.message);
      expect(failure["Item"]).toEqual(plain["Item"]);
      expect(Object.getPrototypeOf(failure)).toBe(Object.getPrototypeOf(plain));
      expect(plain["Item"]).toEqual(asked === "ALL_OLD" ? { id: { S: id }, by: { S: "first" } } : undefined);
    }
  });

  it.each([0, 1])(
    "is told of a transaction by the places of its own items: item %i of two",
    async (failing) => {
      const { documents, elect, unique } = ground;
      const ids = [unique(), unique()];
      const fence = fenced(await elect(unique(), 7));
      const TransactItems = ids.map((id, at) => ({
        Update: { ...count(id), ConditionExpression: `attribute_${at === failing ? "" : "not_"}exists(id)` },
      }));
      const { name, CancellationReasons } = await failureOf(
        documents.send(fence(new TransactWriteCommand({ TransactItems }))),
      );
      expect(name).toBe("TransactionCanceledException");
      const codes = ["None", "None", "None"].with(failing, "ConditionalCheckFailed");
      expect((CancellationReasons as { Code: string }[]).map(({ Code }) => Code)).toEqual(codes);
    },
  );
});

describe("fencing a command", () => {
  it("changes neither the command nor its input nor the client, which translates as it was told", async () => {
    const { admin, elect, unique, order } = ground;
    const id = unique();
    const documents = DynamoDBDocumentClient.from(admin, {
      marshallOptions: { removeUndefinedValues: true },
    });
    const input = frozen({ TableName: ORDERS, Item: { id, gone: undefined, set: new Set(["a"]) } });
    const command = new PutCommand(input);
    const stacks = (): unknown => [documents.middlewareStack.identify(), command.middlewareStack.identify()];
    const before = stacks();
    const term = await elect(unique(), 7);
    await documents.send(fenced(term)(command));
    await documents.send(fenced(term, { highWaterMark: true })(command));
    expect(stacks()).toEqual(before);
    expect(command.input).toBe(input);
    expect(await order(id)).toEqual({ set: new Set(["a"]), fence: 7 });
    DynamoDBDocumentClient.from(admin); // its settings live in the shared configuration
  });

  it("makes a command that can be sent once more, each time as a transaction of its own", async () => {
    const { documents, elect, unique, order } = ground;
    const id = unique();
    const command = fenced(await elect(unique(), 7))(new UpdateCommand(count(id)));
    await documents.send(command);
    await documents.send(command);
    expect(await order(id)).toEqual({ count: 2 });
  });

  it("takes the most items that leave room for its own, and those of other leases", async () => {
    const { documents, elect, unique, order } = ground;
    const id = unique();
    const other = { TableName: LEASES, Item: { pk: unique(), sk: "lease" } };
    const puts = Array.from({ length: 98 }, (_, at) => ({
      Put: { TableName: ORDERS, Item: { id: `${id}.${at}` } },
    }));
    const TransactItems = [...puts, { Put: other }];
    await documents.send(fenced(await elect(unique(), 7))(new TransactWriteCommand({ TransactItems })));
    expect(await order(`${id}.97`)).toEqual({});
  });

  it("carries along what the transaction can report", async () => {
    const { elect, unique } = ground;
    const reports = { ReturnConsumedCapacity: "TOTAL", ReturnItemCollectionMetrics: "SIZE" } as const;
    const command = new PutCommand({ TableName: ORDERS, Item: { id: "x" }, ...reports });
    expect(fenced(await elect(unique(), 7))(command).input).toMatchObject(reports);
  });
});

it("publishes each refusal, by which fence and for whom, and none of what it let through", async () => {
  const { documents, elect, unique } = ground;
  const [lease, id] = [unique(), unique()];
  using heard = hear(lease);
  const stale = await elect(lease, 7);
  await documents.send(fenced(stale)(put(id, "stale")));
  const winner = await elect(lease, 9);
  await leaseErrorOf(documents.send(fenced(stale)(put(id, "stale"))), "FENCED");
  const marked = (token: number) => fenced({ name: lease, token }, { highWaterMark: true });
  await documents.send(marked(winner.token)(put(id, "winner")));
  await leaseErrorOf(documents.send(marked(7)(put(id, "stale"))), "FENCED");
  expect(heard.all).toEqual([
    { event: "fenced", lease, holder: stale.holder, token: 7, by: "lease-row", winner: 9 },
    { event: "fenced", lease, holder: undefined, token: 7, by: "high-water-mark", winner: 9 },
  ]);
});
