import { expect, it } from "vitest";
import { noted } from "../support/candidates.ts";
import type { MakeWorld } from "./contract.ts";

/** Keeping a lease closed for a while. */
export function holdingClaims(world: MakeWorld): void {
  it("lets nobody lead before the minimum hold is over, its last leader included, and anybody after", async () => {
    await using here = world();
    const name = here.name("hold");
    const { client } = here.member();
    const { candidate } = noted(client, name, { holdAtLeastMs: 900, register: false });
    await candidate.campaign();
    expect(await candidate.resign()).toEqual({ kind: "released" });
    expect(await here.row(name)).toMatchObject({ reservedFor: "" });
    const other = here.member();
    expect(await other.client.tryAcquire(name)).toMatchObject({ kind: "refused", reason: "reserved" });
    expect(other.http()).toBe(1);
    const begun = other.clock.now().mono;
    const next = await here.within(900 + 1_100 + 1_000 + 200 + 700, candidate.campaign());
    expect(other.clock.now().mono - begun).toBeGreaterThan(500);
    expect(next.isHeld()).toBe(true);
  });

  it("closes the lease of a leader that died for the lock-delay, and that of one that released not at all", async () => {
    await using here = world();
    const name = here.name("lock-delay");
    const { client } = here.member();
    const first = await client.acquire(name, { lockDelayMs: 1_500, renew: "manual" });
    await first.release();
    await here.pass(20);
    const dead = await client.acquire(name, { lockDelayMs: 1_500, renew: "manual" });
    await here.pass(2_000 + 1_100 + 1_100);
    const late = here.member().client;
    expect((await late.tryAcquire(name)).kind, "without the delay it would be over").toBe("refused");
    await here.pass(1_500);
    const next = await late.tryAcquire(name);
    if (next.kind !== "acquired") throw new Error(next.reason);
    expect(next.lease.token).toBeGreaterThan(dead.token);
    expect(await here.row(name)).not.toHaveProperty("lockDelayMs");
  });
}
