import { expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { RECOVERY_MS, type Member, type World } from "../support/worlds.ts";
import type { MakeWorld } from "./contract.ts";

/** Tries without ever waiting, every `everyMs`, until it leads; tells how long that took. */
async function tryUntilLed(
  here: World,
  name: string,
  next: () => Member,
): Promise<{ readonly lease: Lease; readonly tookMs: number }> {
  const { clock } = here.member();
  const begun = clock.now().mono;
  for (;;) {
    const result = await next().client.tryAcquire(name, { renew: "manual" });
    const tookMs = clock.now().mono - begun;
    if (result.kind === "acquired") return { lease: result.lease, tookMs };
    if (tookMs > 2 * RECOVERY_MS) throw new Error(`nobody leads after ${tookMs} ms`);
    await here.pass(150);
  }
}

/** Following a holder that died. */
export function takeOverClaims(world: MakeWorld): void {
  it("#2 follows a dead holder after the holder's duration, not the challenger's", async () => {
    await using here = world();
    const name = here.name("durations");
    const dead = await here.member().client.acquire(name, { renew: "manual" });
    const { client, clock } = here.member({ durationMs: 60_000, renewIntervalMs: 20_000 });
    const begun = clock.now().mono;
    const lease = await here.within(RECOVERY_MS, client.acquire(name));
    expect(clock.now().mono - begun).toBeGreaterThan(1_900);
    expect(dead.isHeld()).toBe(false);
    expect(lease.token).toBeGreaterThan(dead.token);
  });

  it("#2 leaves a holder with a long duration alone, however short the challenger's is", async () => {
    await using here = world();
    const name = here.name("long");
    const holder = here.member({ durationMs: 60_000, renewIntervalMs: 20_000 });
    const lease = await holder.client.acquire(name, { renew: "manual" });
    const challenger = here.member();
    await challenger.client.tryAcquire(name);
    await here.pass(4_500);
    expect(await challenger.client.tryAcquire(name)).toMatchObject({ kind: "refused", reason: "held" });
    expect(lease.isHeld()).toBe(true);
  });

  it("#8 wins a dead lease by repeated tries that never wait, by observation alone", async () => {
    await using here = world();
    const name = here.name("tries");
    const dead = await here.member().client.acquire(name, { renew: "manual" });
    const challenger = here.member();
    challenger.store.dateHeader = false;
    const { lease, tookMs } = await tryUntilLed(here, name, () => challenger);
    expect(tookMs, "a full duration by its own clock").toBeGreaterThan(2_000);
    expect(tookMs).toBeLessThan(3_200);
    expect(dead.isHeld()).toBe(false);
    expect(lease.token).toBeGreaterThan(dead.token);
  });

  it("#9 wins a dead lease with a brand-new process on every try, by the service's clock", async () => {
    await using here = world();
    const name = here.name("amnesia");
    const dead = await here.member().client.acquire(name, { renew: "manual" });
    const { lease, tookMs } = await tryUntilLed(here, name, () => here.member());
    expect(tookMs, "the duration and the grace").toBeGreaterThan(2_900);
    expect(tookMs).toBeLessThan(RECOVERY_MS);
    expect(dead.isHeld()).toBe(false);
    expect(lease.token).toBeGreaterThan(dead.token);
  });

  it("#9 never wins a live one that way", async () => {
    await using here = world();
    const name = here.name("alive");
    const lease = await here.member().client.acquire(name);
    for (let tries = 0; tries < 9; tries += 1) {
      await here.pass(500);
      expect(await here.member().client.tryAcquire(name)).toMatchObject({ kind: "refused", reason: "held" });
    }
    expect(lease.isHeld()).toBe(true);
  });

  it("#10 watches anew after every revision", async () => {
    await using here = world();
    const name = here.name("revision");
    const lease = await here.member().client.acquire(name, { renew: "manual" });
    const challenger = here.member();
    challenger.store.dateHeader = false;
    const refused = { kind: "refused", reason: "held" };
    expect(await challenger.client.tryAcquire(name)).toMatchObject(refused);
    await here.pass(1_200);
    await lease.renew();
    await here.pass(300);
    expect(await challenger.client.tryAcquire(name)).toMatchObject(refused);
    await here.pass(800);
    // 2.3 s after the first sighting, 0.8 s after the first sighting of the renewed record.
    expect(await challenger.client.tryAcquire(name)).toMatchObject(refused);
    await here.pass(1_500);
    expect(await challenger.client.tryAcquire(name)).toMatchObject({ kind: "acquired" });
    expect(lease.isHeld()).toBe(false);
  });

  it("#11 counts a first sighting as fresh, however old the record is", async () => {
    await using here = world();
    const name = here.name("fresh");
    await here.member().client.acquire(name, { renew: "manual" });
    await here.pass(4_500);
    const challenger = here.member();
    challenger.store.dateHeader = false;
    const first = await challenger.client.tryAcquire(name);
    if (first.kind !== "refused") throw new Error("it had no evidence");
    expect(first.retryAfterMs).toBeLessThanOrEqual(2_030);
    await here.pass(1_000);
    expect((await challenger.client.tryAcquire(name)).kind).toBe("refused");
    await here.pass(1_100);
    expect((await challenger.client.tryAcquire(name)).kind).toBe("acquired");
  });

  it("#12 lets exactly one of several challengers win at the moment of expiry", async () => {
    await using here = world();
    const name = here.name("several");
    const dead = await here.member().client.acquire(name, { renew: "manual" });
    const challengers = Array.from({ length: 8 }, () => here.member());
    await here.pass(4_250);
    const attempts = challengers.map(({ client }) => client.tryAcquire(name, { renew: "manual" }));
    const results = await Promise.all(attempts);
    const won = results.flatMap((result) => (result.kind === "acquired" ? [result.lease] : []));
    expect(won).toHaveLength(1);
    expect(won[0]?.token).toBeGreaterThan(dead.token);
    for (const result of results) {
      if (result.kind === "refused")
        expect(result).toMatchObject({ reason: "held", state: { holder: won[0]?.holder } });
    }
    expect((await here.row(name))?.["holder"]).toBe(won[0]?.holder);
  });

  it("#12 lets exactly one of several win each time a lease falls vacant, with a token of its own", async () => {
    await using here = world();
    const name = here.name("rounds");
    const challengers = Array.from({ length: 6 }, () => here.member());
    const tokens: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      const results = await Promise.all(challengers.map(({ client }) => client.tryAcquire(name)));
      const won = results.flatMap((result) => (result.kind === "acquired" ? [result.lease] : []));
      expect(won).toHaveLength(1);
      tokens.push(won[0]?.token ?? 0);
      await won[0]?.release();
    }
    expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b));
  });

  it("reports a dead holder's lease as expired, to who reads it first and to who lists", async () => {
    await using here = world();
    const name = here.name("expired");
    await here.member().client.acquire(name, { renew: "manual" });
    expect((await here.member().client.get(name)).kind).toBe("held");
    await here.pass(4_200);
    const { client } = here.member();
    expect((await client.get(name)).kind).toBe("expired");
    const listed: unknown[] = [];
    for await (const state of client.list()) if (state.name === name) listed.push(state.kind);
    expect(listed).toEqual(["expired"]);
  });

  it("follows a holder whose clock runs ten minutes ahead or behind no later than any other", async () => {
    await using here = world();
    await Promise.all(
      [600_000, -600_000].map(async (skewMs) => {
        const name = here.name("skewed");
        const dead = here.member();
        dead.clock.stepWall(skewMs);
        const lost = await dead.client.acquire(name, { renew: "manual" });
        const { client } = here.member();
        expect((await client.tryAcquire(name)).kind, "it is not taken for expired").toBe("refused");
        await here.pass(4_300);
        expect((await here.member().client.tryAcquire(name)).kind).toBe("acquired");
        expect(lost.isHeld()).toBe(false);
      }),
    );
  });

  it("keeps tokens rising after the row was deleted under a holder", async () => {
    await using here = world();
    const name = here.name("deleted");
    const lease = await here.member().client.acquire(name, { renew: "manual" });
    await here.remove(name);
    await here.pass(50);
    const next = await here.member().client.acquire(name);
    expect(next.token).toBeGreaterThan(lease.token);
    expect(await lease.release()).toMatchObject({ kind: "superseded", by: next.holder, token: next.token });
    expect((await here.row(name))?.["holder"]).toBe(next.holder);
  });
}
