import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { expect, it } from "vitest";
import type { CallOptions } from "../../lib/core/ports.ts";
import { DynamoDBLeaseStore } from "../../lib/dynamodb/store.ts";
import { LOCAL_AWS } from "../../local/engine.ts";
import { type Reply, replying } from "../support/aws-server.ts";

const call: CallOptions = { signal: new AbortController().signal };
const DATE = "Thu, 01 Jan 2026 12:00:00 GMT";
const EPOCH = 1_767_268_800_000;
const OTHER = "Thu, 01 Jan 2026 12:00:09 GMT";

const write = {
  kind: "renew",
  name: "jobs",
  writeId: "w",
  expects: { revision: 1 },
  set: {},
  clear: [],
  beginsTerm: false,
} as const;

/** What the header of a success, of a refusal and of a read was read as. */
async function served(...replies: Reply[]): Promise<unknown> {
  await using server = await replying(...replies);
  const client = new DynamoDBClient({ ...LOCAL_AWS, endpoint: server.endpoint, maxAttempts: 3 });
  const outcome = await new DynamoDBLeaseStore({ tableName: "leases", client }).write(write, call);
  client.destroy();
  return outcome.kind === "unknown" ? "unknown" : outcome.servedAt;
}

const refusal = (date: string): Reply => ({
  status: 400,
  error: "ConditionalCheckFailedException",
  headers: { date },
});

it("is read off a success and off a refusal", async () => {
  expect(await served({ status: 200, headers: { date: DATE } })).toBe(EPOCH);
  expect(await served(refusal(DATE))).toBe(EPOCH);
});

it("is that of the latest response where the SDK retried", async () => {
  const failure = { status: 500, error: "InternalServerError", headers: { date: OTHER } };
  expect(await served(failure, { status: 200, headers: { date: DATE } })).toBe(EPOCH);
});

it("is nothing where it cannot be read, rather than some wrong time", async () => {
  for (const date of ["soon", ""]) expect(await served({ status: 200, headers: { date } })).toBeUndefined();
});
