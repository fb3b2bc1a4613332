import { expect, it } from "vitest";
import { onLeaseEvent } from "../../lib/diagnostics/channels.ts";
import type { Lease } from "../../lib/client/lease.ts";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";
import { hear } from "../support/lease-events.ts";
import { UNANSWERED } from "../support/probe-store.ts";
import type { World } from "../support/worlds.ts";
import type { MakeWorld } from "./contract.ts";

/** Somebody else's term, put in place without asking the protocol. */
async function steal(here: World, lease: Lease): Promise<Record<string, unknown>> {
  const row = await here.row(lease.name);
  const stolen = {
    ...row,
    name: lease.name,
    holder: "thief/1",
    token: lease.token + 5,
    revision: Number(row?.["revision"]) + 1,
    writeId: "w-thief",
  };
  await here.put(stolen);
  return stolen;
}

/** Keeping a lease, and being told that it is gone. */
export function holdClaims(world: MakeWorld): void {
  it("#15 tells a holder whose lease was taken by whom, with which token", async () => {
    await using here = world();
    const name = here.name("taken");
    using heard = hear(name);
    const lease = await here.member().client.acquire(name, { renew: "manual" });
    const stolen = await steal(here, lease);
    const error = await leaseErrorOf(lease.renew(), "LEASE_LOST");
    expect(error.lease).toBe(name);
    expect(error.message).toContain("thief/1");
    const end = { reason: "superseded", by: "thief/1", token: stolen["token"] };
    expect(lease.end).toEqual(end);
    expect(lease.isHeld()).toBe(false);
    expect(lease.signal.aborted).toBe(true);
    expect(leaseErrorIn(() => lease.signal.throwIfAborted(), "LEASE_LOST").message).toContain("thief/1");
    expect(heard.of("lost")).toEqual([
      { event: "lost", lease: name, holder: lease.holder, token: lease.token, end },
    ]);
  });

  it("#15 tells it without being asked, at the next renewal", async () => {
    await using here = world();
    const lease = await here.member().client.acquire(here.name("told"));
    await steal(here, lease);
    await here.pass(1_500);
    expect(lease.end).toMatchObject({ reason: "superseded", by: "thief/1" });
  });

  it("#16 does not renew a term that has run out, and sends nothing", async () => {
    await using here = world();
    const name = here.name("late");
    const { client, http } = here.member();
    const lease = await client.acquire(name, { renew: "manual" });
    const before = await here.row(name);
    await here.pass(2_050);
    const sent = http();
    await leaseErrorOf(lease.renew(), "LEASE_LOST");
    await leaseErrorOf(lease.proclaim(1), "LEASE_LOST");
    expect(http()).toBe(sent);
    expect(lease.end).toEqual({ reason: "expired", storeReachable: true, atLimit: false });
    expect(await here.row(name), "the row is left as it was").toEqual(before);
  });

  it("#17 does not call a lease held that has run out, before any timer of its own has noticed", async () => {
    await using here = world();
    const { client, clock } = here.member();
    const lease = await client.acquire(here.name("stalled"));
    lease.assertHeld();
    clock.stall(2_000);
    expect(lease.isHeld()).toBe(false);
    expect(lease.remainingMs()).toBe(0);
    leaseErrorIn(() => lease.assertHeld(), "LEASE_LOST");
    expect(lease.signal.aborted).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it("#18 recovers a renewal that was applied but not answered, by the next one", async () => {
    await using here = world();
    const name = here.name("applied");
    using heard = hear(name);
    const { client, store } = here.member();
    const lease = await client.acquire(name, { renew: "manual" });
    store.onWrite = async (_, pass) => {
      await pass();
      return UNANSWERED;
    };
    await leaseErrorOf(lease.renew(), "STORE_UNAVAILABLE");
    expect(lease.isHeld(), "it goes on for what was left").toBe(true);
    expect((await here.row(name))?.["revision"]).toBe(2);
    store.onWrite = undefined;
    const sent = store.requests;
    await lease.renew();
    expect(store.requests - sent).toBe(2);
    expect((await here.row(name))?.["revision"]).toBe(3);
    expect(lease.isHeld()).toBe(true);
    await lease.renew();
    expect(store.requests - sent).toBe(3);
    expect(heard.of("lost")).toEqual([]);
  });

  it("#18 keeps the validity it had when it cannot tell whether it renewed", async () => {
    await using here = world();
    const { client, store } = here.member();
    const lease = await client.acquire(here.name("unknown"), { renew: "manual" });
    store.onWrite = async () => UNANSWERED;
    await here.pass(900);
    const left = lease.remainingMs();
    await leaseErrorOf(lease.renew(), "STORE_UNAVAILABLE");
    expect(lease.remainingMs()).toBeLessThanOrEqual(left);
    await here.pass(1_150);
    const { cause } = UNANSWERED as { readonly cause?: unknown };
    expect(lease.end).toEqual({ reason: "expired", storeReachable: false, atLimit: false, cause });
  });

  it("#19 reports no renewal that succeeded as an error, however many are asked for at once", async () => {
    await using here = world();
    const name = here.name("many");
    using heard = hear(name);
    const lease = await here.member().client.acquire(name);
    for (let round = 0; round < 3; round += 1) {
      await Promise.all([lease.renew(), lease.proclaim(round), lease.renew(), here.pass(700)]);
    }
    expect(lease.isHeld()).toBe(true);
    expect(heard.of("renewalFailed")).toEqual([]);
    expect(heard.of("lost")).toEqual([]);
    expect(heard.of("renewed").length).toBeGreaterThanOrEqual(9);
    expect((await here.row(name))?.["value"]).toBe(2);
  });

  it("#20 does not disturb the successor with a renewal that fails, a release or the end of its timers", async () => {
    await using here = world();
    const lease = await here.member().client.acquire(here.name("successor"));
    const stolen = await steal(here, lease);
    await leaseErrorOf(lease.renew(), "LEASE_LOST");
    await leaseErrorOf(lease.proclaim("mine"), "LEASE_LOST");
    expect(await lease.release()).toEqual({ kind: "superseded", by: "thief/1", token: stolen["token"] });
    await here.pass(2_500);
    expect(await here.row(lease.name)).toEqual(stolen);
  });

  it("#21 goes on undisturbed when a listener throws", async () => {
    await using here = world();
    const name = here.name("listener");
    let thrown = 0;
    const stop = onLeaseEvent((_, event) => {
      if (event.lease !== name) return;
      thrown += 1;
      throw new Error("listener");
    });
    try {
      const lease = await here.member().client.acquire(name, { renew: "manual" });
      await lease.renew();
      expect(lease.isHeld()).toBe(true);
      expect(await lease.release()).toEqual({ kind: "released" });
      expect(thrown).toBe(3);
    } finally {
      stop();
    }
  });

  it("#22 tells a holder at its next renewal that an operator vacated its row", async () => {
    await using here = world();
    const lease = await here.member().client.acquire(here.name("operator"));
    const { holder: _, ...row } = (await here.row(lease.name)) ?? {};
    await here.put({
      ...row,
      name: lease.name,
      revision: Number(row["revision"]) + 1,
      writeId: "w-operator",
    });
    await here.pass(1_500);
    expect(lease.end).toEqual({ reason: "revoked" });
    expect(lease.signal.aborted).toBe(true);
  });

  it("#22 tells it, too, when the operator only removed the holder by hand", async () => {
    await using here = world();
    const lease = await here.member().client.acquire(here.name("by-hand"));
    const { holder: _, ...row } = (await here.row(lease.name)) ?? {};
    await here.put({ ...row, name: lease.name });
    await here.pass(1_500);
    expect(lease.end).toEqual({ reason: "revoked" });
  });

  it("#22 tells a holder whose row was deleted", async () => {
    await using here = world();
    const lease = await here.member().client.acquire(here.name("deleted"), { renew: "manual" });
    await here.remove(lease.name);
    await leaseErrorOf(lease.renew(), "LEASE_LOST");
    expect(lease.end).toEqual({ reason: "revoked" });
    expect(await here.row(lease.name), "a renewal makes no row").toBeUndefined();
    expect(await lease.release()).toEqual({ kind: "gone" });
  });
}
