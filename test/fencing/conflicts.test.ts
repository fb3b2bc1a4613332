import {
  DynamoDBDocumentClient,
  PutCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { describe, expect, it, vi } from "vitest";
import { fenced } from "../../lib/fencing/fenced.ts";
import { engineClient } from "../../local/engine.ts";
import { type Reply, replying } from "../support/aws-server.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { failureOf } from "./ground.ts";

const TERM = { name: "job", holder: "ann/1", token: 5, tableName: "leases" };
const put = new PutCommand({ TableName: "orders", Item: { id: "a" } });
const update = new UpdateCommand({ TableName: "orders", Key: { id: "a" }, UpdateExpression: "REMOVE x" });

const WRITTEN: Reply = { status: 200, body: {} };
const IN_THE_WAY: Reply = { status: 400, error: "TransactionConflictException" };
const cancelled = (...codes: (string | object)[]): Reply => ({
  status: 400,
  error: "TransactionCanceledException",
  body: { CancellationReasons: codes.map((Code) => (typeof Code === "string" ? { Code } : Code)) },
});

/** A document client that sends to a server which gives these replies, and the inputs that pass through it. */
async function answering(...replies: Reply[]) {
  const server = await replying(...replies);
  const client = engineClient(server.endpoint);
  const tokens: (string | undefined)[] = [];
  client.middlewareStack.add(
    (next) => (args) => {
      tokens.push((args.input as { ClientRequestToken?: string }).ClientRequestToken);
      return next(args);
    },
    { step: "serialize", name: "noteTokens" },
  );
  return {
    documents: DynamoDBDocumentClient.from(client),
    asked: server.asked,
    tokens,
    async [Symbol.asyncDispose]() {
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** No time passes until the end of its block, so that no machine is too slow for what is tried for half a second. */
function timeStandsStill(): Disposable {
  const now = vi.spyOn(performance, "now").mockReturnValue(performance.now());
  return { [Symbol.dispose]: () => now.mockRestore() };
}

describe("a fenced write that meets another transaction", () => {
  it("is sent again as the same transaction, and goes through once the other is done", async () => {
    using _still = timeStandsStill();
    const conflict = cancelled("None", "TransactionConflict");
    await using world = await answering(conflict, conflict, WRITTEN);
    await world.documents.send(fenced(TERM)(put));
    expect(world.asked).toEqual(Array.from({ length: 3 }, () => "TransactWriteItems"));
    expect(new Set(world.tokens).size).toBe(1);
    expect(world.tokens[0]).toMatch(/^[\da-f-]{36}$/);
  });

  it("keeps the request token that it was given, and makes a new one for every sending otherwise", async () => {
    using _still = timeStandsStill();
    await using world = await answering(cancelled("TransactionConflict", "None"), WRITTEN);
    const command = new TransactWriteCommand({
      TransactItems: [{ Put: put.input }],
      ClientRequestToken: "mine",
    });
    await world.documents.send(fenced(TERM)(command));
    const own = fenced(TERM)(put);
    await world.documents.send(own);
    await world.documents.send(own);
    expect(world.tokens.slice(0, 2)).toEqual(["mine", "mine"]);
    expect(new Set(world.tokens).size).toBe(3);
  });

  it("is sent again as a single write, in the high-water mark mode", async () => {
    using _still = timeStandsStill();
    await using world = await answering(IN_THE_WAY, WRITTEN);
    await world.documents.send(fenced(TERM, { highWaterMark: true })(update));
    expect(world.asked).toEqual(["UpdateItem", "UpdateItem"]);
    expect(world.tokens).toEqual([undefined, undefined]);
  });

  it.each([
    ["a transaction", cancelled("None", "TransactionConflict"), "TransactionCanceledException"],
    ["a single write", IN_THE_WAY, "TransactionConflictException"],
  ])(
    "is given up after some tries within a second, with what the SDK says of %s",
    async (kind, reply, name) => {
      await using world = await answering(reply);
      const start = performance.now();
      const sending =
        kind === "a transaction"
          ? world.documents.send(fenced(TERM)(put))
          : world.documents.send(fenced(TERM, { highWaterMark: true })(put));
      expect((await failureOf(sending)).name).toBe(name);
      expect(world.asked.length).toBeGreaterThanOrEqual(5);
      expect(world.asked.length).toBeLessThanOrEqual(8);
      expect(performance.now() - start).toBeLessThan(1_500);
    },
  );

  it("is not sent again when a condition failed beside: that is an answer", async () => {
    const row = { pk: { S: "job" }, sk: { S: "lease" }, token: { N: "6" }, holder: { S: "bob/2" } };
    const refused = { Code: "ConditionalCheckFailed", Item: row };
    await using world = await answering(cancelled("TransactionConflict", refused));
    const error = await leaseErrorOf(world.documents.send(fenced(TERM)(put)), "FENCED");
    expect(error).toMatchObject({ token: 6, message: expect.stringContaining("bob/2") });
    expect(world.asked).toHaveLength(1);
  });

  it.each([
    ["another reason", cancelled("ValidationError", "None"), "TransactionCanceledException"],
    ["another error", { status: 400, error: "ResourceNotFoundException" }, "ResourceNotFoundException"],
  ])("is not sent again for %s, which reaches the caller as it is", async (_, reply, name) => {
    await using world = await answering(reply);
    expect((await failureOf(world.documents.send(fenced(TERM)(put)))).name).toBe(name);
    expect(world.asked).toHaveLength(1);
  });
});

describe("a refusal by a mark after an attempt that nobody answered", () => {
  const failed: Reply = { status: 500, error: "InternalServerError" };

  it.each([
    ["before it", [failed]],
    ["before a transaction was in the way", [failed, IN_THE_WAY]],
  ])("does not claim that nothing was written: %s", async (_, before) => {
    const item = { id: { S: "a" }, fence: { N: "9" } };
    const refusal = { status: 400, error: "ConditionalCheckFailedException", body: { Item: item } };
    using _still = timeStandsStill();
    await using world = await answering(...before, refusal);
    const fence = fenced(TERM, { highWaterMark: true });
    const error = await leaseErrorOf(world.documents.send(fence(put)), "FENCED");
    expect(error.message).toMatch(/this attempt wrote nothing, an earlier one may have/);
  });
});
