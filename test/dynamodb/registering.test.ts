import type { LeaseRecord } from "../../lib/core/record.ts";
import type { QueryCommandInput } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { describe, expect, it } from "vitest";
import { register } from "../../lib/core/auxiliary-writes.ts";
import { epochMs } from "../../lib/core/units.ts";
import { DynamoDBLeaseStore } from "../../lib/dynamodb/store.ts";
import { engineClient } from "../../local/engine.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { leaseErrorOf } from "../support/failures.ts";

const TABLE = "standing";
const call = { signal: new AbortController().signal };

const engine = engineForTests(TABLE);

/** A client that notes its queries, and answers in pages of so many rows. */
function paged(rows: number | undefined) {
  const client = engineClient(engine.endpoint);
  const inputs: QueryCommandInput[] = [];
  client.middlewareStack.add(
    (next) => (args) => {
      inputs.push({ ...(args.input as QueryCommandInput) });
      return next({ ...args, input: { ...args.input, ...(rows === undefined ? {} : { Limit: rows }) } });
    },
    { step: "initialize" },
  );
  return { store: new DynamoDBLeaseStore({ tableName: TABLE, client }), inputs, client };
}

const candidate = (name: string, id: string) =>
  register(name, {
    writeId: `w-${id}`,
    id,
    priority: 1,
    sequence: 1,
    now: epochMs(1_000),
    forMs: 60_000,
    since: epochMs(900),
  });

describe("who stands", () => {
  it("is one strong query of the lease's partition, for the rows of candidates alone", async () => {
    const { store, inputs, client } = paged(undefined);
    expect((await store.rows("nightly", "candidate#", call)).records).toEqual([]);
    expect(inputs).toHaveLength(1);
    const [input] = inputs;
    expect(input).toMatchObject({
      TableName: TABLE,
      ConsistentRead: true,
      KeyConditionExpression: "#name = :name AND begins_with(#row, :row)",
      ExpressionAttributeNames: { "#name": "pk", "#row": "sk" },
      ExpressionAttributeValues: marshall({ ":name": "nightly", ":row": "candidate#" }),
    });
    expect(input, "a grant names a table, not an index").not.toHaveProperty("IndexName");
    client.destroy();
  });

  it("is read to its last page, and each row once", async () => {
    const ids = Array.from({ length: 7 }, (_, at) => `c-${at}`);
    const { store, inputs, client } = paged(3);
    for (const id of ids) await store.write(candidate("paged", id), call);
    inputs.length = 0;
    const records: LeaseRecord[] = [];
    let page = await store.rows("paged", "candidate#", call);
    for (; page.next !== undefined; page = await store.rows("paged", "candidate#", call, page.next)) {
      expect(page.servedAt).toBeDefined();
      records.push(...page.records);
    }
    expect([...records, ...page.records].map(({ holder }) => holder)).toEqual(ids);
    expect(inputs.length).toBeGreaterThanOrEqual(3);
    expect(inputs.every(({ ConsistentRead }) => ConsistentRead === true)).toBe(true);
    client.destroy();
  });

  it("fails as any other read does, naming the lease and the table", async () => {
    const missing = new DynamoDBLeaseStore({ tableName: "no-such-table", client: engine.client });
    const error = await leaseErrorOf(missing.rows("nightly", "candidate#", call), "TABLE_NOT_FOUND");
    expect(error.lease).toBe("nightly");
    expect(error.message).toContain("no-such-table");
    const aborted = { signal: AbortSignal.abort() };
    const store = new DynamoDBLeaseStore({ tableName: TABLE, client: engine.client });
    await leaseErrorOf(store.rows("nightly", "candidate#", aborted), "STORE_UNAVAILABLE");
  });

  it("is a row under the lease's key, of the attributes that the table format names", async () => {
    const { store, client } = paged(undefined);
    const outcome = await store.write(candidate("format", "bob/1"), call);
    expect(outcome.kind).toBe("written");
    const { records } = await store.rows("format", "candidate#", call);
    expect(records).toEqual([
      {
        name: "format",
        row: "candidate#bob/1",
        holder: "bob/1",
        priority: 1,
        token: 1,
        durationMs: 60_000,
        expiresAt: 61_000,
        renewedAt: 1_000,
        acquiredAt: 900,
        ttl: 61 + 3_600,
        revision: 1,
        transitions: 0,
        writeId: "w-bob/1",
      },
    ]);
    client.destroy();
  });
});
