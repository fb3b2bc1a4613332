import {
  ConditionalCheckFailedException,
  DeleteTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  type GetItemCommandInput,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import { expect, it } from "vitest";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import type { Logged } from "../../lib/dynamodb/log-filter.ts";
import { LOCAL_AWS } from "../../local/engine.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { createLeaseTable } from "../support/lease-tables.ts";

/** What a client's logger was given of one request, and the input of the request itself. */
interface Entry {
  readonly commandName: string;
  readonly input: object;
  readonly output?: { readonly Attributes?: unknown };
  readonly error?: unknown;
  readonly given: object;
}

type Logger = NonNullable<DynamoDBClientConfig["logger"]>;

/** A client with a logger, if one is given, and the requests that it sends from now on. */
function watched(endpoint: string, logger?: Logger) {
  const sent: { readonly input: object; readonly context: Logged }[] = [];
  const client = new DynamoDBClient({ ...LOCAL_AWS, endpoint, ...(logger && { logger }) });
  client.middlewareStack.add(
    (next, context) => async (args) => {
      sent.push({ input: args.input, context });
      return next(args);
    },
    { step: "initialize", priority: "high" },
  );
  return { client, sent };
}

/** A client whose logger writes down what it is given. */
function logging(endpoint: string) {
  const entries: Entry[] = [];
  const note = (entry: unknown): void => {
    const given = opened.sent.at(-1)?.input;
    if (given !== undefined) entries.push({ ...(entry as Entry), given });
  };
  const opened = watched(endpoint, loggerOf(note));
  return { client: opened.client, entries };
}

function loggerOf(note: (entry: unknown) => void): Logger {
  return { trace() {}, debug() {}, info: note, warn() {}, error: note };
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

const engine = engineForTests();

/** Has a client send all kinds of requests that a store sends, a refusal among them. */
async function sendAll(client: DynamoDBClient, tableName: string): Promise<void> {
  await using leases = new LeaseClient({ tableName, client });
  const lease = await leases.acquire("jobs", { renew: "manual" });
  await lease.proclaim({ secret: ["value", 1, true, null, { deep: new Uint8Array([1]) }] });
  expect((await leases.get("jobs")).holder).toBe(lease.holder);
  await leases.group("shards").list();
  for await (const found of leases.list()) expect(found.name).toBe("jobs");
  await using rival = new LeaseClient({ tableName, client });
  expect(await rival.tryAcquire("jobs")).toMatchObject({ kind: "refused", state: { holder: lease.holder } });
  await lease.renew();
  expect((await lease.release()).kind).toBe("released");
}

it("spares a client without a logger, or with one that does nothing, the copies for it", async () => {
  for (const logger of [undefined, { trace() {}, debug() {}, info() {}, warn() {}, error: () => {} }]) {
    const { client, sent } = watched(engine.endpoint, logger);
    await createLeaseTable(client, "spared");
    const made = sent.splice(0);
    await sendAll(client, "spared");
    await client.send(new DeleteTableCommand({ TableName: "spared" }));
    const others = [...made, ...sent.splice(-1)];
    client.destroy();
    const copied = ({ input, context }: (typeof sent)[number]): unknown =>
      context.inputFilterSensitiveLog?.(input);
    expect(sent.length).toBeGreaterThan(7);
    for (const request of sent) expect(copied(request)).toBeUndefined();
    for (const request of others) expect(copied(request)).toEqual(request.input);
  }
});

it("does not let a logger that changes what it is given change a request or its answer", async () => {
  const redact = (found: unknown): void => {
    if (typeof found !== "object" || found === null) return;
    const values = found as Record<string, unknown>;
    for (const key of Object.keys(values))
      if (typeof values[key] === "string") values[key] = "***";
      else redact(values[key]);
  };
  const { client } = watched(
    engine.endpoint,
    loggerOf((entry) => redact({ ...(entry as object), error: undefined })),
  );
  await createLeaseTable(client, "redacted");
  await sendAll(client, "redacted");
  client.destroy();
});

it("has a logger told what it is told of the same requests by others", async () => {
  const { client, entries: plain } = logging(engine.endpoint);
  const { client: sender, entries: ours } = logging(engine.endpoint);
  await createLeaseTable(client, "plain");
  await createLeaseTable(client, "told");
  plain.length = 0;
  await sendAll(sender, "told");
  for (const { commandName, given } of ours)
    await sendPlainly(client, commandName, { ...given, TableName: "plain" }).catch((error: unknown) => {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    });
  client.destroy();
  sender.destroy();
  const told = (entries: readonly Entry[]): unknown =>
    entries.map(({ commandName, input, output, error }) => ({
      commandName,
      input: { ...input, TableName: "" },
      output,
      refused: error instanceof ConditionalCheckFailedException,
    }));
  expect(told(ours)).toEqual(told(plain));
  expect(ours.filter(({ error }) => error !== undefined)).toHaveLength(1);
});
