import { describe, expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { LeaseError } from "../../lib/core/errors.ts";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";
import { type Manual, manual } from "../support/manual.ts";
import { noted } from "../support/candidates.ts";

function expectNothingLeft({ clock, table }: Manual): void {
  expect(table.peek("a")?.holder).toBeUndefined();
  expect(clock.pendingTimers).toBe(0);
}

describe("a candidate", () => {
  it("sends nothing and sets no timer before it campaigns, and is checked at once", async () => {
    const { client, store, clock } = manual();
    const leases = client();
    const candidate = leases.candidate("a");
    expect(candidate.name).toBe("a");
    expect(candidate.id).toMatch(/^ann\/.{24,}/);
    expect(candidate.lease).toBeUndefined();
    for (const wrong of [{ priority: 0.5 }, { id: "" }, { drainMs: -1 }, { durationMs: 1 }]) {
      const make = () => leases.candidate("a", wrong);
      expect(leaseErrorIn(make, "INVALID_ARGUMENT").message).toContain(Object.keys(wrong)[0]);
    }
    leaseErrorIn(() => leases.candidate(""), "INVALID_ARGUMENT");
    await leases.close();
    leaseErrorIn(() => leases.candidate("a"), "CLIENT_CLOSED");
    expect(store.requests).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it("leads under one id, again and again, with a lease and a token of its own each time", async () => {
    const world = manual();
    const { candidate, told } = noted(world.client(), "a");
    const first = await candidate.campaign();
    expect(first.holder).toBe(candidate.id);
    expect(candidate.lease?.token).toBe(first.token);
    expect(await candidate.campaign(), "at once while it leads").toBe(first);
    expect(await candidate.resign()).toEqual({ kind: "released" });
    expect(candidate.lease).toBeUndefined();
    await world.clock.advance(5);
    const second = await candidate.campaign();
    expect(second.holder).toBe(first.holder);
    expect(second.token).toBeGreaterThan(first.token);
    expect(first.isHeld()).toBe(false);
    await candidate.resign();
    const round = (lease: Lease) => [`elected ${lease.token}`, `leader ${candidate.id}`, "lost released"];
    expect(told).toEqual([...round(first), ...round(second)]);
    expectNothingLeft(world);
  });

  it("does one thing at a time, and says so", async () => {
    const { client, clock } = manual();
    await client().acquire("a");
    const candidate = client().candidate("a");
    const campaigning = leaseErrorOf(candidate.campaign(), "ABORTED");
    for (const call of [() => candidate.campaign(), () => candidate.run(async () => 1)]) {
      expect((await leaseErrorOf(call(), "INVALID_ARGUMENT")).message).toContain("one at a time");
    }
    await candidate.resign();
    await campaigning;
    const leading = client().candidate("b");
    await leading.campaign();
    await leaseErrorOf(
      leading.run(async () => 1),
      "INVALID_ARGUMENT",
    );
    await clock.advance(1);
    await leaseErrorOf(leading.run(undefined as never), "INVALID_ARGUMENT");
    await leading.resign();
  });

  it("that does not lead has nothing to proclaim, transfer or step down from", async () => {
    const { client, store } = manual();
    const candidate = client().candidate("a");
    for (const call of [
      () => candidate.proclaim(1),
      () => candidate.stepDown(),
      () => candidate.transferTo("x"),
    ]) {
      expect((await leaseErrorOf(call(), "LEASE_LOST")).lease).toBe("a");
    }
    expect(await candidate.resign()).toBeUndefined();
    expect(store.requests).toBe(0);
  });

  it("tells no leader by its lease once the term is over, before any timer noticed", async () => {
    const { client, clock } = manual();
    const { candidate, ends } = noted(client(), "a");
    await candidate.campaign();
    clock.freeze(60_000);
    expect(candidate.lease).toBeUndefined();
    expect(ends).toMatchObject([{ reason: "expired" }]);
    await leaseErrorOf(candidate.proclaim(1), "LEASE_LOST");
  });

  it("campaigns for as long as it is given, and no longer", async () => {
    const { client, clock } = manual();
    await client().acquire("a", { renew: "manual", durationMs: 60_000 });
    const timers = clock.pendingTimers;
    const candidate = client().candidate("a");
    const waiting = leaseErrorOf(candidate.campaign({ timeoutMs: 7_000 }), "ACQUIRE_TIMEOUT");
    await clock.advance(7_000);
    expect((await waiting).message).toContain("7000 ms");
    expect(clock.pendingTimers, "its registration has ended, too").toBe(timers);
    await leaseErrorOf(candidate.campaign({ timeoutMs: -1 }), "INVALID_ARGUMENT");
    const again = leaseErrorOf(candidate.campaign({ timeoutMs: 0 }), "ACQUIRE_TIMEOUT");
    await again;
  });

  it.each(["TABLE_NOT_FOUND", "ACCESS_DENIED"] as const)(
    "gives up on %s, in a campaign as in a run, and leaves no timer",
    async (code) => {
      const { client, store, clock } = manual();
      store.onWrite = async () => Promise.reject(new LeaseError(code, "no"));
      const candidate = client().candidate("a");
      await leaseErrorOf(candidate.campaign(), code);
      await leaseErrorOf(
        candidate.run(async () => 1),
        code,
      );
      expect(clock.pendingTimers).toBe(0);
    },
  );

  it("resigns at the end of its scope", async () => {
    const world = manual();
    {
      await using candidate = world.client().candidate("a");
      await candidate.campaign();
      expect(world.table.peek("a")?.holder).toBe(candidate.id);
    }
    expectNothingLeft(world);
  });

  it("shares nothing with another candidate of its client: one leads, the other takes its turn", async () => {
    const { client, clock } = manual();
    const leases = client();
    const [ann, bob] = [noted(leases, "a"), noted(leases, "a")];
    expect(ann.candidate.id).not.toBe(bob.candidate.id);
    const first = await ann.candidate.campaign();
    const waiting = bob.candidate.campaign();
    await clock.advance(3_000);
    expect(bob.told).toEqual([`leader ${ann.candidate.id}`]);
    await ann.candidate.resign();
    await clock.advance(2_000);
    const second = await waiting;
    expect(second.token).toBeGreaterThan(first.token);
    expect(ann.told).toEqual([`elected ${first.token}`, `leader ${ann.candidate.id}`, "lost released"]);
    expect(bob.told.slice(1)).toEqual([`elected ${second.token}`, `leader ${bob.candidate.id}`]);
    await leases.close();
    expect(clock.pendingTimers).toBe(0);
  });
});
