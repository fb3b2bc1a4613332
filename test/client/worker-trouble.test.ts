import { describe, expect, it } from "vitest";
import { LeaseError } from "../../lib/core/errors.ts";
import { leading, led, running, settling, shardNames, untilAsked } from "../support/groups.ts";
import { hear } from "../support/lease-events.ts";
import { type Manual, manual, never } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";

const refusal = new LeaseError("ACCESS_DENIED", "no Query");

/** Has each look at a group refused from here on. */
function deny({ store }: Manual): void {
  store.rows = async () => Promise.reject(refusal);
}

describe("a look at a group that fails", () => {
  it("of a worker is told by an event each time, as the shards' own requests are", async () => {
    const world = manual();
    using heard = hear("jobs");
    const worker = running(world, { shards: ["a"] });
    await world.clock.advance(100);
    deny(world);
    await world.clock.advance(12_000);
    const failed = heard.of("requestFailed");
    expect(failed.length).toBeGreaterThanOrEqual(5);
    const told = { lease: "jobs", holder: worker.worker.id, request: "look", cause: refusal };
    for (const event of failed) expect(event).toMatchObject(told);
    await worker.stop();
  });

  it("of a worker that looks seldom is made again in two seconds, not in an hour", async () => {
    const world = manual();
    const seldom = { ...world, client: () => world.client({ retryIntervalMs: 3_600_000 }) };
    const worker = running(seldom, { shards: ["a"] });
    await world.clock.advance(1_000);
    world.store.onWrite = async () => UNANSWERED;
    deny(world);
    await world.clock.advance(30_000);
    expect(worker.shards).toEqual([]);
    world.store.onWrite = undefined;
    Reflect.deleteProperty(world.store, "rows"); // Its own is on the prototype.
    await world.clock.advance(6_000);
    expect(worker.shards).toEqual(["a"]);
    await worker.stop();
  });

  it("of a worker that was never let in ends its run with the reason", async () => {
    const world = manual();
    deny(world);
    const worker = running(world, { shards: ["a"] });
    await world.clock.advance(1_000);
    await expect(worker.over).rejects.toBe(refusal);
    expect(world.table.peek("jobs", `session#${worker.worker.id}`)?.holder, "nothing is left behind").toBe(
      undefined,
    );
    expect(world.clock.pendingTimers).toBe(0);
  });

  it("of a semaphore as well, while somebody waits", async () => {
    const world = manual();
    using heard = hear("few");
    await leading(world.client().group("other"), "a");
    const client = world.client();
    led(await client.semaphore("warm", { permits: 1 }).tryAcquire());
    deny(world);
    const waiting = client.semaphore("few", { permits: 1 }).acquire();
    waiting.catch(() => undefined);
    await world.clock.advance(10_000);
    expect(heard.of("requestFailed").length).toBeGreaterThanOrEqual(5);
    expect(heard.of("requestFailed")[0]).toMatchObject({ request: "look", cause: refusal });
    await settling(world, client.close());
  });
});

describe("what a worker's user does", () => {
  it.each<readonly [string, () => never | Promise<never>]>([
    [
      "throws",
      () => {
        throw new Error("a listener's own");
      },
    ],
    ["rejects", async () => Promise.reject(new Error("a listener's own"))],
  ])("in an onWorkFailed that %s cannot keep a shard from being given up", async (_, listener) => {
    const world = manual();
    const uncaught: unknown[] = [];
    const note = (error: unknown): unknown => uncaught.push(error);
    process.on("unhandledRejection", note);
    const work = async (): Promise<never> => Promise.reject(new Error("no"));
    const worker = running(world, { shards: ["a"], onWorkFailed: listener }, { work });
    await world.clock.advance(100);
    expect(worker.shards).toEqual([]);
    expect(world.table.peek("jobs", "lease#a")).not.toHaveProperty("holder");
    await world.clock.advance(10_000);
    expect(worker.begun.length).toBeGreaterThan(1);
    await worker.stop();
    process.off("unhandledRejection", note);
    expect(uncaught).toEqual([]);
  });

  it("with a function for its shards that never answers cannot keep it from stopping", async () => {
    const world = manual();
    const first = running(world, { shards: never });
    await world.clock.advance(1_000);
    await first.stop();
    let asked = 0;
    const shards = async (): Promise<readonly string[]> => ((asked += 1) > 1 ? never() : ["a"]);
    const second = running(world, { shards, shardsIntervalMs: 1_000 });
    await world.clock.advance(10_000);
    expect(asked).toBe(2);
    const { queries } = world.store;
    await world.clock.advance(10_000);
    expect(world.store.queries - queries, "nor from its looks").toBeGreaterThanOrEqual(5);
    await second.stop();
    expect(world.clock.pendingTimers).toBe(0);
    expect((await world.client().group("jobs").tryAcquire("a")).kind).toBe("acquired");
  });
});

describe("a worker that claims many shards", () => {
  /** Has each claim of a shard take 100 ms; tells how many were sent. */
  function slow(world: Manual, fails = false): () => number {
    let claims = 0;
    world.store.onWrite = async ({ kind, row = "" }, pass) => {
      if (kind !== "claim" || !row.startsWith("lease#")) return pass();
      claims += 1;
      await new Promise<void>((resolve) => void world.clock.timer(100, resolve));
      return fails ? Promise.reject(refusal) : pass();
    };
    return () => claims;
  }

  it("claims none any more once it is told to stop", async () => {
    const world = manual();
    const claims = slow(world);
    const worker = running(world, { shards: shardNames(99) }, { work: untilAsked });
    await world.clock.advance(150);
    const before = claims();
    await worker.stop();
    expect(before).toBeLessThanOrEqual(64);
    expect(claims()).toBe(before);
    expect(worker.begun.length).toBeLessThanOrEqual(before);
  });

  it("asks the table no more than it has under way when that refuses", async () => {
    const world = manual();
    const claims = slow(world, true);
    const worker = running(world, { shards: shardNames(99) });
    await world.clock.advance(1_000);
    expect(claims()).toBeLessThanOrEqual(32);
    await expect(worker.over).rejects.toBe(refusal);
  });
});
