import { expect, it } from "vitest";
import { leaseErrorOf } from "../support/failures.ts";
import { hear } from "../support/lease-events.ts";
import { Gate, UNANSWERED } from "../support/probe-store.ts";
import type { World } from "../support/worlds.ts";
import type { MakeWorld } from "./contract.ts";

/** Waits until a release has landed. */
async function vacated(here: World, name: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const row = await here.row(name);
    if (row?.["holder"] === undefined) return;
    await here.pass(10);
  }
  throw new Error("the row is still held");
}

/** Giving a lease back. */
export function releaseClaims(world: MakeWorld): void {
  it("vacates the row and keeps its token, and says so on the handle", async () => {
    await using here = world();
    const name = here.name("release");
    using heard = hear(name);
    const { client, clock } = here.member();
    const lease = await client.acquire(name);
    await lease.proclaim("here");
    expect(await lease.release()).toEqual({ kind: "released" });
    expect(lease.end).toEqual({ reason: "released" });
    expect(lease.signal.aborted).toBe(true);
    expect(lease.isHeld()).toBe(false);
    expect(clock.pendingTimers).toBe(0);
    const row = await here.row(name);
    expect(row?.["token"]).toBe(lease.token);
    for (const gone of ["holder", "expiresAt", "value"]) expect(row).not.toHaveProperty(gone);
    expect(heard.of("released")).toMatchObject([{ token: lease.token, result: { kind: "released" } }]);
    expect(heard.of("lost")).toEqual([]);
  });

  it("#23 says that another took over, and leaves the successor as it is", async () => {
    await using here = world();
    const name = here.name("successor");
    const lease = await here.member().client.acquire(name, { renew: "manual" });
    await here.pass(4_250);
    const next = await here.member().client.acquire(name, { renew: "manual" });
    const before = await here.row(name);
    expect(await lease.release()).toEqual({ kind: "superseded", by: next.holder, token: next.token });
    expect(await here.row(name)).toEqual(before);
    expect(next.isHeld()).toBe(true);
  });

  it("#24 makes a second release a no-op that says so, also while the first is under way", async () => {
    await using here = world();
    const { client, http } = here.member();
    const lease = await client.acquire(here.name("twice"));
    const sent = http();
    const [first, second] = await Promise.all([lease.release(), lease.release()]);
    expect(first).toEqual({ kind: "released" });
    expect(second).toEqual({ kind: "already-released" });
    expect(await lease.release()).toEqual({ kind: "already-released" });
    expect(http() - sent).toBe(1);
  });

  it("#25 stays released when a renewal in flight lands after it", async () => {
    await using here = world();
    const name = here.name("race-after");
    const { client, store } = here.member();
    const lease = await client.acquire(name, { renew: "manual" });
    const gate = new Gate();
    store.onWrite = async (write, pass) => {
      if (write.kind === "renew") await gate.pass();
      return pass();
    };
    const renewing = leaseErrorOf(lease.renew(), "LEASE_LOST");
    await gate.reached;
    const releasing = lease.release();
    await vacated(here, name);
    gate.open();
    expect(await here.within(2_000, releasing)).toEqual({ kind: "released" });
    await renewing;
    expect(await here.row(name)).not.toHaveProperty("holder");
    expect(lease.end).toEqual({ reason: "released" });
    expect((await here.member().client.tryAcquire(name)).kind).toBe("acquired");
  });

  it("#25 stays released when a renewal landed before it and is answered after", async () => {
    await using here = world();
    const name = here.name("race-before");
    const { client, store, clock } = here.member();
    const lease = await client.acquire(name, { renew: "manual" });
    const gate = new Gate();
    store.onWrite = async (write, pass) => {
      const outcome = await pass();
      if (write.kind === "renew") await gate.pass();
      return outcome;
    };
    const renewing = leaseErrorOf(lease.renew(), "LEASE_LOST");
    await gate.reached;
    const releasing = lease.release();
    await vacated(here, name);
    gate.open();
    expect(await here.within(2_000, releasing)).toEqual({ kind: "released" });
    await renewing;
    expect(await here.row(name)).not.toHaveProperty("holder");
    expect(lease.isHeld()).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });

  it("releases what it can after a release that was applied but not answered", async () => {
    await using here = world();
    const name = here.name("unanswered");
    const { client, store } = here.member();
    const lease = await client.acquire(name);
    let lost = 0;
    store.onWrite = async (_, pass) => {
      const outcome = await pass();
      return (lost += 1) === 1 ? UNANSWERED : outcome;
    };
    expect(await lease.release()).toEqual({ kind: "released" });
    expect(await here.row(name)).not.toHaveProperty("holder");
  });

  it("#26 releases everything on close; one that fails does not stop the others", async () => {
    await using here = world();
    const names = [here.name("close"), here.name("close"), here.name("close")];
    const { client, store, clock } = here.member();
    const leases = await Promise.all(names.map((name) => client.acquire(name)));
    store.onWrite = async (write, pass) => {
      if (write.name === names[1]) throw new Error("no way through");
      return pass();
    };
    const results = await client.close();
    expect(results.map(({ kind }) => kind).toSorted()).toEqual(["released", "released", "unknown"]);
    expect(results.find(({ kind }) => kind === "unknown")).toMatchObject({
      cause: new Error("no way through"),
    });
    expect(await here.row(names[0] ?? "")).not.toHaveProperty("holder");
    expect(await here.row(names[2] ?? "")).not.toHaveProperty("holder");
    expect(leases.map((lease) => lease.isHeld())).toEqual([false, false, false]);
    expect(clock.pendingTimers).toBe(0);
    await leaseErrorOf(client.tryAcquire(here.name("late")), "CLIENT_CLOSED");
    await leaseErrorOf(client.get(names[0] ?? ""), "CLIENT_CLOSED");
    expect(await client.close()).toEqual([]);
  });

  it("#27 lets guarded work settle before it releases, when a caller aborts in the middle of it", async () => {
    await using here = world();
    const name = here.name("abort");
    const { client, clock } = here.member();
    const ender = new AbortController();
    const gate = new Gate();
    const running = client.run(
      name,
      async (lease) => {
        await gate.pass();
        return lease.isHeld();
      },
      { signal: ender.signal },
    );
    await gate.reached;
    ender.abort(new Error("stop"));
    await here.pass(2_600);
    expect(
      (await here.row(name))?.["holder"],
      "it is held and renewed until the work has settled",
    ).toBeDefined();
    expect((await here.member().client.tryAcquire(name)).kind).toBe("refused");
    gate.open();
    const result = await here.within(2_000, running);
    expect(result).toMatchObject({ kind: "led", value: true, end: { reason: "stepped-down" } });
    expect(await here.row(name)).not.toHaveProperty("holder");
    expect(clock.pendingTimers).toBe(0);
  });

  it("#27 releases when the work throws, and throws on what it threw", async () => {
    await using here = world();
    const name = here.name("throws");
    const { client, clock } = here.member();
    const failure = new Error("the work failed");
    const running = client.run(name, async () => Promise.reject(failure), { tick: "2026-01-01T00:00:00Z" });
    await expect(running).rejects.toBe(failure);
    const row = await here.row(name);
    expect(row).not.toHaveProperty("holder");
    expect(row, "the occurrence is not done").not.toHaveProperty("tick");
    expect(clock.pendingTimers).toBe(0);
  });

  it("releases at the end of its scope", async () => {
    await using here = world();
    const name = here.name("scope");
    const { client, clock } = here.member();
    {
      await using lease = await client.acquire(name);
      expect((await here.row(name))?.["holder"]).toBe(lease.holder);
    }
    expect(await here.row(name)).not.toHaveProperty("holder");
    expect(clock.pendingTimers).toBe(0);
  });
}
