import { describe, expect, it } from "vitest";
import { recoveryBoundMs, DEFAULT_TIMING } from "../../lib/core/timing.ts";
import { LeaseError } from "../../lib/core/errors.ts";
import { onLeaseEvent } from "../../lib/diagnostics/channels.ts";
import type { LeaseWrite } from "../../lib/core/lease-write.ts";
import type { WriteOutcome } from "../../lib/core/outcome.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { kindsOf, leading, led, running, settling, shardNames } from "../support/groups.ts";
import { loaded, manual } from "../support/manual.ts";
import { Gate } from "../support/probe-store.ts";
import { UNANSWERED } from "../support/probe-store.ts";

const MINUTE_MS = 60_000;
/** What the service answers to a write that it does not serve. */
const THROTTLED: WriteOutcome = { kind: "unknown", cause: new Error("throttled"), answered: true };

describe("whoever wants a shard whose holder closes its session", () => {
  it.each([15_000, 600_000])("waits for one retry at most, with sessions of %i ms", async (durationMs) => {
    const world = manual();
    const holder = world.client().group("jobs", { durationMs });
    await leading(holder, "a", "b");
    const group = world.client({ random: loaded(0.9) }).group("jobs", { durationMs });
    const waiting = group.acquire("a");
    await world.clock.advance(5_000);
    await holder.close();
    const closed = world.clock.now().mono;
    const lease = await settling(world, waiting, durationMs);
    expect(world.clock.now().mono - closed).toBeLessThanOrEqual(2_000);
    expect(lease.isHeld()).toBe(true);
  });

  it("has it with the next try, however lately the session was seen to last", async () => {
    const world = manual();
    const holder = world.client().group("jobs", { durationMs: 600_000 });
    await leading(holder, "a");
    const group = world.client().group("jobs");
    expect((await group.tryAcquire("a")).kind).toBe("refused");
    await holder.close();
    await world.clock.advance(1_000);
    expect((await group.tryAcquire("a")).kind).toBe("acquired");
  });

  it("reads the row of the session with each look, once for all the shards that rest on it", async () => {
    const world = manual();
    await leading(world.client().group("jobs"), "a", "b", "c");
    const group = world.client({ random: loaded(0.5) }).group("jobs");
    const stop = new AbortController();
    const waits = [group.acquire("a", stop), group.acquire("b", stop), group.acquire("c", stop)];
    for (const wait of waits) wait.catch(() => undefined);
    await world.clock.advance(1_500);
    const { reads } = world.store;
    await world.clock.advance(20_000);
    // Three shards and one session, every 2 s.
    expect(world.store.reads - reads).toBeLessThanOrEqual(10 * (3 + 1) + 4);
    stop.abort();
    await Promise.allSettled(waits);
  });
});

it("follows a holder that died within the bound for leases, though no answer tells the time", async () => {
  const world = manual();
  const holder = world.client().group("jobs");
  await leading(holder, "a");
  world.store.dateHeader = false;
  const waiting = world
    .client({ random: loaded(0.999) })
    .group("jobs")
    .acquire("a");
  await world.clock.advance(9_000);
  const diedAt = world.clock.now().mono;
  world.store.onWrite = async (write, pass) =>
    write.row?.endsWith(holder.id) === true && write.kind === "renew" ? UNANSWERED : pass();
  await settling(world, waiting, 2 * MINUTE_MS);
  expect(world.clock.now().mono - diedAt).toBeLessThanOrEqual(recoveryBoundMs(DEFAULT_TIMING));
});

describe("a process that was killed and comes back under its declared-stable id", () => {
  it("has its permit again at once", async () => {
    const world = manual();
    const semaphore = () => world.client().semaphore("few", { permits: 1, id: "one" });
    const before = led(await semaphore().tryAcquire());
    const after = led(await semaphore().tryAcquire());
    expect(after.token).toBeGreaterThan(before.token);
  });

  it("is refused its permit as anybody is while its lock-delay, which it promised to others, may last", async () => {
    const world = manual();
    // What it is told to promise itself is no matter.
    const semaphore = (lockDelayMs = 0) =>
      world.client().semaphore("few", { permits: 1, id: "one", lockDelayMs });
    led(await semaphore(5_000).tryAcquire());
    expect(await semaphore().tryAcquire()).toMatchObject({ kind: "refused", reason: "held" });
    await expect(semaphore().run(() => Promise.resolve(1))).resolves.toMatchObject({ kind: "followed" });
  });

  it("has its permit at once where no lock-delay was promised, though it promises one itself", async () => {
    const world = manual();
    const semaphore = (lockDelayMs = 0) =>
      world.client().semaphore("few", { permits: 1, id: "one", lockDelayMs });
    led(await semaphore().tryAcquire());
    expect((await semaphore(5_000).tryAcquire()).kind).toBe("acquired");
  });

  it("has its shard again with the first look that is answered", async () => {
    const world = manual();
    const group = () => world.client({ random: loaded(0.5) }).group("jobs", { id: "one" });
    const before = led(await group().tryAcquire("a"));
    world.store.onWrite = async () => UNANSWERED;
    const waiting = group().acquire("a");
    await world.clock.advance(0);
    world.store.onWrite = undefined;
    const after = await settling(world, waiting, 5_000);
    expect(after.token).toBeGreaterThan(before.token);
  });
});

describe("a session's look at its own shards", () => {
  it("tells of a row that it cannot read by the name of its shard", async () => {
    const world = manual();
    const [lease] = await leading(world.client().group("jobs"), "a");
    const told: unknown[] = [];
    const forget = onLeaseEvent((name, event) => name === "requestFailed" && told.push(event));
    world.store.onRead = async () => {
      throw new LeaseError("RECORD_INVALID", "its holder is a number");
    };
    await world.clock.advance(MINUTE_MS + 1_000);
    forget();
    expect(told).toMatchObject([{ lease: "jobs", shard: "a", request: "look" }]);
    expect(told[0]).not.toHaveProperty("session");
    world.store.onRead = undefined;
    await lease?.release();
  });

  it("that fails is told, and made again a retry interval later", async () => {
    const world = manual();
    const client = world.client();
    const told: unknown[] = [];
    const group = client.group("jobs", { durationMs: 600_000, renewIntervalMs: 200_000 });
    const [first] = await leading(group, ...shardNames(10));
    world.store.onRows = async () => {
      told.push("failed");
      throw new Error("denied");
    };
    await world
      .client()
      .group("jobs")
      .forceRelease(shardNames(1)[0] ?? "");
    await world.clock.advance(MINUTE_MS);
    expect(first?.isHeld(), "nobody could tell it").toBe(true);
    const failures = told.length;
    expect(failures).toBeGreaterThanOrEqual(1);
    await world.clock.advance(10_000);
    expect(told.length - failures).toBeGreaterThanOrEqual(4);
    world.store.onRows = undefined;
    await world.clock.advance(2_000);
    expect(first?.isHeld()).toBe(false);
    expect(first?.end).toEqual({ reason: "revoked" });
    await group.close();
    expect(world.clock.pendingTimers).toBe(0);
  });
});

it("keeps the row of a shard that it gives back for as long as one that it releases", async () => {
  const world = manual();
  const group = world.client().group("jobs");
  await leading(group, "own");
  const holder = world.client().group("jobs");
  const [lease] = await leading(holder, "a");
  let late = (): Promise<unknown> => Promise.resolve();
  world.store.onWrite = async (write, pass) => {
    if (write.kind === "claim" && write.row === "lease#a") late = pass;
    return pass();
  };
  await world.clock.advance(10);
  expect((await group.tryAcquire("a")).kind).toBe("refused");
  world.store.onWrite = undefined;
  await lease?.release();
  const { ttl } = world.table.peek("jobs", "lease#a") ?? {};
  await late();
  expect(world.table.peek("jobs", "lease#a")?.holder).toBe(group.id);
  await world.clock.advance(MINUTE_MS + 1_000);
  expect(kindsOf(world).at(-1)).toBe("renew");
  const given = world.table.peek("jobs", "lease#a");
  expect(given?.holder).toBeUndefined();
  expect(given?.ttl).toBeGreaterThanOrEqual(ttl ?? Infinity);
});

it("leaves no timer when its client is closed while throttled writes to shards wait their turns", async () => {
  const world = manual();
  const client = world.client();
  const leases = await settling(world, leading(client.group("jobs"), ...shardNames(40)));
  world.store.onWrite = async (write, pass) =>
    write.kind === "renew" && write.row?.startsWith("lease#") === true ? THROTTLED : pass();
  const saying = leases.map((lease) => lease.proclaim("busy").catch(() => undefined));
  await world.clock.advance(500);
  await settling(world, client.close());
  expect(world.clock.pendingTimers).toBe(0);
  await Promise.all(saying);
});

it("sends nothing more once a worker has failed, though it was asking others for shards", async () => {
  const world = manual();
  const shards = shardNames(600);
  const full = running(world, { shards });
  await world.clock.advance(10_000);
  expect(full.shards).toHaveLength(600);
  const free = ["free-1", "free-2"];
  const comes = running(world, { shards: [...shards, ...free] });
  const isOurs = (write: LeaseWrite): boolean =>
    write.set.requestedBy === comes.worker.id || free.some((shard) => write.row === `lease#${shard}`);
  world.store.onWrite = async (write, pass) => {
    if (write.kind === "claim" && isOurs(write)) throw new LeaseError("TABLE_MISCONFIGURED", "no such key");
    return pass();
  };
  const failed = leaseErrorOf(settling(world, comes.over), "TABLE_MISCONFIGURED");
  await failed;
  const requests = world.store.sent.filter(isOurs).length;
  await world.clock.advance(3_000);
  expect(world.store.sent.filter(isOurs)).toHaveLength(requests);
  expect(requests, "as many as are sent at a time").toBeLessThanOrEqual(70);
  world.store.onWrite = undefined;
  await full.stop();
});

it("does not open its session anew while it is being closed, whenever it is asked to", async () => {
  for (let ticks = 0; ticks < 40; ticks += 1) {
    const world = manual();
    const client = world.client();
    const group = client.group("jobs");
    await leading(group, "a");
    const gate = new Gate();
    world.store.onWrite = async (write, pass) => {
      if (write.kind === "release" && write.row?.startsWith("session#") === true) await gate.pass();
      return pass();
    };
    const next = group.tryAcquire("b").catch(() => undefined);
    for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
    const closing = group.close();
    await world.clock.advance(0);
    const until = kindsOf(world, `session#${group.id}`);
    expect(["claim", "claim release"], `closed ${ticks} turns later`).toContain(until.join(" "));
    world.store.onWrite = undefined;
    gate.open();
    await settling(world, Promise.all([next, closing]));
    await settling(world, client.close());
    expect(world.clock.pendingTimers).toBe(0);
  }
});
