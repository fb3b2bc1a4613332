import { createRequire } from "node:module";
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import {
  BatchWriteCommand,
  DeleteCommand,
  GetCommand,
  PutCommand,
  TransactGetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { describe, expect, it } from "vitest";
import { fenced } from "../../lib/fencing/fenced.ts";
import type { FenceableCommand } from "../../lib/fencing/commands.ts";
import { leaseErrorIn } from "../support/failures.ts";

const TERM = { name: "job", holder: "ann/1", token: 5, tableName: "leases" };
const TableName = "orders";
const Key = { id: "a" };
const UpdateExpression = "REMOVE x";
const Expected = { id: { Exists: false } };

/** The message of the refusal to fence. */
const refusalOf = (command: unknown, highWaterMark?: true): string =>
  leaseErrorIn(
    () =>
      highWaterMark
        ? fenced(TERM, { highWaterMark })(command as PutCommand)
        : fenced(TERM)(command as FenceableCommand),
    "INVALID_ARGUMENT",
  ).message;

describe("what a transaction cannot do is refused before anything is sent", () => {
  it.each([
    [
      new PutCommand({ TableName, Item: Key, ReturnValues: "ALL_OLD" }),
      /^ReturnValues: "ALL_OLD".*highWaterMark/,
    ],
    [new UpdateCommand({ TableName, Key, UpdateExpression, ReturnValues: "ALL_NEW" }), /^ReturnValues/],
    [new DeleteCommand({ TableName, Key, ReturnValues: "ALL_OLD" }), /^ReturnValues/],
    [new UpdateCommand({ TableName, Key }), /^UpdateExpression is missing/],
    [new PutCommand({ TableName, Item: Key, Later: 1 } as never), /^Later: 1/],
  ])("%#", (command, message) => {
    expect(refusalOf(command)).toMatch(message);
  });
});

describe("conditions from before expressions are refused in either mode", () => {
  it.each([
    [new PutCommand({ TableName, Item: Key, Expected }), /^Expected.*ConditionExpression/],
    [new DeleteCommand({ TableName, Key, Expected, ConditionalOperator: "OR" }), /^Expected/],
    [new UpdateCommand({ TableName, Key, AttributeUpdates: { x: { Value: 1 } } }), /^AttributeUpdates/],
    [new PutCommand({ TableName, Item: Key, ConditionalOperator: "OR" }), /^ConditionalOperator/],
  ])("%#", (command, message) => {
    expect(refusalOf(command)).toMatch(message);
    expect(refusalOf(command, true)).toMatch(message);
  });
});

describe("a transaction that has no room for the check", () => {
  const puts = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ Put: { TableName, Item: { id: `${at}` } } }));

  it("is refused from 100 items on, in the transaction mode alone", () => {
    const command = new TransactWriteCommand({ TransactItems: puts(100) });
    expect(refusalOf(command)).toMatch(/^TransactItems has 100 items.*99/);
    const marked = fenced(TERM, { highWaterMark: true })(command);
    expect(marked.input.TransactItems).toHaveLength(100);
    expect(
      fenced(TERM)(new TransactWriteCommand({ TransactItems: puts(99) })).input.TransactItems,
    ).toHaveLength(100);
  });

  const row = { pk: "job", sk: "lease" };
  const arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/leases";
  it.each([
    ["a put", { Put: { TableName: "leases", Item: { ...row, holder: "me" } } }],
    ["an update", { Update: { TableName: "leases", Key: row, UpdateExpression } }],
    ["a delete, by the table's ARN", { Delete: { TableName: arn, Key: row } }],
    ["a check", { ConditionCheck: { TableName: "leases", Key: row, ConditionExpression: "a = b" } }],
  ])("is refused for %s of the lease row", (_, item) => {
    const TransactItems = [...puts(1), item];
    expect(refusalOf(new TransactWriteCommand({ TransactItems }))).toMatch(
      /^TransactItems\[1\].*lease "job"/,
    );
    const elsewhere = fenced({ ...TERM, tableName: "others" });
    expect(elsewhere(new TransactWriteCommand({ TransactItems })).input.TransactItems).toHaveLength(3);
  });
});

describe("a command that cannot be fenced is refused in either mode", () => {
  it.each([
    ["a batch", new BatchWriteCommand({ RequestItems: {} }), /batch.*cannot have conditions/],
    ["a read", new GetCommand({ TableName, Key }), /cannot be fenced/],
    ["a transaction of reads", new TransactGetCommand({ TransactItems: [] }), /cannot be fenced/],
    [
      "a plain command",
      new PutItemCommand({ TableName, Item: { id: { S: "a" } } }),
      /not a command of @aws-sdk\/lib-dynamodb/,
    ],
    ["an input", { TableName, Item: Key }, /not a command/],
    ["nothing", undefined, /not a command/],
    ["a fenced write", fenced(TERM)(new PutCommand({ TableName, Item: Key })), /fenced already/],
    [
      "a marked write",
      fenced(TERM, { highWaterMark: true })(new PutCommand({ TableName, Item: Key })),
      /fenced already/,
    ],
  ])("%s", (_, command, message) => {
    expect(refusalOf(command)).toMatch(message);
    expect(refusalOf(command, true)).toMatch(message);
  });
});

describe("a command of another copy of the SDK, or of a minified one", () => {
  it("is fenced as its own would be", () => {
    const require = createRequire(import.meta.url);
    const path = require.resolve("@aws-sdk/lib-dynamodb");
    const before = require.cache[path];
    delete require.cache[path];
    const copy = require(path) as Record<
      "PutCommand" | "UpdateCommand" | "DeleteCommand" | "TransactWriteCommand",
      new (
        input: object,
      ) => FenceableCommand
    >;
    require.cache[path] = before;
    expect(copy.PutCommand).not.toBe(PutCommand);
    const inputs = {
      PutCommand: { TableName, Item: Key },
      UpdateCommand: { TableName, Key, UpdateExpression },
      DeleteCommand: { TableName, Key },
      TransactWriteCommand: { TransactItems: [] },
    };
    for (const [name, input] of Object.entries(inputs) as [keyof typeof inputs, object][]) {
      Object.defineProperty(copy[name], "name", { value: "a" });
      const { TransactItems = [] } = fenced(TERM)(new copy[name](input)).input;
      expect(TransactItems.flatMap((item) => Object.keys(item))).toEqual(
        [name.replace("Command", ""), "ConditionCheck"].filter((kind) => kind !== "TransactWrite"),
      );
    }
  });
});

describe("a term that cannot be fenced is refused at once", () => {
  it.each([
    [{ ...TERM, tableName: undefined }, /^tableName is missing.*highWaterMark/],
    [{ ...TERM, tableName: "" }, /^tableName/],
    [{ ...TERM, name: "" }, /^lease.name/],
    [{ ...TERM, holder: "" }, /^lease.holder/],
    [{ ...TERM, token: 0 }, /^lease.token/],
    [{ ...TERM, token: 1.5 }, /^lease.token/],
    [{ ...TERM, token: Number.NaN }, /^lease.token/],
    [{ ...TERM, token: 2 ** 53 }, /^lease.token must be .* from 1 to 9007199254740991, not/],
    [{ ...TERM, token: "5" as never }, /^lease.token must be .*, not "5" \(string\)$/],
    [{ ...TERM, token: Object.create(null) as never }, /^lease.token must be .* \(object\)$/],
  ])("%#", (term, message) => {
    expect(leaseErrorIn(() => fenced(term), "INVALID_ARGUMENT").message).toMatch(message);
  });

  it("unless the table is named, or each item keeps a mark", () => {
    const { tableName: _, ...lease } = TERM;
    const command = new PutCommand({ TableName, Item: Key });
    const check = fenced(lease, { tableName: "named" })(command).input.TransactItems?.at(-1)?.ConditionCheck;
    expect(check?.TableName).toBe("named");
    expect(fenced(lease, { highWaterMark: "mark" })(command).input.Item).toEqual({ id: "a", mark: 5 });
  });

  it("and so is a mark without a name, or one that the item sets itself", () => {
    expect(leaseErrorIn(() => fenced(TERM, { highWaterMark: "" }), "INVALID_ARGUMENT").message).toMatch(
      /^highWaterMark/,
    );
    expect(refusalOf(new PutCommand({ TableName, Item: { ...Key, fence: 4 } }), true)).toMatch(
      /^Item sets "fence"/,
    );
    const same = new PutCommand({ TableName, Item: { ...Key, fence: 5 } });
    expect(fenced(TERM, { highWaterMark: true })(same).input.Item).toEqual({ id: "a", fence: 5 });
  });
});
