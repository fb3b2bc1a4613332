import { describe, expect, it } from "vitest";
import { leaseErrorOf } from "../support/failures.ts";
import { kindsOf, leading, led, settling } from "../support/groups.ts";
import { loaded, manual, never } from "../support/manual.ts";
import { Gate } from "../support/probe-store.ts";

/** A group whose first try for shard `a` is under way, and of which nothing is answered before the gate opens. */
async function busy() {
  const world = manual();
  const group = world.client().group("jobs");
  await leading(group, "first");
  const gate = new Gate();
  world.store.onWrite = async (write, pass) => {
    if (write.row === "lease#a") await gate.pass();
    return pass();
  };
  const first = group.tryAcquire("a");
  await gate.reached;
  const sent = world.store.requests;
  return { world, group, gate, first, more: () => world.store.requests - sent };
}

describe("whoever waits its turn for a shard, behind other tries of its process", () => {
  it("waits no longer than its timeout says, however many wait", async () => {
    const world = manual();
    await leading(world.client().group("jobs"), "a");
    const group = world.client().group("jobs");
    await leading(group, "first");
    world.store.onRead = never;
    world.store.onWrite = async (write, pass) => (write.kind === "renew" ? pass() : never());
    const waits = Array.from({ length: 50 }, () =>
      leaseErrorOf(group.acquire("a", { timeoutMs: 1_000 }), "ACQUIRE_TIMEOUT"),
    );
    // The one whose request is under way is told at the end of that.
    await settling(world, Promise.all(waits), 3_100);
  });

  it("leaves when its signal says so, and has sent nothing", async () => {
    const { world, group, gate, first, more } = await busy();
    const stop = new AbortController();
    const waits = [
      group.acquire("a", { signal: stop.signal }),
      group.run("a", () => Promise.resolve(), { signal: stop.signal }),
    ].map((wait) => leaseErrorOf(wait, "ABORTED"));
    await world.clock.advance(100);
    stop.abort();
    await Promise.all(waits);
    expect(more()).toBe(0);
    gate.open();
    expect((await first).kind).toBe("acquired");
    await world.clock.advance(10);
    expect(kindsOf(world, "lease#a")).toEqual(["claim"]);
  });

  it("lets nobody pass what it has waited for when it leaves", async () => {
    const { world, group, gate, first, more } = await busy();
    const left = leaseErrorOf(group.acquire("a", { timeoutMs: 100 }), "ACQUIRE_TIMEOUT");
    await settling(world, left, 200);
    const last = group.tryAcquire("a");
    await world.clock.advance(100);
    expect(more()).toBe(0);
    gate.open();
    expect((await first).kind).toBe("acquired");
    expect(await last).toMatchObject({ kind: "refused", state: { holder: group.id } });
  });

  it("tries once, though it does not want to wait, where nobody is before it", async () => {
    const { group, gate, first } = await busy();
    gate.open();
    await led(await first).release();
    await expect(group.acquire("a", { timeoutMs: 0 })).resolves.toMatchObject({ shard: "a" });
  });
});

describe("whoever tries one permit after the other, since others are faster each time", () => {
  async function beaten() {
    const world = manual();
    const rivals = world.client().group("few");
    await leading(rivals, "first");
    const semaphore = world.client({ random: loaded(0.5) }).semaphore("few", { permits: 100 });
    let claims = 0;
    world.store.onWrite = async (write, pass) => {
      const { row = "", kind, set } = write;
      if (kind !== "claim" || !row.startsWith("lease#permit") || set.holder === rivals.id) return pass();
      claims += 1;
      await rivals.tryAcquire(row.slice("lease#".length));
      await new Promise<void>((resolve) => void world.clock.timer(20, resolve));
      return pass();
    };
    return { world, semaphore, claims: () => claims };
  }

  it("tries no other once its signal is aborted", async () => {
    const { world, semaphore, claims } = await beaten();
    const stop = new AbortController();
    const waiting = leaseErrorOf(semaphore.acquire({ signal: stop.signal }), "ABORTED");
    await world.clock.advance(50);
    stop.abort();
    await settling(world, waiting, 100);
    expect(claims()).toBe(3);
  });

  it("tries no other after its timeout, but one at least", async () => {
    const { world, semaphore, claims } = await beaten();
    await settling(world, leaseErrorOf(semaphore.acquire({ timeoutMs: 50 }), "ACQUIRE_TIMEOUT"), 200);
    expect(claims()).toBe(3);
    await settling(world, leaseErrorOf(semaphore.acquire({ timeoutMs: 0 }), "ACQUIRE_TIMEOUT"), 200);
    expect(claims()).toBe(4);
  });
});
