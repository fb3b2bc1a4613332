import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { putRow, rowOf } from "../support/lease-tables.ts";

const TABLE = "edited-rows";
const engine = engineForTests(TABLE);
let leases: LeaseClient;

beforeAll(() => {
  leases = new LeaseClient({
    tableName: TABLE,
    client: engine.client,
    durationMs: 3_000,
    retryIntervalMs: 100,
  });
});

afterAll(() => leases.close());

/** A row as a client leaves it: vacant, after its fifth term. */
const VACANT = {
  token: 5,
  revision: 9,
  transitions: 5,
  writeId: "w",
  durationMs: 3_000,
  value: { port: 80 },
};

async function edit(name: string, attribute: string, value: AttributeValue): Promise<void> {
  await engine.client.send(
    new UpdateItemCommand({
      TableName: TABLE,
      Key: { pk: { S: name }, sk: { S: "lease" } },
      UpdateExpression: "SET #a = :v",
      ExpressionAttributeNames: { "#a": attribute },
      ExpressionAttributeValues: { ":v": value },
    }),
  );
}

/** An attribute as somebody's hand or tool left it, and what the message calls what it found. */
const BROKEN: readonly (readonly [string, AttributeValue, string])[] = [
  ["token", { S: "5" }, "a string"],
  ["revision", { S: "9" }, "a string"],
  ["transitions", { BOOL: true }, "a boolean"],
  ["holder", { N: "1" }, "a number"],
  ["holder", { NULL: true }, "null"],
  ["reservedFor", { L: [] }, "a list"],
  ["tick", { N: "20260101" }, "a number"],
];

describe("a row that was edited by hand", () => {
  it.for(BROKEN)(
    "so that %s is %o is refused by name, by every call and at once",
    async ([attribute, value, found], { task }) => {
      const name = `broken-${task.id}`;
      await putRow(engine.client, TABLE, { pk: name, sk: "lease", ...VACANT });
      await edit(name, attribute, value);
      const tick = attribute === "tick" ? { tick: "2026-02-01T00:00:00Z" } : {};
      const calls: readonly (() => Promise<unknown>)[] = [
        () => leases.tryAcquire(name, { ...tick, renew: "manual" }),
        () => leases.run(name, async () => undefined, tick),
        () => leases.get(name),
        () => leases.observe(name).next(),
        ...(attribute === "tick"
          ? []
          : [() => leases.acquire(name), () => leases.candidate(name).campaign()]),
      ];
      for (const call of calls) {
        const { message } = await leaseErrorOf(call(), "RECORD_INVALID");
        expect(message).toContain(`${attribute} is ${found} and must be a `);
        expect(message).toMatch(/edited the row by hand; set it right/);
      }
    },
  );

  it("so that it has a holder and no token is refused by name, since nobody could ever end that term", async () => {
    await putRow(engine.client, TABLE, { pk: "tokenless", sk: "lease", holder: "x" });
    for (const call of [
      () => leases.tryAcquire("tokenless", { renew: "manual" }),
      () => leases.acquire("tokenless"),
      () => leases.get("tokenless"),
      () => leases.forceRelease("tokenless"),
      () => leases.requestStepDown("tokenless"),
    ]) {
      const { message } = await leaseErrorOf(call(), "RECORD_INVALID");
      expect(message).toContain("there is a holder and no token, so somebody edited the row by hand");
    }
  });

  it("keeps every attribute that is intact, and lists the lease", async () => {
    await putRow(engine.client, TABLE, { pk: "listed", sk: "lease", ...VACANT });
    await edit("listed", "revision", { S: "nine" });
    for await (const state of leases.list()) {
      if (state.name !== "listed") continue;
      expect(state).toMatchObject({ token: 5, revision: 0, value: { port: 80 } });
      return;
    }
    expect.unreachable("the lease is not listed");
  });

  it("is led all the same where what is wrong only informs", async () => {
    await putRow(engine.client, TABLE, {
      pk: "informs",
      sk: "lease",
      ...VACANT,
      ttl: "soon",
      renewedAt: "today",
      priority: "high",
    });
    const result = await leases.tryAcquire("informs", { renew: "manual" });
    expect(result.kind).toBe("acquired");
    if (result.kind === "acquired") await result.lease.release();
  });

  it.for(["row", "name", "constructor", "toString", "__proto__"])(
    "is led, renewed and released all the same with an attribute of another tool that is called %s",
    async (attribute) => {
      const name = `tagged-${attribute}`;
      await putRow(engine.client, TABLE, { pk: name, sk: "lease", ...VACANT });
      await edit(name, attribute, { S: "tagged" });
      const lease = await leases.acquire(name, { renew: "manual", timeoutMs: 1_000 });
      await lease.renew();
      await lease.renew();
      expect(await lease.release()).toEqual({ kind: "released" });
      expect((await leases.get(name)).kind).toBe("vacant");
    },
  );

  it.for([
    ["transitions", { S: "many" }],
    ["tick", { N: "1" }],
    ["ttl", { S: "never" }],
    ["lockDelayMs", { S: "0" }],
  ] as const)(
    "does not end a running term by its %s, which does not concern it",
    async ([attribute, value]) => {
      const name = `running-${attribute}`;
      const lease = await leases.acquire(name, { renew: "manual" });
      await edit(name, attribute, value);
      await lease.renew();
      await lease.proclaim({ port: 81 });
      expect(lease.isHeld()).toBe(true);
      expect(await lease.release()).toEqual({ kind: "released" });
      expect(await rowOf(engine.client, TABLE, name)).not.toHaveProperty("holder");
    },
  );

  it("does not end a running term whose renewal is refused by a row that is sound where it matters", async () => {
    const lease = await leases.acquire("refused", { renew: "manual" });
    await edit("refused", "tick", { N: "1" });
    await edit("refused", "revision", { N: "7" }); // As an unanswered renewal would have left it.
    await lease.renew();
    expect(await rowOf(engine.client, TABLE, "refused")).toMatchObject({ revision: 8 });
    await lease.release();
  });

  it("ends a running term by what it rests on in its own time, and says why", async () => {
    const lease = await leases.acquire("revised", { durationMs: 1_500 });
    await edit("revised", "revision", { S: "edited" });
    await new Promise((resolve) => {
      lease.signal.addEventListener("abort", resolve);
    });
    expect(lease.end).toMatchObject({ reason: "expired", storeReachable: true });
    expect(lease.end).toHaveProperty("cause.code", "RECORD_INVALID");
    expect((lease.signal.reason as Error).message).toContain("revision is a string");
    await lease.release();
  });
});
