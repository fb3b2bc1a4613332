import { DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { FenceGuard, type Lease, LeaseClient } from "leasehold";
import { InMemoryLeaseStore, ManualClock } from "leasehold/testing";
import { beforeAll, describe, expect, it } from "vitest";
import * as dynamodb from "../../examples/fencing/dynamodb.ts";
import { payOrders } from "../../examples/fencing/guard.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { createTable } from "../support/lease-tables.ts";

/** The terms of one lease. */
const OLD = { name: "job", token: 5 };
const NEW = { name: "job", token: 9 };

function guardInMemory(): FenceGuard {
  return new FenceGuard({ store: new InMemoryLeaseStore({ clock: new ManualClock() }) });
}

describe("the DynamoDB recipe", () => {
  const engine = engineForTests("leases");
  let documents: DynamoDBDocumentClient;

  beforeAll(async () => {
    documents = DynamoDBDocumentClient.from(engine.client);
    await createTable(engine.client, "orders", "pk", undefined);
  });

  const stateOf = async (pk: string): Promise<unknown> =>
    (await documents.send(new GetCommand({ TableName: "orders", Key: { pk } }))).Item?.["state"];

  async function term(): Promise<{ readonly lease: Lease; readonly leases: LeaseClient }> {
    const leases = new LeaseClient({ tableName: "leases", client: documents });
    return { lease: await leases.acquire("orders"), leases };
  }

  it("writes while the lease is held and is refused afterwards, before anyone else has written", async () => {
    const { lease } = await term();
    await dynamodb.saveOrder(documents, lease, "a");
    await dynamodb.saveOrder(documents, lease, "b");
    await dynamodb.closeOrders(documents, lease, ["a", "b"]);
    await lease.release();
    await leaseErrorOf(dynamodb.saveOrder(documents, lease, "c"), "FENCED");
    const { lease: next } = await term();
    await leaseErrorOf(dynamodb.closeOrders(documents, lease, ["c"]), "FENCED");
    expect([await stateOf("a"), await stateOf("b"), await stateOf("c")]).toEqual([
      "closed",
      "closed",
      undefined,
    ]);
    await next.release();
  });

  it("counts elsewhere until a later term has counted", async () => {
    const { lease: old } = await term();
    expect(await dynamodb.countOrder(documents, old, "monday")).toBe(1);
    await old.release();
    const { lease: next } = await term();
    expect(await dynamodb.countOrder(documents, old, "monday")).toBe(2);
    expect(await dynamodb.countOrder(documents, next, "monday")).toBe(3);
    await leaseErrorOf(dynamodb.countOrder(documents, old, "monday"), "FENCED");
    expect(await dynamodb.countOrder(documents, next, "monday")).toBe(4);
    await next.release();
  });

  it("is told from an unfenced write, which the predecessor gets through", async () => {
    const { lease } = await term();
    await lease.release();
    await documents.send(new PutCommand({ TableName: "orders", Item: { pk: "d", state: "open" } }));
    expect(await stateOf("d")).toBe("open");
  });
});

describe("the guard's recipe", () => {
  const held = { ...OLD, assertHeld: () => undefined } as unknown as Lease;

  it("pays until a later term was admitted, and not beyond", async () => {
    const guard = guardInMemory();
    const paid: string[] = [];
    const payments = {
      async pay({ id, idempotencyKey }: { id: string; idempotencyKey: string }) {
        paid.push(`${id} under ${idempotencyKey}`);
        if (id === "b") await guard.admit("payments", NEW.token);
      },
    };
    await leaseErrorOf(payOrders(guard, payments, held, ["a", "b", "c"]), "FENCED");
    expect(paid).toEqual(["a under pay-a", "b under pay-b"]);
  });

  it("asks for enough time after the admission, which may have taken some", async () => {
    const guard = guardInMemory();
    const asked: unknown[] = [];
    const lost = {
      ...OLD,
      assertHeld(options: unknown) {
        asked.push(options);
        throw new Error("lost");
      },
    } as unknown as Lease;
    const payments = { pay: async () => expect.fail("paid") };
    await expect(payOrders(guard, payments, lost, ["a"])).rejects.toThrow("lost");
    expect(asked).toEqual([{ needMs: 5_000 }]);
    await leaseErrorOf(guard.admit("payments", OLD.token - 1), "FENCED");
  });
});
