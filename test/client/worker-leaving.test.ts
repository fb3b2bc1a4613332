import { describe, expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { leaseErrorOf } from "../support/failures.ts";
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
    await leaseErrorOf(group.tryAcquire("y"), "STORE_UNAVAILABLE");
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
