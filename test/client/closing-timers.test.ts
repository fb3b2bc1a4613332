import { describe, expect, it } from "vitest";
import { campaign } from "../../lib/client/campaign.ts";
import { openClientCore } from "../../lib/client/client-core.ts";
import { makeWakeup } from "../../lib/client/waiting.ts";
import type { StoreLeaseClient } from "../../lib/client/lease-client.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { led, running, settling, shardNames, untilAsked } from "../support/groups.ts";
import { type Manual, manual } from "../support/manual.ts";
import { Gate } from "../support/probe-store.ts";

/** A client that closes: how many timers it had when it was closed, and how many it has set since. */
function closable(world: Manual) {
  const own = new Set<object>();
  let late = 0;
  let isClosed = false;
  const client = world.client({
    clock: {
      now: () => world.clock.now(),
      timer(ms, callback) {
        if (isClosed) late += 1;
        const timer = {};
        own.add(timer);
        const cancel = world.clock.timer(ms, () => {
          own.delete(timer);
          callback();
        });
        return () => {
          own.delete(timer);
          cancel();
        };
      },
    },
  });
  const close = async (of: StoreLeaseClient = client): Promise<number> => {
    await of.close();
    isClosed = true;
    return own.size;
  };
  return { client, close, late: () => late };
}

describe("a client that is closed", () => {
  it("while a permit is claimed sets no timer any more, though the claim is refused", async () => {
    const world = manual();
    const bob = world.client({ holder: "bob" }).semaphore("jobs", { permits: 2 });
    led(await bob.tryAcquire());
    const { client, close, late } = closable(world);
    const gate = new Gate();
    world.store.onWrite = async (write, pass) => {
      if (write.set.holder?.startsWith("ann") && write.row?.startsWith("lease#")) await gate.pass();
      return pass();
    };
    const failed = leaseErrorOf(client.semaphore("jobs", { permits: 2 }).acquire(), "CLIENT_CLOSED");
    await gate.reached;
    led(await bob.tryAcquire());
    const closing = close();
    await world.clock.advance(1);
    gate.open();
    expect(await closing).toBe(0);
    await failed;
    expect(late()).toBe(0);
  });

  it("waits for nothing after a try that came to its end later", async () => {
    const world = manual();
    let timers = 0;
    const clock = {
      now: () => world.clock.now(),
      timer(ms: number, callback: () => void) {
        timers += 1;
        return world.clock.timer(ms, callback);
      },
    };
    const core = openClientCore({ store: world.store, clock });
    const { life } = core;
    const state = await world.client().get("jobs");
    const tryOnce = async () => {
      life.assertOpen();
      await life.end(async () => undefined);
      return { kind: "refused", reason: "held", state, retryAfterMs: 0 } as const;
    };
    const wait = { name: "jobs", timeoutMs: Infinity, troubleLimitMs: Infinity, wakeup: makeWakeup() };
    await leaseErrorOf(campaign(core, tryOnce, wait), "CLIENT_CLOSED");
    expect(timers).toBe(0);
  });

  it("sets none when the work of a candidate ends that has gone on all the same", async () => {
    const world = manual();
    const { client, close, late } = closable(world);
    let letGo: () => void = () => undefined;
    const work = () => new Promise<void>((resolve) => (letGo = resolve));
    const failed = leaseErrorOf(client.candidate("jobs").run(work), "CLIENT_CLOSED");
    await world.clock.advance(1_000);
    expect(await close()).toBe(0);
    letGo();
    await failed;
    expect(late()).toBe(0);
  });

  it("has no timer left while the work of a shard goes on all the same", async () => {
    const world = manual();
    const { client, close, late } = closable(world);
    let letGo: () => void = () => undefined;
    const worker = client.group("jobs").worker({ shards: ["a"] });
    const over = worker.run(() => new Promise<void>((resolve) => (letGo = resolve)));
    await world.clock.advance(1_000);
    expect(await close()).toBe(0);
    letGo();
    await over;
    expect(late()).toBe(0);
  });

  it("while a worker has been told to leave, and some work lingers, has none either", async () => {
    const world = manual();
    const { client, close } = closable(world);
    const stopper = new AbortController();
    let letGo: () => void = () => undefined;
    const worker = client.group("jobs").worker({ shards: ["a"] });
    const over = worker.run(() => new Promise<void>((resolve) => (letGo = resolve)), stopper);
    await world.clock.advance(1_000);
    stopper.abort();
    await world.clock.advance(1_000);
    expect(await close()).toBe(0);
    letGo();
    await over;
  });

  it("while many shards are claimed has no claim left that waits its turn", async () => {
    const world = manual();
    const { client, close, late } = closable(world);
    const worker = client.group("jobs").worker({ shards: shardNames(300) });
    world.store.onWrite = async (_, pass) => {
      await new Promise<void>((resolve) => void world.clock.timer(3, resolve));
      return pass();
    };
    const over = worker.run(untilAsked);
    await world.clock.advance(10);
    expect(await settling(world, close())).toBe(0);
    const { length } = world.store.sent;
    expect(length, "it was claiming").toBeGreaterThan(10);
    await settling(world, over);
    expect(late()).toBe(0);
    expect(world.store.sent).toHaveLength(length);
  });

  it("while many shards are asked for has no request left that waits its turn", async () => {
    const world = manual();
    const shards = shardNames(3_000);
    const other = running(world, { shards });
    await world.clock.advance(10_000);
    expect(other.shards).toHaveLength(3_000);
    const { client, close, late } = closable(world);
    const asked = () => world.store.sent.filter(({ kind }) => kind === "request").length;
    const over = client.group("jobs").worker({ shards }).run(untilAsked);
    while (asked() === 0) await world.clock.advance(10);
    const from = world.clock.now().mono;
    expect(await settling(world, close())).toBe(0);
    expect(world.clock.now().mono - from, "1,500 turns take 3 s").toBeLessThan(500);
    await settling(world, over);
    expect(late()).toBe(0);
    await other.stop();
  });

  it("while many shards are tried at once does not wait for the turn of each", async () => {
    const world = manual();
    const { client, close, late } = closable(world);
    const group = client.group("jobs");
    led(await group.tryAcquire("first"));
    const tries = Promise.allSettled(shardNames(2_000).map((shard) => group.tryAcquire(shard)));
    await world.clock.advance(100);
    const from = world.clock.now().mono;
    expect(await settling(world, close())).toBe(0);
    expect(world.clock.now().mono - from, "2,000 turns take 4 s").toBeLessThan(500);
    await tries;
    expect(late()).toBe(0);
  });
});
