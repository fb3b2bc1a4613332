import { describe, expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { kindsOf, leading, running, settling, shardNames, untilAsked } from "../support/groups.ts";
import { manual } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";

/** Work that of shard `a` goes on whatever it is told, until it is let go. */
function stubborn() {
  let letGo: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (letGo = resolve));
  const work = async (lease: Lease): Promise<void> => (lease.shard === "a" ? over : untilAsked(lease));
  return { work, over, letGo: () => letGo() };
}

describe("a worker that leaves", () => {
  it("frees all by one write, also where its work ends with the very signal that has it leave", async () => {
    const world = manual();
    const leases = world.client();
    const stop = new AbortController();
    const ended = new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
    const worker = leases.group("jobs").worker({ shards: shardNames(20) });
    const over = worker.run(() => ended, { signal: stop.signal });
    await world.clock.advance(1_000);
    expect(worker.status.shards).toHaveLength(20);
    stop.abort();
    expect(worker.status.state, "at once").toBe("leaving");
    await settling(world, over);
    expect(kindsOf(world).filter((kind) => kind === "release")).toHaveLength(1);
  });

  it("asks its work to end at once, also while a look of its is under way, and what begins by that look", async () => {
    const world = manual();
    const asked: [string, number][] = [];
    const work = async ({ shard = "", handover }: Lease): Promise<void> => {
      await handover;
      asked.push([shard, world.clock.now().mono]);
    };
    let shards = ["a"];
    const worker = running(world, { shards: () => shards, shardsIntervalMs: 1_000 }, { work });
    await world.clock.advance(1_000);
    shards = ["a", "b"];
    world.store.onWrite = async ({ kind }, pass) => {
      if (kind === "claim") await new Promise<void>((resolve) => void world.clock.timer(1_500, resolve));
      return pass();
    };
    while (!world.store.sent.some(({ row }) => row === "lease#b")) await world.clock.advance(20);
    const from = world.clock.now().mono;
    const stopped = worker.stop();
    await stopped;
    expect(asked.map(([shard, at]) => [shard, Math.round((at - from) / 100) / 10])).toEqual([
      ["a", 0],
      ["b", 1.5],
    ]);
    expect(kindsOf(world).filter((kind) => kind === "release")).toHaveLength(1);
  });
});

describe("a worker that leaves while some work goes on", () => {
  it("keeps no shard from others whose work has ended", async () => {
    const world = manual();
    const { work, letGo } = stubborn();
    const worker = running(world, { shards: ["a", "c"], drainMs: 1_000 }, { work });
    await world.clock.advance(1_000);
    const leaving = worker.stop();
    await world.clock.advance(10_000);
    const group = world.client().group("jobs");
    expect((await group.get("c")).kind, "its work has ended").toBe("vacant");
    expect((await group.get("a")).kind, "its work goes on").toBe("held");
    letGo();
    await leaving;
    expect((await group.get("a")).kind).not.toBe("held");
  });

  it("counts for nothing any more: what it frees is led by others with their next look", async () => {
    const world = manual();
    const { letGo, over } = stubborn();
    let kept: string | undefined;
    const work = async (lease: Lease): Promise<void> => {
      await untilAsked(lease);
      if (lease.shard === kept) await over;
    };
    const shards = shardNames(6);
    const leaver = running(world, { shards, drainMs: 1_000 }, { work });
    const other = running(world, { shards });
    await world.clock.advance(30_000);
    const [stays, ...freed] = leaver.shards;
    expect(freed).toHaveLength(2);
    kept = stays;
    const leaving = leaver.stop();
    // The drain is given one retry interval; then its shards are freed, and seen with the next look.
    await world.clock.advance(4_100);
    expect(leaver.worker.status.working).toEqual([stays]);
    expect(other.shards).toEqual(expect.arrayContaining(freed));
    letGo();
    await leaving;
    await world.clock.advance(2_100);
    expect(other.shards).toEqual(shards);
    await other.stop();
  });

  it("frees what ends at about the same time together, and with the last of it the session by one write", async () => {
    const world = manual();
    const ends: Record<string, number> = { s00: 500, s01: 2_400, s02: 2_600, s03: 4_000, s04: 4_100 };
    const work = async ({ shard = "", handover }: Lease): Promise<void> => {
      await handover;
      await new Promise<void>((resolve) => void world.clock.timer(ends[shard] ?? 0, resolve));
    };
    const worker = running(world, { shards: shardNames(5), drainMs: 10_000 }, { work });
    await world.clock.advance(1_000);
    const from = world.clock.now().mono;
    const freed: [number, string][] = [];
    world.store.onWrite = async ({ kind, row = "" }, pass) => {
      if (kind === "release") freed.push([world.clock.now().mono - from, row]);
      return pass();
    };
    await worker.stop();
    expect(freed.sort(([a, x], [b, y]) => a - b || x.localeCompare(y))).toEqual([
      [2_000, "lease#s00"],
      [2_650, "lease#s01"],
      [2_650, "lease#s02"],
      [4_100, `session#${worker.worker.id}`],
    ]);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it("rings no more for the run that follows: its bell would take the worker's share away", async () => {
    const world = manual();
    const worker = world
      .client()
      .group("jobs")
      .worker({ shards: ["a", "b", "c"] });
    const ends = new Map<string, () => void>();
    const end = (shard: string): void => ends.get(shard)?.();
    const work = ({ shard = "" }: Lease): Promise<void> =>
      new Promise((resolve) => void ends.set(shard, resolve));
    const first = new AbortController();
    const over = worker.run(work, { signal: first.signal });
    await world.clock.advance(2_000);
    world.store.onWrite = async ({ kind }, pass) => {
      if (kind === "ring") await new Promise<void>((resolve) => void world.clock.timer(2_900, resolve));
      return pass();
    };
    first.abort();
    end("a");
    await world.clock.advance(2_100);
    end("b");
    await world.clock.advance(300);
    end("c");
    await settling(world, over);
    const second = new AbortController();
    const again = worker.run(work, { signal: second.signal });
    await world.clock.advance(10_000);
    world.store.onWrite = undefined;
    ["a", "b", "c"].forEach(end);
    await world.clock.advance(10_000);
    expect(worker.status.shards).toEqual(["a", "b", "c"]);
    second.abort();
    ["a", "b", "c"].forEach(end);
    await settling(world, again);
  });

  it("learns within a minute that a shard was taken from it by force", async () => {
    const world = manual();
    const { work, letGo } = stubborn();
    const worker = running(world, { shards: ["a"], drainMs: 1_000 }, { work });
    await world.clock.advance(1_000);
    const leaving = worker.stop();
    await world.clock.advance(10_000);
    expect(worker.begun[0]?.isHeld()).toBe(true);
    await world.client().group("jobs").forceRelease("a");
    await world.clock.advance(61_000);
    expect(worker.begun[0]?.end).toEqual({ reason: "revoked" });
    letGo();
    await leaving;
    expect(world.clock.pendingTimers, "but the operator's client has none").toBe(0);
  });
});

describe("a session with a lock-delay that has run out", () => {
  it("is not vacated by its own process: others were promised that its shards stay closed", async () => {
    const world = manual();
    const client = world.client();
    const group = client.group("jobs", { lockDelayMs: 60_000 });
    const [lease] = await leading(group, "x");
    world.store.onWrite = async ({ kind }, pass) => (kind === "renew" ? UNANSWERED : pass());
    await world.clock.advance(20_000);
    expect(lease?.end).toMatchObject({ reason: "expired" });
    expect((await group.tryAcquire("y")).kind).toBe("refused");
    await settling(world, client.close());
    expect(world.table.peek("jobs", `session#${group.id}`)).toHaveProperty("holder", group.id);
    expect((await world.client().group("jobs").tryAcquire("x")).kind).toBe("refused");
  });
});

describe("a worker that loses its session while it claims", () => {
  it("looks anew, and asks for a session once each time, not for each shard that is left", async () => {
    const world = manual();
    const shards = Array.from({ length: 300 }, (_, nth) => `s${nth}`);
    const worker = world.client().group("jobs", { lockDelayMs: 60_000 }).worker({ shards });
    const stopper = new AbortController();
    const over = worker.run(untilAsked, { signal: stopper.signal });
    over.catch(() => undefined);
    world.store.onWrite = async ({ kind, row = "" }, pass) => {
      if (kind === "renew") return UNANSWERED;
      if (kind === "claim" && row.startsWith("lease#"))
        await new Promise<void>((resolve) => void world.clock.timer(2_000, resolve));
      return pass();
    };
    await world.clock.advance(30_000);
    const opened = kindsOf(world, `session#${worker.id}`).filter((kind) => kind === "claim");
    expect(opened.length).toBeLessThanOrEqual(12);
    world.store.onWrite = undefined;
    stopper.abort();
    await settling(world, over);
  });
});
