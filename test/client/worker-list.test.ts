import { describe, expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { running, settling, untilAsked } from "../support/groups.ts";
import { hear } from "../support/lease-events.ts";
import { manual } from "../support/manual.ts";

describe("a worker's list of shards", () => {
  it("is asked for of its function again and again, and gives up what is none any more", async () => {
    const world = manual();
    let now: readonly string[] = ["a", "b"];
    let asked = 0;
    const shards = async (): Promise<readonly string[]> => {
      asked += 1;
      return now;
    };
    const worker = running(world, { shards, shardsIntervalMs: 10_000 });
    await world.clock.advance(9_000);
    expect(asked).toBe(1);
    now = ["b", "c"];
    await world.clock.advance(3_500);
    expect(asked).toBe(2);
    expect(worker.shards).toEqual(["b", "c"]);
    expect(world.table.peek("jobs", "lease#a")).not.toHaveProperty("holder");
    await worker.stop();
  });

  it("is kept while the function throws; the first time that ends the run", async () => {
    const world = manual();
    using heard = hear("jobs");
    const error = new Error("no list");
    let fails = false;
    const shards = (): readonly string[] => {
      if (fails) throw error;
      return ["a"];
    };
    const worker = running(world, { shards, shardsIntervalMs: 5_000 });
    await world.clock.advance(1_000);
    fails = true;
    await world.clock.advance(30_000);
    expect(worker.shards).toEqual(["a"]);
    expect(heard.of("requestFailed")[0]).toMatchObject({ request: "look", cause: error });
    await worker.stop();
    const another = running(world, { shards });
    await expect(settling(world, another.over)).rejects.toBe(error);
    expect(another.worker.status.state).toBe("idle");
  });

  it("is asked for anew of a function that does not answer: the first time that is trouble, later the last list stands", async () => {
    const world = manual();
    using heard = hear("jobs");
    let asked = 0;
    let hangs = true;
    const shards = (): string[] | Promise<never> => {
      asked += 1;
      return hangs ? new Promise<never>(() => {}) : ["a"];
    };
    const worker = running(world, { shards, shardsIntervalMs: 5_000 });
    await world.clock.advance(11_000);
    expect(worker.worker.status.lastError).toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining('the function shards of group "jobs" has not answered for 10000 ms'),
    });
    hangs = false;
    await world.clock.advance(2_000);
    expect(worker.shards).toEqual(["a"]);
    expect(worker.worker.status.lastError).toBeUndefined();
    hangs = true;
    asked = 0;
    await world.clock.advance(36_000);
    expect(asked, "every 10 s, one at a time").toBe(4);
    expect(heard.of("requestFailed").at(-1)).toMatchObject({
      request: "look",
      cause: { message: expect.stringContaining("has not answered") },
    });
    expect(worker.shards).toEqual(["a"]);
    await worker.stop();
    expect(world.clock.pendingTimers).toBe(0);
  });

  it("that a function never tells ends the run after troubleLimitMs", async () => {
    const world = manual();
    const shards = (): Promise<never> => new Promise<never>(() => {});
    const worker = running(world, { shards, shardsIntervalMs: 5_000, troubleLimitMs: 15_000 });
    await world.clock.advance(40_000);
    await leaseErrorOf(worker.over, "STORE_UNAVAILABLE");
  });

  it("may leave a shard out now and then: work that throws is backed off all the same", async () => {
    const world = manual();
    let asked = 0;
    const shards = (): string[] => (++asked % 2 === 0 ? ["a"] : ["a", "flaky"]);
    const begunAt: number[] = [];
    const work = async (lease: Lease): Promise<void> => {
      if (lease.shard !== "flaky") return untilAsked(lease);
      begunAt.push(world.clock.now().mono);
      throw new Error("it always fails");
    };
    const worker = running(world, { shards, shardsIntervalMs: 1_000 }, { work });
    await world.clock.advance(120_000);
    await worker.stop();
    const pauses = begunAt.slice(1).map((at, index) => at - (begunAt[index] ?? 0));
    // 2, 4, 8, 16 and 32 s at least.
    expect(pauses.length).toBeLessThanOrEqual(6);
    for (const [index, pause] of pauses.entries()) expect(pause).toBeGreaterThanOrEqual(2_000 * 2 ** index);
  });
});
