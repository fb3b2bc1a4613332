import { describe, expect, it } from "vitest";
import { kindsOf, leading, led, running, settling, shardNames } from "../support/groups.ts";
import { type Manual, manual } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";

/** Counts what something sends: writes, reads of a row, queries. */
async function costs(world: Manual, act: () => Promise<unknown>) {
  const { store } = world;
  const before = { writes: store.sent.length, reads: store.reads, queries: store.queries };
  await act();
  const [writes, reads] = [store.sent.length - before.writes, store.reads - before.reads];
  return { writes, reads, queries: store.queries - before.queries };
}

describe("a session costs", () => {
  it("one write to open, one per renewal interval whatever it holds, one to close", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    expect(await costs(world, () => group.tryAcquire("a"))).toEqual({ writes: 2, reads: 0, queries: 0 });
    const shards = shardNames(25);
    expect(await costs(world, () => leading(group, ...shards))).toEqual({ writes: 25, reads: 0, queries: 0 });
    const idle = await costs(world, () => world.clock.advance(50_000));
    expect(idle).toEqual({ writes: 10, reads: 0, queries: 0 });
    expect(await costs(world, () => group.close())).toEqual({ writes: 1, reads: 0, queries: 0 });
  });

  it("a read of its shards a minute: one query, or a read each where they are few", async () => {
    for (const [count, expected] of [
      [3, { writes: 0, reads: 3, queries: 0 }],
      [20, { writes: 0, reads: 0, queries: 1 }],
    ] as const) {
      const world = manual();
      const group = world.client().group("jobs", { durationMs: 600_000, renewIntervalMs: 200_000 });
      await leading(group, ...shardNames(count));
      await world.clock.advance(59_000);
      expect(await costs(world, () => world.clock.advance(2_000))).toEqual(expected);
    }
  });
});

describe("a shard costs", () => {
  it("one write when it is vacant; when it is held, that and a read of a session not seen before", async () => {
    const world = manual();
    await leading(world.client().group("jobs"), "a", "b", "c");
    const group = world.client().group("jobs");
    await leading(group, "own");
    expect(await costs(world, () => group.tryAcquire("a"))).toEqual({ writes: 1, reads: 1, queries: 0 });
    expect(await costs(world, () => group.tryAcquire("b"))).toEqual({ writes: 1, reads: 0, queries: 0 });
  });

  it("after a dead session one read and one write for all of its shards, and one write each", async () => {
    const world = manual();
    const dead = world.client().group("jobs");
    await leading(dead, ...shardNames(6));
    const group = world.client().group("jobs");
    await leading(group, "own");
    world.store.onWrite = async (write, pass) =>
      write.kind === "renew" && write.row?.endsWith(dead.id) ? UNANSWERED : pass();
    await world.clock.advance(30_000);
    world.store.onWrite = undefined;
    // A refused claim each; then a read of the session and its burial, once; then a write each.
    const all = await costs(world, () => leading(group, ...shardNames(6)));
    expect(all).toEqual({ writes: 6 + 1 + 6, reads: 1, queries: 0 });
    expect(kindsOf(world).filter((kind) => kind === "bury")).toHaveLength(1);
  });

  it("one write to release it while others are held", async () => {
    const world = manual();
    const [a] = await leading(world.client().group("jobs"), "a", "b");
    expect(await costs(world, async () => a?.release())).toEqual({ writes: 1, reads: 0, queries: 0 });
  });
});

describe("reading and operating cost what they say", () => {
  it.each([
    ["get of a held shard", 0, 2, 0, "get"],
    ["list", 0, 0, 1, "list"],
    ["status", 0, 0, 1, "status"],
    ["requestStepDown", 2, 1, 0, "requestStepDown"],
    ["forceRelease", 2, 1, 0, "forceRelease"],
    ["a look of observe", 0, 2, 0, "observe"],
    ["rewindTick without a tick", 0, 1, 0, "rewindTick"],
  ] as const)("%s: %i writes, %i reads, %i queries", async (_, writes, reads, queries, call) => {
    const world = manual();
    await leading(world.client().group("jobs"), "a", "b");
    const group = world.client().group("jobs");
    const calls = {
      get: () => group.get("a"),
      list: () => group.list(),
      status: () => group.status(),
      requestStepDown: () => group.requestStepDown("a"),
      forceRelease: () => group.forceRelease("a"),
      rewindTick: () => group.rewindTick("a"),
      observe: () => group.observe("a").next(),
    };
    expect(await costs(world, calls[call])).toEqual({ writes, reads, queries });
  });
});

describe("a semaphore costs", () => {
  it("one query to look, and one write for a permit that is free; one query when there is none", async () => {
    const world = manual();
    const semaphore = world.client().semaphore("few", { permits: 2 });
    expect(await costs(world, () => semaphore.tryAcquire())).toEqual({ writes: 2, reads: 0, queries: 1 });
    const second = await costs(world, () => semaphore.tryAcquire());
    expect(second).toEqual({ writes: 1, reads: 0, queries: 1 });
    expect(await costs(world, () => semaphore.tryAcquire())).toEqual({ writes: 0, reads: 0, queries: 1 });
    expect(await costs(world, () => semaphore.list())).toEqual({ writes: 0, reads: 0, queries: 1 });
    expect(await costs(world, () => semaphore.close())).toEqual({ writes: 1, reads: 0, queries: 0 });
  });

  it("while it waits one query per retry interval, and none more when the first session could be over", async () => {
    const world = manual();
    const holder = world.client().semaphore("few", { permits: 1 });
    const permit = led(await holder.tryAcquire());
    const waiting = world.client().semaphore("few", { permits: 1 }).acquire();
    await world.clock.advance(100);
    const waits = await costs(world, () => world.clock.advance(50_000));
    expect(waits.queries).toBeGreaterThanOrEqual(25);
    expect(waits.queries).toBeLessThanOrEqual(38);
    expect(waits.reads).toBe(0);
    expect(waits.writes, "the holder's renewals alone").toBe(10);
    await permit.release();
    await settling(world, waiting, 5_000);
  });
});

describe("a worker costs", () => {
  it("one query per retry interval while nothing changes, and all rows once a minute", async () => {
    const world = manual();
    const shards = shardNames(40);
    const [a, b] = [running(world, { shards }), running(world, { shards })];
    await world.clock.advance(60_000);
    const idle = await costs(world, () => world.clock.advance(60_000));
    expect(idle.reads).toBe(0);
    expect(idle.writes, "two sessions' renewals").toBe(24);
    expect(idle.queries).toBeGreaterThanOrEqual(2 * 30);
    expect(idle.queries).toBeLessThanOrEqual(2 * (30 + 4));
    await Promise.all([a.stop(), b.stop()]);
  });

  it("alone: a session, a query, and a write for each shard; to leave, one write", async () => {
    const world = manual();
    const worker = running(world, { shards: shardNames(20) });
    await world.clock.advance(1_000);
    expect(kindsOf(world)).toHaveLength(21);
    expect(await costs(world, () => worker.stop())).toEqual({ writes: 1, reads: 0, queries: 0 });
  });

  it("no more looks because of a dead session that led nothing", async () => {
    const world = manual();
    const { wall } = world.clock.now();
    const gone = { name: "jobs", row: "session#gone", holder: "gone", token: 5, revision: 3, writeId: "w" };
    const times = { durationMs: 10_000, expiresAt: (wall + 5_000) as never, transitions: 1, weight: 1 };
    world.table.restore({ ...gone, ...times });
    const worker = running(world, { shards: ["a"] });
    await world.clock.advance(30_000);
    const { queries } = await costs(world, () => world.clock.advance(60_000));
    expect(queries).toBeLessThanOrEqual(32);
    await worker.stop();
  });
});
