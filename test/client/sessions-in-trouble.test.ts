import { describe, expect, it } from "vitest";
import { onLeaseEvent } from "../../lib/diagnostics/channels.ts";
import { LeaseError } from "../../lib/core/errors.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { kindsOf, leading, led, running, shardNames } from "../support/groups.ts";
import { type Manual, manual } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";

const MINUTE_MS = 60_000;
/** Of clients that are told of releases: they look seldom by themselves. */
const SELDOM = { retryIntervalMs: 60 * MINUTE_MS };

describe("a session whose client looks seldom", () => {
  it("sends a release again within seconds that nobody has answered", async () => {
    const world = manual();
    const [, x] = await leading(world.client(SELDOM).group("jobs"), "own", "x");
    world.store.onWrite = async ({ kind }, pass) => (kind === "release" ? UNANSWERED : pass());
    expect((await x?.release())?.kind).toBe("unknown");
    await world.clock.advance(10_000);
    world.store.onWrite = undefined;
    await world.clock.advance(2_000);
    expect(world.table.peek("jobs", "lease#x")).not.toHaveProperty("holder");
  });

  it("vacates within seconds what a claim has taken that nobody has answered", async () => {
    const world = manual();
    const group = world.client(SELDOM).group("jobs");
    await leading(group, "own");
    world.store.onWrite = async ({ kind, row }, pass) => {
      if (row !== "lease#x") return pass();
      if (kind === "claim") await pass();
      return UNANSWERED;
    };
    await leaseErrorOf(group.tryAcquire("x"), "STORE_UNAVAILABLE");
    await world.clock.advance(10_000);
    expect(world.table.peek("jobs", "lease#x")).toHaveProperty("holder", group.id);
    world.store.onWrite = undefined;
    await world.clock.advance(2_000);
    expect(world.table.peek("jobs", "lease#x")).not.toHaveProperty("holder");
  });

  it("looks once a minute at a shard that its claim waits for, once another holds that", async () => {
    const world = manual();
    const [theirs] = await leading(world.client().group("jobs"), "x");
    await world.clock.advance(1_000);
    const group = world.client(SELDOM).group("jobs");
    await leading(group, "own");
    world.store.onWrite = async (write, pass) => (write.kind === "claim" ? UNANSWERED : pass());
    await leaseErrorOf(group.tryAcquire("x"), "STORE_UNAVAILABLE");
    world.store.onWrite = undefined;
    await world.clock.advance(10 * MINUTE_MS);
    expect(kindsOf(world, "lease#x"), "which only looks").toEqual(["claim", "claim", "abandon"]);
    await theirs?.release();
    await world.clock.advance(MINUTE_MS);
    expect(kindsOf(world, "lease#x").at(-1)).toBe("void");
  });

  it("looks at its shards again within seconds of a look that failed, and then once a minute", async () => {
    const world = manual();
    const [x] = await leading(world.client(SELDOM).group("jobs"), "x");
    world.store.onRead = async () => {
      throw new LeaseError("STORE_UNAVAILABLE", "out of reach");
    };
    await world.clock.advance(MINUTE_MS);
    world.store.onRead = undefined;
    const other = world.client().group("jobs");
    // Its bell is lost.
    world.store.onWrite = async (write, pass) => (write.kind === "ring" ? UNANSWERED : pass());
    await other.forceRelease("x");
    led(await other.tryAcquire("x"));
    const { reads } = world.store;
    await world.clock.advance(2_000);
    expect(x?.isHeld()).toBe(false);
    expect(world.store.reads).toBe(reads + 1);
  });
});

/** Has somebody edit the token of a held shard by hand, into a text: it is read as none, and no write of the row is accepted. */
function edit({ store, table }: Manual, shard: string): void {
  const row = `lease#${shard}`;
  const record = table.peek("jobs", row);
  if (record === undefined) throw new Error(`nobody holds ${shard}`);
  table.restore({ ...record, token: 0 });
  store.onWrite = async (write, pass) => {
    if (write.row === row) throw new LeaseError("RECORD_INVALID", "its token is a string");
    return pass();
  };
}

describe("a shard's row that somebody edited by hand while it was held", () => {
  it("is tried to be given back once a minute, is told of, and keeps none of the others", async () => {
    const world = manual();
    const told: unknown[] = [];
    const forget = onLeaseEvent((name, event) => name === "requestFailed" && told.push(event));
    const leases = await leading(world.client().group("jobs"), ...shardNames(10));
    await world.clock.advance(1_000);
    edit(world, "s00");
    // What a late copy of a claim has taken comes after it.
    const other = world.table.peek("jobs", "lease#s09");
    if (other !== undefined) world.table.restore({ ...other, row: "lease#s10" });
    await world.clock.advance(10 * MINUTE_MS);
    expect(world.store.queries).toBe(10);
    expect(kindsOf(world, "lease#s00").slice(1)).toEqual(Array(10).fill("release"));
    forget();
    const failed = { shard: "s00", request: "release" };
    expect(told).toMatchObject(Array.from({ length: 10 }, () => failed));
    expect(kindsOf(world, "lease#s10")).toEqual(["release"]);
    expect(leases.map((lease) => lease.isHeld())).toEqual([false, ...Array(9).fill(true)]);
  });

  it("costs a worker that shard, and no other", async () => {
    const world = manual();
    const worker = running(world, { shards: ["a", "b", "c"] });
    await world.clock.advance(5_000);
    expect(worker.shards).toEqual(["a", "b", "c"]);
    edit(world, "b");
    await world.clock.advance(3 * MINUTE_MS);
    expect(worker.worker.status).toMatchObject({ state: "working", shards: ["a", "c"] });
    await worker.stop();
  });
});
