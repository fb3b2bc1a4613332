import { PutCommand, TransactWriteCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { type Fencing, fenceCheck } from "../../lib/fencing/fence-check.ts";
import { FenceGuard } from "../../lib/fencing/fence-guard.ts";
import { fenced } from "../../lib/fencing/fenced.ts";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";
import { leading } from "../support/groups.ts";
import { hear } from "../support/lease-events.ts";
import { type FencedGround, fencedGround, LEASES, ORDERS } from "./ground.ts";

let ground: FencedGround;

beforeAll(async () => {
  ground = await fencedGround();
});

afterAll(() => ground[Symbol.asyncDispose]());

const put = (id: string, by: string): PutCommand => new PutCommand({ TableName: ORDERS, Item: { id, by } });

const client = (): LeaseClient => new LeaseClient({ tableName: LEASES, client: ground.admin });

/** Two processes that take part in a group of their own. */
async function twoIn(name: string) {
  const [one, other] = [client(), client()];
  const close = async (): Promise<void> => {
    await Promise.all([one.close(), other.close()]);
  };
  return { one: one.group(name), other: other.group(name), [Symbol.asyncDispose]: close };
}

describe("a write that is fenced by a shard's lease", () => {
  it("is applied while the shard is led, over renewals of its session and proclamations of its own", async () => {
    const { documents, unique, order } = ground;
    await using group = await twoIn(unique());
    const [lease] = await leading(group.one, "a", "b");
    if (lease === undefined) throw new Error("it does not lead");
    const id = unique();
    const fence = fenced(lease);
    await documents.send(fence(put(id, "first")));
    await lease.renew();
    await lease.proclaim("here");
    await documents.send(fence(put(id, "second")));
    expect(await order(id)).toEqual({ by: "second" });
  });

  it("is refused from its successor's claim on, and not yet from its session's end", async () => {
    const { documents, unique, order } = ground;
    const name = unique();
    using heard = hear(name);
    await using group = await twoIn(name);
    const [lease] = await leading(group.one, "a", "b");
    if (lease === undefined) throw new Error("it does not lead");
    const id = unique();
    const fence = fenced(lease);
    await group.one.close();
    await documents.send(fence(put(id, "after the end of its session")));
    const [successor] = await leading(group.other, "a");
    const error = await leaseErrorOf(documents.send(fence(put(id, "too late"))), "FENCED");
    expect(error.token).toBe(successor?.token);
    expect(error.message).toContain(`lease "${name}", shard "a": a write with token ${lease.token} of`);
    expect(await order(id)).toEqual({ by: "after the end of its session" });
    const told = { lease: name, shard: "a", holder: lease.holder, token: lease.token, by: "lease-row" };
    expect(heard.of("fenced")).toEqual([{ event: "fenced", ...told, winner: successor?.token }]);
  });

  it("is refused from the shard's own release on, and by what becomes of other shards never", async () => {
    const { documents, unique, order } = ground;
    await using group = await twoIn(unique());
    const [a, b] = await leading(group.one, "a", "b");
    if (a === undefined || b === undefined) throw new Error("it does not lead");
    const id = unique();
    const fences = [fenced(a), fenced(b)] as const;
    await a.release();
    await leading(group.other, "a");
    await leaseErrorOf(documents.send(fences[0](put(id, "a"))), "FENCED");
    await documents.send(fences[1](put(id, "b")));
    expect(await order(id)).toEqual({ by: "b" });
  });

  it("may not write its own shard's row, and may another's", () => {
    const lease = { name: "jobs", shard: "a", holder: "ann", token: 7, tableName: LEASES };
    const touching = (sk: string) => {
      const Key = { pk: "jobs", sk };
      return new UpdateCommand({ TableName: LEASES, Key, UpdateExpression: "SET x = :x" });
    };
    const { message } = leaseErrorIn(() => fenced(lease)(touching("lease#a")), "INVALID_ARGUMENT");
    expect(message).toContain('is the row of lease "jobs", shard "a"');
    for (const sk of ["lease#b", "lease"])
      expect(fenced(lease)(touching(sk)).input.TransactItems).toHaveLength(2);
  });

  it("by a mark is refused from the successor's first write on, and names the shard", async () => {
    const { documents, unique } = ground;
    const name = unique();
    using heard = hear(name);
    await using group = await twoIn(name);
    const [lease] = await leading(group.one, "a");
    if (lease === undefined) throw new Error("it does not lead");
    const id = unique();
    const fence = fenced(lease, { highWaterMark: true });
    await documents.send(fence(put(id, "first")));
    await group.one.close();
    const [successor] = await leading(group.other, "a");
    await documents.send(fence(put(id, "until its successor writes")));
    if (successor === undefined) throw new Error("it does not lead");
    await documents.send(fenced(successor, { highWaterMark: true })(put(id, "successor")));
    const error = await leaseErrorOf(documents.send(fence(put(id, "late"))), "FENCED");
    expect(error.message).toMatch(new RegExp(`^lease "${name}", shard "a": a write`));
    expect(heard.of("fenced")).toMatchObject([{ lease: name, shard: "a", by: "high-water-mark" }]);
  });
});

describe("a fence check of a shard", () => {
  const lease: Fencing = { name: "jobs", shard: "a", holder: "ann", token: 7 };

  it("is of the shard's row", () => {
    expect(fenceCheck({ tableName: LEASES, lease }).ConditionCheck.Key).toEqual({
      pk: "jobs",
      sk: "lease#a",
    });
    const own = fenceCheck({ tableName: LEASES, lease: { ...lease, shard: undefined } });
    expect(own.ConditionCheck.Key).toEqual({ pk: "jobs", sk: "lease" });
  });

  it("refuses a transaction once another leads the shard", async () => {
    const { documents, unique } = ground;
    await using group = await twoIn(unique());
    const [held] = await leading(group.one, "a");
    if (held === undefined) throw new Error("it does not lead");
    const write = async () => {
      const TransactItems = [
        fenceCheck({ tableName: LEASES, lease: held }),
        { Put: put(unique(), "x").input },
      ];
      await documents.send(new TransactWriteCommand({ TransactItems }));
    };
    await write();
    await group.other.forceRelease("a");
    await expect(write()).rejects.toMatchObject({ name: "TransactionCanceledException" });
  });

  it.each(["", "x".repeat(513), 7])("refuses a shard called %o, as fenced does", (shard) => {
    const wrong = { ...lease, shard: shard as string };
    const { message } = leaseErrorIn(
      () => fenceCheck({ tableName: LEASES, lease: wrong }),
      "INVALID_ARGUMENT",
    );
    expect(message).toMatch(/^lease\.shard must be a string of 1 to 512 bytes/);
    leaseErrorIn(() => fenced({ ...wrong, tableName: LEASES }), "INVALID_ARGUMENT");
    leaseErrorIn(() => fenced(wrong, { highWaterMark: true }), "INVALID_ARGUMENT");
  });
});

it("a guard admits a shard's term, and none before it: tokens rise per shard", async () => {
  const { admin, unique } = ground;
  await using group = await twoIn(unique());
  await using guard = new FenceGuard({ tableName: LEASES, client: admin });
  const [first] = await leading(group.one, "a");
  const resource = unique();
  await guard.admit(resource, first?.token ?? 0);
  await group.one.close();
  const [second] = await leading(group.other, "a");
  await guard.admit(resource, second?.token ?? 0);
  const error = await leaseErrorOf(guard.admit(resource, first?.token ?? 0), "FENCED");
  expect(error.token).toBe(second?.token);
});
