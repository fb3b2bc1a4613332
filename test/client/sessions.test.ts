import { describe, expect, it } from "vitest";
import { LeaseError } from "../../lib/core/errors.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { kindsOf, leading, led, settling } from "../support/groups.ts";
import { loaded, manual } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";

const TICK = "2026-01-01T00:00:00.000Z";

describe("a session", () => {
  it("is closed with the last lease, and opened again with a higher token", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    const session = `session#${group.id}`;
    const [a, b] = await leading(group, "a", "b");
    const before = world.table.peek("jobs", session)?.token ?? Infinity;
    await a?.release();
    expect(world.table.peek("jobs", session), "one is left").toHaveProperty("holder", group.id);
    await b?.release();
    expect(world.table.peek("jobs", session)).not.toHaveProperty("holder");
    expect(world.clock.pendingTimers).toBe(0);
    await world.clock.advance(10_000);
    await leading(group, "a");
    const after = world.table.peek("jobs", session)?.token ?? 0;
    expect(after).toBeGreaterThan(before);
    expect(world.table.peek("jobs", "lease#a")).toHaveProperty("sessionToken", after);
  });

  it("is not kept open by an attempt that was refused", async () => {
    const world = manual();
    await leading(world.client().group("jobs"), "a");
    const group = world.client().group("jobs");
    expect((await group.tryAcquire("a")).kind).toBe("refused");
    expect(world.table.peek("jobs", `session#${group.id}`)).not.toHaveProperty("holder");
  });

  it.each([
    ["an occurrence that is done", { tick: TICK }, true, { tick: TICK }],
    ["a minimum hold", { holdAtLeastMs: 60_000 }, false, { reservedFor: "" }],
    ["an affinity", { affinity: "eu", affinityMs: 5_000 }, false, { reservedFor: "@eu" }],
  ])("of a group that closes frees all with one write, after %s has been said", async (...of) => {
    const [, options, completes, says] = of;
    const world = manual();
    const group = world.client().group("jobs");
    await leading(group, "a", "b", "c");
    const special = led(await group.tryAcquire("d", options));
    if (completes) special.complete();
    const sent = world.store.sent.length;
    expect(await settling(world, group.close(), 5_000)).toEqual({ kind: "released" });
    expect(world.store.sent.slice(sent).map(({ kind, row }) => [kind, row])).toEqual([
      ["release", "lease#d"],
      ["release", `session#${group.id}`],
    ]);
    expect(world.table.peek("jobs", "lease#d")).toMatchObject(says);
    expect(special.end).toEqual({ reason: "released" });
    expect(world.clock.pendingTimers).toBe(0);
    for (const shard of ["a", "b", "c"])
      expect((await world.client().group("jobs").tryAcquire(shard)).kind).toBe("acquired");
  });

  it("closes also where each of its leases has something to say first", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    led(await group.tryAcquire("a", { tick: TICK })).complete();
    led(await group.tryAcquire("b", { holdAtLeastMs: 60_000 }));
    expect(await settling(world, group.close(), 5_000)).toEqual({ kind: "released" });
    expect(kindsOf(world).slice(-3)).toEqual(["release", "release", "release"]);
  });

  it("ends before the write that frees its shards, for every one of them", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    const leases = await leading(group, "a", "b");
    const heldAtRelease: boolean[] = [];
    world.store.onWrite = async ({ kind }, pass) => {
      if (kind === "release") heldAtRelease.push(...leases.map((lease) => lease.isHeld()));
      return pass();
    };
    await group.close();
    expect(heldAtRelease).toEqual([false, false]);
    expect(leases.map((lease) => lease.signal.aborted)).toEqual([true, true]);
    expect(await leases[0]?.release(), "and a second release sends nothing").toEqual({
      kind: "already-released",
    });
  });

  it("and all that is held through it end when the client closes; nothing is left", async () => {
    const world = manual();
    const client = world.client();
    const group = client.group("jobs");
    const semaphore = client.semaphore("few", { permits: 2 });
    const leases = [...(await leading(group, "a", "b")), led(await semaphore.tryAcquire())];
    const waiting = client.group("jobs").acquire("a");
    waiting.catch(() => undefined);
    await world.clock.advance(1_000);
    await settling(world, client.close());
    await leaseErrorOf(waiting, "CLIENT_CLOSED");
    expect(leases.map((lease) => lease.isHeld())).toEqual([false, false, false]);
    expect(world.clock.pendingTimers).toBe(0);
    const sent = world.store.requests;
    await world.clock.advance(120_000);
    expect(world.store.requests).toBe(sent);
    expect(world.table.peek("jobs", `session#${group.id}`)).not.toHaveProperty("holder");
    await leaseErrorOf(group.tryAcquire("c"), "CLIENT_CLOSED");
  });

  it("that is lost ends all of its leases, says why, and the next attempt opens another", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    const leases = await leading(group, "a", "b", "c");
    const first = world.table.peek("jobs", `session#${group.id}`)?.token ?? Infinity;
    world.store.onWrite = async () => UNANSWERED;
    await world.clock.advance(16_000);
    for (const lease of leases) {
      expect(lease.end).toMatchObject({ reason: "expired", storeReachable: false });
      expect(lease.signal.aborted).toBe(true);
    }
    expect(world.clock.pendingTimers, "and leaves no timer").toBe(0);
    world.store.onWrite = undefined;
    const again = led(await group.tryAcquire("a"));
    expect(again.token).toBeGreaterThan(leases[0]?.token ?? Infinity);
    expect(world.table.peek("jobs", `session#${group.id}`)?.token).toBeGreaterThan(first);
    await leases[0]?.release();
    expect(again.isHeld(), "what is left of the first ends nothing of the next").toBe(true);
  });

  it("whose row is deleted or foreign ends at its next renewal", async () => {
    const world = manual();
    const [deleted, foreign] = ["x", "y"].map((name) => world.client().group(name));
    const [a] = deleted ? await leading(deleted, "a") : [];
    const [b] = foreign ? await leading(foreign, "b") : [];
    world.table.delete("x", `session#${deleted?.id}`);
    const row = world.table.peek("y", `session#${foreign?.id}`);
    if (row !== undefined) world.table.restore({ ...row, token: row.token + 1, writeId: "w", holder: "eve" });
    await world.clock.advance(5_100);
    expect(a?.end).toEqual({ reason: "revoked" });
    expect(b?.end, "who took the session leads no shard by that").toEqual({ reason: "revoked" });
  });
});

describe("a shard's row", () => {
  it("that is deleted is missed within a minute, and one that was edited as well", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    const [a, b, c] = await leading(group, "a", "b", "c");
    world.table.delete("jobs", "lease#a");
    const row = world.table.peek("jobs", "lease#b");
    if (row !== undefined) world.table.restore({ ...row, holder: "eve", revision: 9, writeId: "by hand" });
    await world.clock.advance(59_000);
    expect([a?.isHeld(), b?.isHeld()]).toEqual([true, true]);
    await world.clock.advance(1_100);
    expect(a?.end).toEqual({ reason: "revoked" });
    expect(b?.end).toEqual({ reason: "revoked" });
    expect(c?.isHeld()).toBe(true);
  });

  it("is looked at within a minute where the bell was lost", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    const [a] = await leading(group, "a", "b");
    world.store.onWrite = async ({ kind }, pass) => (kind === "ring" ? UNANSWERED : pass());
    const operator = world.client().group("jobs");
    expect(await operator.forceRelease("a")).toMatchObject({ kind: "released", holder: group.id });
    const [successor] = await leading(operator, "a");
    await world.clock.advance(40_000);
    expect(a?.isHeld(), "both believe that they lead, as the docs say").toBe(true);
    await world.clock.advance(20_500);
    expect(a?.end).toEqual({ reason: "superseded", by: operator.id, token: successor?.token });
  });

  it("that is revoked is learnt with the next renewal; a session that holds nothing more closes", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    const [a] = await leading(group, "a");
    await world.client().group("jobs").forceRelease("a");
    await world.clock.advance(5_100);
    expect(a?.end).toEqual({ reason: "revoked" });
    expect(world.table.peek("jobs", `session#${group.id}`)).not.toHaveProperty("holder");
    expect(world.clock.pendingTimers).toBe(0);
  });

  it("that was edited by hand keeps nobody from hearing of the others", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    const [a, b] = await leading(group, "a", "b");
    let reads = 0;
    world.store.onRead = async () => {
      reads += 1;
      if (reads === 1) throw new LeaseError("RECORD_INVALID", "its token is a string");
    };
    world.table.delete("jobs", "lease#b");
    await world.clock.advance(61_000);
    expect([a?.isHeld(), b?.end]).toEqual([true, { reason: "revoked" }]);
  });

  it("of a permit that was edited by hand costs that permit alone", async () => {
    const world = manual();
    const semaphore = world.client({ random: loaded(0) }).semaphore("few", { permits: 2 });
    world.store.onWrite = async ({ row }, pass) => {
      if (row === "lease#permit-00001") throw new LeaseError("RECORD_INVALID", "its token is a string");
      return pass();
    };
    expect(led(await semaphore.tryAcquire()).shard).toBe("permit-00002");
    await leaseErrorOf(semaphore.tryAcquire(), "RECORD_INVALID");
  });

  it("is read once more when the bell rings while the others are being read", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    const [a, b] = await leading(group, "a", "b", "c");
    const operator = world.client().group("jobs");
    await operator.forceRelease("b");
    let reads = 0;
    let rings = false;
    world.store.onRead = async () => {
      if (rings) return;
      reads += 1;
      if (reads !== 2) return;
      // The first has been read. As if the session's next renewal told of the second bell meanwhile.
      rings = true;
      await operator.forceRelease("a");
      await b?.renew();
      rings = false;
    };
    await world.clock.advance(5_100);
    expect([a?.end, b?.end]).toEqual([{ reason: "revoked" }, { reason: "revoked" }]);
  });
});

describe.each(["TABLE_NOT_FOUND", "ACCESS_DENIED"] as const)("%s", (code) => {
  it("is told at once, whether of the session or of the shard, and leaves nothing behind", async () => {
    for (const failing of ["session#", "lease#"]) {
      const world = manual();
      const group = world.client().group("jobs");
      world.store.onWrite = async ({ row = "" }, pass) => {
        if (row.startsWith(failing)) throw new LeaseError(code, "refused");
        return pass();
      };
      await leaseErrorOf(group.tryAcquire("a"), code);
      expect(world.clock.pendingTimers).toBe(0);
      expect(world.table.peek("jobs", `session#${group.id}`) ?? {}).not.toHaveProperty("holder");
      world.store.onWrite = undefined;
      expect((await group.tryAcquire("a")).kind).toBe("acquired");
    }
  });

  it("ends a worker whose first request it is, and is trouble that may pass later on", async () => {
    const world = manual();
    const client = world.client();
    const worker = client.group("jobs").worker({ shards: ["a"] });
    world.store.onWrite = async () => Promise.reject(new LeaseError(code, "refused"));
    await leaseErrorOf(
      worker.run(async () => undefined),
      code,
    );
    expect(worker.status.state).toBe("idle");
    expect(world.clock.pendingTimers).toBe(0);
    expect(kindsOf(world)).toEqual(["claim"]);
  });
});

describe("a shard that was vacated by force", () => {
  it("and is claimed again by its own process ends there: one handle leads, and the other says so", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    const [first] = await leading(group, "a", "b");
    await world.client().group("jobs").forceRelease("a");
    const second = led(await group.tryAcquire("a"));
    expect(second.isHeld()).toBe(true);
    expect(first?.isHeld()).toBe(false);
    expect(first?.end).toEqual({ reason: "superseded", by: group.id, token: second.token });
  });
});
