import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  type GetItemCommandInput,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { type Engine, LOCAL_AWS, startEngine } from "../../local/engine.ts";
import { createLeaseTable } from "../support/lease-tables.ts";

/** What a client's logger was given of one request, and what the request was. */
interface Entry {
  readonly commandName: string;
  readonly input: object;
  readonly output?: { readonly Attributes?: unknown };
  readonly error?: unknown;
  /** The input of the command itself. */
  readonly given: object;
}

/** A client with a logger, which writes down what it is given. */
function logging(endpoint: string): { client: DynamoDBClient; entries: Entry[] } {
  const entries: Entry[] = [];
  const inputs: object[] = [];
  const note = (entry: unknown): void => {
    const given = inputs.at(-1);
    if (given !== undefined) entries.push({ ...(entry as Entry), given });
  };
  const silent = (): void => {};
  const logger = { trace: silent, debug: silent, info: note, warn: silent, error: note };
  const client = new DynamoDBClient({ ...LOCAL_AWS, endpoint, logger });
  client.middlewareStack.add(
    (next) => async (args) => {
      inputs.push(args.input);
      return next(args);
    },
    { step: "initialize", priority: "high" },
  );
  return { client, entries };
}

/** Sends a command of which this package knows nothing. */
function sendPlainly(client: DynamoDBClient, commandName: string, input: object): Promise<unknown> {
  switch (commandName) {
    case "UpdateItemCommand":
      return client.send(new UpdateItemCommand(input as UpdateItemCommandInput));
    case "GetItemCommand":
      return client.send(new GetItemCommand(input as GetItemCommandInput));
    case "QueryCommand":
      return client.send(new QueryCommand(input as QueryCommandInput));
    case "ScanCommand":
      return client.send(new ScanCommand(input as ScanCommandInput));
    default:
      throw new Error(`${commandName} is not expected`);
  }
}

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(() => engine.stop());

/** All kinds of requests that a store sends, a refusal among them. */
async function entriesOfAll(table: string): Promise<Entry[]> {
  const { client, entries } = logging(engine.endpoint);
  await createLeaseTable(client, table);
  entries.length = 0;
  await using leases = new LeaseClient({ tableName: table, client });
  const lease = await leases.acquire("jobs", { renew: "manual" });
  await lease.proclaim({ secret: ["value", 1, true, null, { deep: new Uint8Array([1]) }] });
  await leases.get("jobs");
  await leases.group("shards").list();
  for await (const found of leases.list()) expect(found.name).toBe("jobs");
  await using rival = new LeaseClient({ tableName: table, client });
  expect((await rival.tryAcquire("jobs")).kind).toBe("refused");
  await lease.release();
  client.destroy();
  return entries;
}

it("copies nothing for a logger, which is given the request and its answer as they are", async () => {
  const entries = await entriesOfAll("uncopied");
  expect(entries.map(({ commandName }) => commandName)).toContain("QueryCommand");
  for (const { input, given } of entries) expect(input).toBe(given);
});

it("has a logger told what it is told of the same requests by others", async () => {
  const { client, entries: plain } = logging(engine.endpoint);
  await createLeaseTable(client, "plain");
  const ours = await entriesOfAll("told");
  plain.length = 0;
  for (const { commandName, given } of ours)
    await sendPlainly(client, commandName, { ...given, TableName: "plain" }).catch((error: unknown) => {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    });
  client.destroy();
  const told = (entries: readonly Entry[], table: string): unknown =>
    entries.map(({ commandName, input, output, error }) => ({
      commandName,
      // What is undefined, no logger prints.
      input: JSON.parse(JSON.stringify({ ...input, TableName: table })) as unknown,
      output,
      refused: error instanceof ConditionalCheckFailedException,
    }));
  expect(told(ours, "plain")).toEqual(told(plain, "plain"));
  expect(ours.filter(({ error }) => error !== undefined)).toHaveLength(1);
});
