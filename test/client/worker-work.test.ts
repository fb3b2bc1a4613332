import { describe, expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import type { WorkerOptions } from "../../lib/client/worker.ts";
import { LeaseError } from "../../lib/core/errors.ts";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";
import { kindsOf, running, settling, shardNames, untilAsked } from "../support/groups.ts";
import { hear } from "../support/lease-events.ts";
import { manual, never } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";

describe("the work of a shard", () => {
  it("that throws is given up and backed off, longer each time; the others go on", async () => {
    const world = manual();
    using heard = hear("throwing");
    const failed: [unknown, string][] = [];
    const began: number[] = [];
    const error = new Error("bad shard");
    const work = async (lease: Lease): Promise<void> => {
      if (lease.shard !== "s01") return untilAsked(lease);
      began.push(world.clock.now().mono);
      throw error;
    };
    const shards = shardNames(3);
    const onWorkFailed = (cause: unknown, shard: string): void => void failed.push([cause, shard]);
    const worker = running(world, { shards, onWorkFailed }, { name: "throwing", work });
    await world.clock.advance(300_000);
    expect(worker.shards).toEqual(["s00", "s02"]);
    const pauses = began.slice(1).map((at, nth) => at - (began[nth] ?? 0));
    expect(pauses[0]).toBeGreaterThanOrEqual(2_000);
    expect(pauses[0]).toBeLessThan(4_100);
    expect(pauses[1]).toBeGreaterThanOrEqual(4_000);
    expect(Math.max(...pauses)).toBeGreaterThanOrEqual(30_000);
    // A rest that ends within a second of a look is seen with the next, a second after it.
    expect(Math.max(...pauses)).toBeLessThanOrEqual(61_100);
    expect(
      worker.begun.filter(({ shard }) => shard !== "s01"),
      "begun once each",
    ).toHaveLength(2);
    expect(failed[0]).toEqual([error, "s01"]);
    expect(heard.of("workFailed")[0]).toMatchObject({ shard: "s01", holder: worker.worker.id, cause: error });
    expect(failed).toHaveLength(heard.of("workFailed").length);
    expect(kindsOf(world, "lease#s01").filter((kind) => kind === "release")).toHaveLength(failed.length);
    await worker.stop();
    expect(world.clock.pendingTimers).toBe(0);
  });

  it("that returns gives its shard up, too, and the shard is led again after a while", async () => {
    const world = manual();
    const worker = running(world, { shards: ["a"] }, { work: async () => undefined });
    await world.clock.advance(60_000);
    // 2 to 4 s later each time, and no later: nobody else wants it.
    expect(worker.begun.length).toBeGreaterThanOrEqual(15);
    expect(worker.begun.length).toBeLessThanOrEqual(31);
    const tokens = worker.begun.map(({ token }) => token);
    expect(tokens).toEqual([...tokens].sort((x, y) => x - y));
    await worker.stop();
  });

  it("that throws after it was told to stop has not failed", async () => {
    const world = manual();
    const failed: unknown[] = [];
    const work = async ({ signal }: Lease): Promise<never> =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    const onWorkFailed = (cause: unknown): void => void failed.push(cause);
    const worker = running(world, { shards: ["a"], drainMs: 1_000, onWorkFailed }, { work });
    await world.clock.advance(1_000);
    await worker.stop();
    expect(failed).toEqual([]);
  });

  it("is asked at once and told after drainMs; its session goes on until all have settled", async () => {
    const world = manual();
    const told: string[] = [];
    let finish = (): void => undefined;
    const work = async ({ shard = "", handover, signal }: Lease): Promise<void> => {
      void handover.then(() => told.push(`${shard} asked`));
      signal.addEventListener("abort", () => told.push(`${shard} told`));
      if (shard === "b") return new Promise((resolve) => (finish = resolve));
      await handover;
    };
    const worker = running(world, { shards: ["a", "b"], drainMs: 3_000 }, { work });
    await world.clock.advance(500);
    const stopped = worker.stop();
    await world.clock.advance(100);
    expect(told.sort()).toEqual(["a asked", "b asked"]);
    expect(worker.worker.status).toMatchObject({ state: "leaving", working: ["b"] });
    await world.clock.advance(3_000);
    expect(told).toContain("b told");
    await world.clock.advance(30_000);
    const held = world.table.peek("jobs", `session#${worker.worker.id}`);
    expect(held, "it is renewed for as long as its work takes").toHaveProperty("holder");
    expect((await world.client().group("jobs").tryAcquire("b")).kind).toBe("refused");
    finish();
    await stopped;
    expect(kindsOf(world, "lease#b").filter((kind) => kind === "release")).toEqual([]);
    expect((await world.client().group("jobs").tryAcquire("b")).kind).toBe("acquired");
  });

  it("that outlives its session keeps its shard from its own process, and from nobody else", async () => {
    const world = manual();
    let atWork = 0;
    let most = 0;
    const ends: (() => void)[] = [];
    const work = async (): Promise<void> => {
      atWork += 1;
      most = Math.max(most, atWork);
      await new Promise<void>((resolve) => ends.push(resolve));
      atWork -= 1;
    };
    const worker = running(world, { shards: ["a"] }, { work });
    await world.clock.advance(500);
    world.store.onWrite = async () => UNANSWERED;
    await world.clock.advance(16_000);
    expect(worker.begun[0]?.signal.aborted).toBe(true);
    world.store.onWrite = undefined;
    await world.clock.advance(20_000);
    expect(worker.worker.status).toMatchObject({ state: "working", shards: [], working: ["a"] });
    expect(most, "never twice at once in one process").toBe(1);
    const other = running(world, { shards: ["a"] });
    await world.clock.advance(20_000);
    expect(other.shards, "another leads it meanwhile").toEqual(["a"]);
    for (const end of ends) end();
    await other.stop();
    await world.clock.advance(10_000);
    expect(worker.shards).toEqual(["a"]);
    const stopped = worker.stop();
    await world.clock.advance(10);
    for (const end of ends) end();
    await stopped;
  });
});

describe("a worker", () => {
  it("looks again once per retry interval while the table is in trouble, and says so", async () => {
    const world = manual();
    const worker = running(world, { shards: ["a"] });
    await world.clock.advance(1_000);
    const rows = world.store.rows.bind(world.store);
    let looks = 0;
    const refusal = new LeaseError("ACCESS_DENIED", "refused");
    world.store.rows = async () => {
      looks += 1;
      if (looks > 1_000) return never(); // Else a loop without a pause would never end.
      throw refusal;
    };
    await world.clock.advance(20_000);
    expect(looks).toBeGreaterThanOrEqual(9);
    expect(looks).toBeLessThanOrEqual(11);
    expect(worker.worker.status).toMatchObject({ shards: ["a"], lastError: refusal });
    world.store.rows = rows;
    await world.clock.advance(2_100);
    expect(worker.worker.status.lastError).toBeUndefined();
    await worker.stop();
  });

  it("ends with the error of a trouble that has lasted for troubleLimitMs, and frees what it led", async () => {
    const world = manual();
    const worker = running(world, { shards: ["a"], troubleLimitMs: 10_000 });
    await world.clock.advance(1_000);
    const refusal = new LeaseError("ACCESS_DENIED", "refused");
    world.store.rows = async () => Promise.reject(refusal);
    const from = world.clock.now().mono;
    await expect(settling(world, worker.over)).rejects.toBe(refusal);
    expect(world.clock.now().mono - from).toBeGreaterThanOrEqual(10_000);
    expect(world.clock.now().mono - from).toBeLessThan(15_000);
    expect(world.table.peek("jobs", `session#${worker.worker.id}`)).not.toHaveProperty("holder");
    expect(world.clock.pendingTimers).toBe(0);
  });

  it("ends with its client: its work is told, and nothing is left", async () => {
    const world = manual();
    const client = world.client();
    const over = client
      .group("jobs")
      .worker({ shards: shardNames(3) })
      .run(untilAsked);
    await world.clock.advance(1_000);
    await settling(world, client.close());
    await settling(world, over);
    expect(world.clock.pendingTimers).toBe(0);
    for (const shard of shardNames(3))
      expect((await world.client().group("jobs").tryAcquire(shard)).kind).toBe("acquired");
  });

  it("runs once at a time, and may run again", async () => {
    const world = manual();
    const worker = running(world, { shards: ["a"] });
    await world.clock.advance(500);
    await leaseErrorOf(worker.worker.run(untilAsked), "INVALID_ARGUMENT");
    await worker.stop();
    const stop = new AbortController();
    const again = worker.worker.run(untilAsked, stop);
    await world.clock.advance(500);
    expect(worker.shards).toEqual(["a"]);
    stop.abort();
    await settling(world, again);
  });

  it.each<[Record<string, unknown> | undefined, RegExp]>([
    [undefined, /shards/],
    [{}, /^shards must be an array of names, or a function that makes one, not "undefined"/],
    [{ shards: "a" }, /^shards must be an array/],
    [{ shards: ["a", ""] }, /^shards\[1\] must be a string of 1 to 512 bytes, not one of 0/],
    [{ shards: ["a", "a"] }, /^shards must not name a shard twice/],
    [{ shards: [], weight: 0 }, /^weight must be a number from 1e-12 to 1000, not "0"/],
    [{ shards: [], maxShards: -1 }, /^maxShards must be a whole number from 0 to 1000000, not "-1"/],
    [{ shards: [], shardsIntervalMs: 49 }, /^shardsIntervalMs .* 50 .*not "49"/],
    [{ shards: [], troubleLimitMs: -1 }, /^troubleLimitMs/],
    [{ shards: [], drainMs: -1 }, /^drainMs/],
    [{ shards: [], reserveForMs: 0.5 }, /^reserveForMs/],
    [{ shards: [], id: "" }, /^id must/],
    [{ shards: [], holdAtLeastMs: 1 }, /holdAtLeastMs/],
    [{ shards: [], onWorkFailed: "log" }, /^onWorkFailed must be a function, not "log" \(string\)$/],
  ])("refuses %o", (options, message) => {
    const group = manual().client().group("jobs");
    const asked = options as unknown as WorkerOptions;
    expect(leaseErrorIn(() => group.worker(asked), "INVALID_ARGUMENT").message).toMatch(message);
  });
});

describe("a row that was edited by hand", () => {
  it.each(["before it was claimed", "while it is led"])("%s costs its shard, and no other", async (when) => {
    const world = manual();
    using heard = hear("edited");
    const refusal = new LeaseError("RECORD_INVALID", "its token is a string", { lease: "edited" });
    const spoil = (): void => {
      world.store.onWrite = async ({ row }, pass) => (row === "lease#s01" ? Promise.reject(refusal) : pass());
      world.store.onRead = async () => undefined;
    };
    if (when === "before it was claimed") spoil();
    const worker = running(world, { shards: shardNames(3) }, { name: "edited" });
    await world.clock.advance(500);
    if (when === "while it is led") {
      spoil();
      // As an operator's edit takes it away.
      world.table.delete("edited", "lease#s01");
      await world.clock.advance(61_000);
    }
    const queries = world.store.queries;
    await world.clock.advance(60_000);
    expect(worker.shards).toEqual(["s00", "s02"]);
    expect(worker.worker.status.state).toBe("working");
    expect(heard.of("requestFailed").at(-1)).toMatchObject({ shard: "s01", cause: refusal });
    expect(world.store.queries - queries, "and hardly more looks than one per interval").toBeLessThanOrEqual(
      36,
    );
    await worker.stop();
  });
});
