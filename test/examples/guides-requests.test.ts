import { DeleteItemCommand, GetItemCommand, TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";
import { type Lease, LeaseClient } from "leasehold";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEngine } from "../../local/engine.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { ExampleProgram } from "../support/example-program.ts";
import { createTable, putRow, rowOf } from "../support/lease-tables.ts";
import { read, rowsOf } from "../support/pages.ts";

const TABLE = "leases";

const engine = engineForTests(TABLE);
let leases: LeaseClient;

beforeAll(async () => {
  await createTable(engine.client, "orders", "pk", undefined);
  leases = new LeaseClient({ tableName: TABLE, client: engine.client });
});

afterAll(() => leases.close());

/** A request of a guide, with these texts put in the place of its own. */
function request(file: string, texts: Readonly<Record<string, string>> = {}) {
  const written = read(`examples/requests/${file}.json`);
  const filled = Object.entries(texts).reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replaceAll(from, to);
  }, written);
  return JSON.parse(filled);
}

const refused = { name: "ConditionalCheckFailedException" };

describe("deleting a lease as the guide says", () => {
  const remove = (lease: string, now: number) =>
    engine.client.send(
      new DeleteItemCommand(
        request("delete-lease", { "nightly-close": lease, "1795843000000": String(now) }),
      ),
    );

  it("spares one that is held", async () => {
    const lease = await leases.acquire("held");
    await expect(remove("held", Date.now() + 60_000)).rejects.toMatchObject(refused);
    expect(lease.isHeld()).toBe(true);
    await lease.release();
  });

  it("spares one that is kept for somebody, one whose token is not past, and one just released", async () => {
    const token = Date.now() - 100_000;
    const row = { sk: "lease", token, revision: 3, writeId: "w" };
    await putRow(engine.client, TABLE, { ...row, pk: "kept", reservedFor: "@label" });
    await expect(remove("kept", Date.now() - 10_000)).rejects.toMatchObject(refused);
    await putRow(engine.client, TABLE, { ...row, pk: "ahead", token: Date.now() + 3_600_000 });
    await expect(remove("ahead", Date.now() - 10_000)).rejects.toMatchObject(refused);
    await (await leases.acquire("just")).release();
    await expect(remove("just", Date.now() - 10_000)).rejects.toMatchObject(refused);
  });

  it("deletes a vacant one, and its next term has a higher token", async () => {
    const token = Date.now() - 20_000;
    await putRow(engine.client, TABLE, { pk: "vacant", sk: "lease", token, revision: 3, writeId: "w" });
    const { Attributes } = await remove("vacant", Date.now() - 10_000);
    expect(Attributes?.["token"]).toEqual({ N: String(token) });
    expect(await rowOf(engine.client, TABLE, "vacant")).toBeUndefined();
    const lease = await leases.acquire("vacant");
    expect(lease.token).toBeGreaterThan(token);
    await lease.release();
  });
});

describe("a program in another language", () => {
  const check = ({ token, holder }: Lease, order: string) =>
    engine.client.send(
      new TransactWriteItemsCommand(
        request("fenced-write", {
          "1795843000000": String(token),
          "the-leader/its-id": holder,
          "order-1": order,
        }),
      ),
    );
  const written = async (order: string): Promise<boolean> => {
    const Key = { pk: { S: order } };
    return (await engine.client.send(new GetItemCommand({ TableName: "orders", Key }))).Item !== undefined;
  };

  it("sees who leads, with the request of the guide", async () => {
    const look = () => engine.client.send(new GetItemCommand(request("who-leads")));
    const lease = await leases.acquire("nightly-close");
    await lease.proclaim({ endpoint: "10.0.0.7:8080" });
    const { Item } = await look();
    expect(Item).toMatchObject({
      holder: { S: lease.holder },
      token: { N: String(lease.token) },
      value: { M: { endpoint: { S: "10.0.0.7:8080" } } },
    });
    expect(Number(Item?.["expiresAt"]?.N)).toBeGreaterThan(Date.now());
    await lease.release();
    expect((await look()).Item).not.toHaveProperty("holder");
  });

  it("writes under a leader's token until another is elected, and not afterwards", async () => {
    const first = await leases.acquire("nightly-close");
    await check(first, "order-1");
    expect(await written("order-1")).toBe(true);
    await first.release();
    const second = await leases.acquire("nightly-close");
    await expect(check(first, "order-2")).rejects.toMatchObject({ name: "TransactionCanceledException" });
    expect(await written("order-2")).toBe(false);
    await second.release();
  });
});

describe("a proclaimed value", () => {
  /** Size of an item as DynamoDB counts it, near enough: names and texts in bytes, numbers at most a byte for two digits. */
  const sizeOf = (value: unknown): number => {
    if (typeof value === "number") return Math.ceil(String(value).length / 2) + 1;
    if (typeof value === "string") return Buffer.byteLength(value);
    return Object.entries(value as object).reduce((sum, [name, one]) => sum + name.length + sizeOf(one), 3);
  };

  it("of 400 bytes stays within a write unit, with a name and an id of 100 bytes each, as the limits say", async () => {
    const [row] = rowsOf("docs/guides/limits.md", /^a write costs a unit per KB/);
    expect(row?.[1]).toContain("Up to 400 bytes of value");
    expect(row?.[1]).toContain("a name and an id of up to 100 bytes");
    const name = "n".repeat(100);
    const candidate = leases.candidate(name, { id: "i".repeat(100), priority: 5, lockDelayMs: 1_000 });
    await candidate.campaign();
    await candidate.proclaim("v".repeat(400));
    await leases.requestStepDown(name, { reserveFor: "j".repeat(100) });
    const size = sizeOf(await rowOf(engine.client, TABLE, name));
    expect(size).toBeGreaterThan(700);
    expect(size).toBeLessThanOrEqual(1_024);
    await candidate.resign();
  });
});

describe("a developer's machine", { timeout: 300_000 }, () => {
  it("gets its table from the example, once, and runs the service on it", async () => {
    await using local = await startEngine();
    const env = { AWS_ENDPOINT_URL_DYNAMODB: local.endpoint, LEASE_TABLE_NAME: "leases" };
    await using first = new ExampleProgram("local-table.ts", env);
    expect(await first.ended()).toMatchObject({
      code: 0,
      printed: expect.stringContaining("made the table"),
    });
    await using second = new ExampleProgram("local-table.ts", env);
    expect(await second.ended()).toMatchObject({
      code: 0,
      printed: expect.stringContaining("there already"),
    });
    await using service = new ExampleProgram("service.ts", env);
    await service.prints(/a piece under token \d+/);
    expect(await service.stop()).toMatchObject({ code: 0 });
  });
});
