import {
  DeleteCommand,
  PutCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fenced, type MarkFence } from "../../lib/fencing/fenced.ts";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";
import { failureOf, type FencedGround, fencedGround, frozen, ORDERS } from "./ground.ts";

let ground: FencedGround;

beforeAll(async () => {
  ground = await fencedGround();
});

afterAll(() => ground[Symbol.asyncDispose]());

/** The fence of a term of one lease, whose row is nowhere. */
const by = (token: number, highWaterMark: string | true = true): MarkFence =>
  fenced({ name: "far away", holder: `holder-of-${token}`, token }, { highWaterMark });

const put = (id: string, more: Record<string, unknown> = {}): PutCommand =>
  new PutCommand({ TableName: ORDERS, Item: { id, ...more } });

const count = (id: string) => ({
  TableName: ORDERS,
  Key: { id },
  UpdateExpression: "ADD #set :one",
  ExpressionAttributeNames: { "#set": "count" },
  ExpressionAttributeValues: { ":one": 1 },
});

type Element = NonNullable<TransactWriteCommandInput["TransactItems"]>[number];

/** Sends a transaction of one more put, of an item that nobody else writes. */
const transact = (fence: MarkFence, id: string, element: Element): Promise<unknown> =>
  ground.documents.send(
    fence(new TransactWriteCommand({ TransactItems: [{ Put: put(`${id}b`).input }, element] })),
  );

describe("a write with a high-water mark", () => {
  it("keeps its token in the item, under the name given, and is applied for the same token and higher ones", async () => {
    const { documents, unique, order } = ground;
    const id = unique();
    await documents.send(by(5, "term of office")(put(id)));
    await documents.send(by(5, "term of office")(new UpdateCommand(count(id))));
    expect(await order(id)).toEqual({ "term of office": 5, count: 1 });
    await documents.send(by(6, "term of office")(new UpdateCommand(count(id))));
    expect(await order(id)).toEqual({ "term of office": 6, count: 2 });
  });

  it.each([
    ["a put", (fence: MarkFence, id: string) => ground.documents.send(fence(put(id)))],
    [
      "an update",
      (fence: MarkFence, id: string) => ground.documents.send(fence(new UpdateCommand(count(id)))),
    ],
    [
      "a delete",
      (fence: MarkFence, id: string) =>
        ground.documents.send(fence(new DeleteCommand({ TableName: ORDERS, Key: { id } }))),
    ],
    ["a put in a transaction", (fence: MarkFence, id: string) => transact(fence, id, { Put: put(id).input })],
    ["an update in one", (fence: MarkFence, id: string) => transact(fence, id, { Update: count(id) })],
    [
      "a delete in one",
      (fence: MarkFence, id: string) => transact(fence, id, { Delete: { TableName: ORDERS, Key: { id } } }),
    ],
  ])(
    "refuses %s of an older term from the newer one's first write on, and writes nothing",
    async (_, send) => {
      const { documents, unique, order } = ground;
      const id = unique();
      await documents.send(by(9)(put(id, { kept: true })));
      const refused = await leaseErrorOf(send(by(5), id), "FENCED");
      expect(refused).toMatchObject({ token: 9, lease: "far away" });
      expect(refused.message).toMatch(/token 5 .* token 9 in "fence"; nothing was written/);
      expect(refused.cause).toBeInstanceOf(Error);
      expect([await order(id), await order(`${id}b`)]).toEqual([{ kept: true, fence: 9 }, undefined]);
    },
  );

  it("lets an older term through until the newer one has written to that very item, and after a delete", async () => {
    const { documents, unique, order } = ground;
    const [id, other] = [unique(), unique()];
    await documents.send(by(9)(put(other)));
    await documents.send(by(5)(put(id)));
    await documents.send(by(9)(new DeleteCommand({ TableName: ORDERS, Key: { id } })));
    await documents.send(by(5)(put(id)));
    expect(await order(id)).toEqual({ fence: 5 });
  });

  it("#35 whose own condition fails does not advance the mark", async () => {
    const { documents, unique, order } = ground;
    const id = unique();
    await documents.send(by(5)(put(id)));
    const failing = { ConditionExpression: "attribute_exists(never)" };
    const failures = await Promise.all(
      [
        documents.send(by(9)(new UpdateCommand({ ...count(id), ...failing }))),
        documents.send(by(9)(new PutCommand({ TableName: ORDERS, Item: { id }, ...failing }))),
        documents.send(by(9)(new DeleteCommand({ TableName: ORDERS, Key: { id }, ...failing }))),
      ].map(failureOf),
    );
    for (const { name } of failures) expect(name).toBe("ConditionalCheckFailedException");
    await documents.send(by(5)(new UpdateCommand(count(id))));
    expect(await order(id)).toEqual({ fence: 5, count: 1 });
  });

  it("holds the fence against whatever operators the write's own condition is made of", async () => {
    const { documents, unique, order } = ground;
    const id = unique();
    await documents.send(by(9)(put(id)));
    const either = { ConditionExpression: "attribute_exists(id) OR attribute_not_exists(id)" };
    await leaseErrorOf(
      documents.send(by(5)(new PutCommand({ TableName: ORDERS, Item: { id }, ...either }))),
      "FENCED",
    );
    const torn = { ConditionExpression: "attribute_exists(id)) OR (attribute_exists(id)" };
    leaseErrorIn(
      () => by(5)(new PutCommand({ TableName: ORDERS, Item: { id }, ...torn })),
      "INVALID_ARGUMENT",
    );
    expect(await order(id)).toEqual({ fence: 9 });
  });

  it("returns the values that were asked for", async () => {
    const { documents, unique } = ground;
    const id = unique();
    await documents.send(by(5)(put(id)));
    const update = by(5)(new UpdateCommand({ ...count(id), ReturnValues: "UPDATED_NEW" }));
    expect((await documents.send(update)).Attributes).toEqual({ count: 1, fence: 5 });
    const remove = by(5)(new DeleteCommand({ TableName: ORDERS, Key: { id }, ReturnValues: "ALL_OLD" }));
    expect((await documents.send(remove)).Attributes).toEqual({ id, count: 1, fence: 5 });
  });

  it("creates an item by an update that has no expression", async () => {
    const { documents, unique, order } = ground;
    const id = unique();
    await documents.send(by(5)(new UpdateCommand({ TableName: ORDERS, Key: { id } })));
    expect(await order(id)).toEqual({ fence: 5 });
  });

  it("leaves the inputs of writes and transactions as they were, and a transaction's checks as they are", async () => {
    const { documents, unique } = ground;
    const id = unique();
    await documents.send(put(id));
    const ConditionCheck = { TableName: ORDERS, Key: { id }, ConditionExpression: "attribute_exists(id)" };
    const Delete = { TableName: ORDERS, Key: { id: `${id}b` } };
    const TransactItems = [{ ConditionCheck }, { Delete }, { Update: count(`${id}c`) }];
    const command = by(5)(new TransactWriteCommand(frozen({ TransactItems })));
    expect(command.input.TransactItems?.[0]).toEqual({ ConditionCheck });
    await documents.send(command);
    await documents.send(by(5)(new UpdateCommand(frozen(count(id)))));
  });
});

describe("the item that refused a marked write", () => {
  const stands = (id: string) => ({ ...count(id), ConditionExpression: "attribute_not_exists(id)" });

  it.each([
    [undefined, undefined],
    ["NONE", undefined],
    ["ALL_OLD", true],
  ] as const)("is shown to a caller whose own condition failed, if asked for: %s", async (asked, shown) => {
    const { documents, unique } = ground;
    const id = unique();
    await documents.send(by(5)(put(id, { secret: "s" })));
    const item = shown && { id: { S: id }, secret: { S: "s" }, fence: { N: "5" } };
    const write = { ...stands(id), ReturnValuesOnConditionCheckFailure: asked };
    const single = await failureOf(documents.send(by(5)(new UpdateCommand(write))));
    expect([single.name, single["Item"]]).toEqual(["ConditionalCheckFailedException", item]);

    const TransactItems = [{ Put: put(unique()).input }, { Update: write }];
    const transaction = await failureOf(documents.send(by(5)(new TransactWriteCommand({ TransactItems }))));
    const [other, own, none] = transaction["CancellationReasons"] as { Code: string; Item?: object }[];
    expect([other?.Code, own?.Code, own?.Item, none]).toEqual([
      "None",
      "ConditionalCheckFailed",
      item,
      undefined,
    ]);
  });

  it("is not shown by way of the refusal's cause either", async () => {
    const { documents, unique } = ground;
    const id = unique();
    await documents.send(by(9)(put(id, { secret: "s" })));
    const refused = await leaseErrorOf(documents.send(by(5)(put(id))), "FENCED");
    expect((refused.cause as { Item?: unknown }).Item).toBeUndefined();
  });

  it("is told from a fence whose attribute something else writes", async () => {
    const { documents, unique } = ground;
    const id = unique();
    await documents.send(put(id, { fence: "white" }));
    const error = await leaseErrorOf(documents.send(by(5)(put(id))), "INVALID_ARGUMENT");
    expect(error.message).toMatch(/"fence"/);
  });
});
