import { expect, it } from "vitest";
import { hear } from "../support/lease-events.ts";
import type { Member } from "../support/worlds.ts";
import type { MakeWorld } from "./contract.ts";

/** What a step cost, counted twice: calls of the store, and what was really sent. */
async function cost(member: Member, step: () => Promise<unknown>): Promise<number> {
  const [calls, sent] = [member.store.requests, member.http()];
  await step();
  expect(member.http() - sent, "every call of the store is one request on the wire").toBe(
    member.store.requests - calls,
  );
  return member.http() - sent;
}

/** The price of each step in requests is part of the contract. */
export function requestClaims(world: MakeWorld): void {
  it("#4 takes 1 request to acquire, renew, proclaim, read and release, and 0 for what cannot succeed", async () => {
    await using here = world();
    const name = here.name("cost");
    const member = here.member();
    const { client } = member;
    const first = await client.tryAcquire(here.name("warm-up"), { renew: "manual" });
    expect(first.kind).toBe("acquired");
    let lease = await client.acquire(name, { renew: "manual" });
    await lease.release();
    await here.pass(20);
    expect(
      await cost(member, async () => {
        lease = await client.acquire(name, { renew: "manual" });
      }),
    ).toBe(1);
    expect(await cost(member, () => lease.renew())).toBe(1);
    expect(await cost(member, () => lease.proclaim("here"))).toBe(1);
    expect(await cost(member, () => client.get(name))).toBe(1);
    expect(await cost(member, async () => lease.assertHeld())).toBe(0);
    expect(await cost(member, () => lease.release())).toBe(1);
    expect(await cost(member, () => lease.release())).toBe(0);
    expect(await cost(member, () => lease.renew().catch(() => {}))).toBe(0);
  });

  it("#4 takes 1 request for the very first claim of a process and of a lease", async () => {
    await using here = world();
    const name = here.name("very-first");
    const member = here.member();
    expect(await cost(member, () => member.client.tryAcquire(name, { renew: "manual" }))).toBe(1);
  });

  it("#4 takes 1 request to be refused, by a holder and by a done tick, on every try", async () => {
    await using here = world();
    const name = here.name("refusal");
    await here.member().client.acquire(name);
    const member = here.member();
    for (let tries = 0; tries < 3; tries += 1) {
      expect(await cost(member, () => member.client.tryAcquire(name))).toBe(1);
    }
    const done = here.name("done");
    const run = () => member.client.run(done, async () => 1, { tick: "2026-01-01T00:00:00Z" });
    expect(await cost(member, run), "run is a claim and a release").toBe(2);
    await here.pass(20);
    expect(await cost(member, run)).toBe(1);
  });

  it("#4 takes 2 requests to take over after a crash, by a process that never saw the lease", async () => {
    await using here = world();
    const name = here.name("takeover");
    using heard = hear(name);
    const dead = await here.member().client.acquire(name, { renew: "manual" });
    await here.pass(4_200);
    const member = here.member();
    let token = 0;
    const step = async (): Promise<void> => {
      const result = await member.client.tryAcquire(name, { renew: "manual" });
      token = result.kind === "acquired" ? result.lease.token : 0;
    };
    expect(await cost(member, step)).toBe(2);
    expect(token).toBeGreaterThan(dead.token);
    expect(heard.of("acquired").at(-1)).toMatchObject({ requests: 2, because: "service-clock" });
  });

  it("#4 looks with 1 read per retry while it waits, and writes only what can succeed", async () => {
    await using here = world();
    const name = here.name("waiting");
    const lease = await here.member().client.acquire(name);
    const member = here.member({ retryIntervalMs: 200 });
    const waiting = member.client.acquire(name);
    await here.pass(1_100);
    expect(member.store.sent.length, "one refused claim, then reads alone").toBe(1);
    expect(member.store.reads).toBeGreaterThanOrEqual(1);
    expect(member.store.reads).toBeLessThanOrEqual(6);
    await lease.release();
    await here.within(2_000, waiting);
    expect(member.store.sent.length).toBe(2);
    expect(member.http()).toBe(member.store.requests);
  });

  it("#4 renews once per interval while it is held", async () => {
    await using here = world();
    const name = here.name("renewing");
    const member = here.member();
    const lease = await member.client.acquire(name);
    const sent = member.http();
    await here.pass(2_600);
    const renewals = member.http() - sent;
    expect(renewals).toBeGreaterThanOrEqual(3);
    expect(renewals).toBeLessThanOrEqual(5);
    expect(lease.isHeld()).toBe(true);
  });

  it("takes exactly 1 more request at the first claim of a process whose clock is wrong, then none", async () => {
    await using here = world();
    for (const skewMs of [-600_000, 600_000]) {
      const name = here.name("skewed");
      using heard = hear(name);
      // By the default allowances. With less, a first sample may leave too much open to stamp a row by.
      const member = here.member({ serviceClockErrorMs: 250, graceMs: 1_500 });
      member.clock.stepWall(skewMs);
      expect(await cost(member, () => member.client.tryAcquire(name, { renew: "manual" }))).toBe(2);
      expect(member.store.sent.map(({ kind }) => kind)).toEqual(["claim", "correct"]);

      const row = await here.row(name);
      const truth = member.clock.now().wall - skewMs;
      expect(Math.abs(Number(row?.["expiresAt"]) - 2_000 - truth)).toBeLessThan(1_500);
      expect(Math.abs(Number(row?.["token"]) - truth), "the token is made of the right time").toBeLessThan(
        1_500,
      );
      const [skewed] = heard.of("clockSkewed");
      expect(Math.abs(Number(skewed?.["skewMs"]) - skewMs)).toBeLessThan(2_000);
      expect(skewed?.["token"]).toBe(row?.["token"]);

      const other = here.name("skewed");
      expect(await cost(member, () => member.client.tryAcquire(other, { renew: "manual" }))).toBe(1);
    }
  });

  it("removes expiresAt in 1 more request where answers carry no time", async () => {
    await using here = world();
    const name = here.name("untimed");
    const member = here.member();
    member.store.dateHeader = false;
    expect(await cost(member, () => member.client.tryAcquire(name, { renew: "manual" }))).toBe(2);
    const row = await here.row(name);
    expect(row?.["holder"]).toBeDefined();
    expect(row).not.toHaveProperty("expiresAt");
    const other = here.name("untimed");
    expect(await cost(member, () => member.client.tryAcquire(other, { renew: "manual" }))).toBe(1);
    expect(await here.row(other)).not.toHaveProperty("expiresAt");
  });
}
