import { expect, it } from "vitest";
import type { TryAcquireOptions } from "../../lib/client/results.ts";
import { leaseErrorOf } from "../support/failures.ts";
import type { MakeWorld } from "./contract.ts";

const region = (id: string, tick: number, more: TryAcquireOptions = {}): TryAcquireOptions => ({
  durationMs: 1_000,
  sticky: { id, forMs: 3_200 },
  tick: `t-${tick}`,
  renew: "manual",
  ...more,
});

/** Leadership that stays with one id from occurrence to occurrence. */
export function stickyClaims(world: MakeWorld): void {
  it("#4 leads the next occurrence at one request, with a higher token; others follow at one", async () => {
    await using here = world();
    const name = here.name("region");
    const first = await here.member().client.tryAcquire(name, region("eu", 1));
    if (first.kind !== "acquired") throw new Error(first.reason);
    expect(await first.lease.release()).toEqual({ kind: "kept" });
    // A second of its term, the grace, a second for the header and δ.
    await here.pass(1_000 + 1_100 + 1_000 + 150);
    const us = here.member();
    expect(await us.client.tryAcquire(name, region("us", 2))).toMatchObject({
      kind: "refused",
      reason: "held",
    });
    expect(us.http()).toBe(1);
    const eu = here.member();
    const second = await eu.client.tryAcquire(name, region("eu", 2));
    if (second.kind !== "acquired") throw new Error(second.reason);
    expect(second.lease.token).toBeGreaterThan(first.lease.token);
    expect(second.lease.holder).toBe("eu");
    expect(await second.lease.release()).toEqual({ kind: "kept" });
    expect(eu.http()).toBe(1);
    expect(await here.member().client.tryAcquire(name, region("us", 2))).toMatchObject({
      reason: "tick-done",
    });
  });

  it("is taken over from once it has stayed away for its time, and not before", async () => {
    await using here = world();
    const name = here.name("away");
    expect((await here.member().client.tryAcquire(name, region("eu", 1))).kind).toBe("acquired");
    await here.pass(1_000 + 1_100 + 2_800);
    expect((await here.member().client.tryAcquire(name, region("us", 9))).kind).toBe("refused");
    await here.pass(1_500);
    const us = here.member();
    expect((await us.client.tryAcquire(name, region("us", 9))).kind).toBe("acquired");
    expect(us.http()).toBe(2);
  });

  it("excludes overlapping invocations of its own id", async () => {
    await using here = world();
    const name = here.name("overlap");
    const first = await here.member().client.tryAcquire(name, region("eu", 1));
    if (first.kind !== "acquired") throw new Error(first.reason);
    const second = here.member();
    expect(await second.client.tryAcquire(name, region("eu", 2))).toMatchObject({
      kind: "refused",
      reason: "held",
    });
    expect(second.http()).toBe(1);
    await first.lease.renew();
    expect(first.lease.isHeld()).toBe(true);
  });

  it("hands nothing out by a clock that runs ahead of a term that may last", async () => {
    await using here = world();
    const name = here.name("ahead");
    const first = await here.member().client.tryAcquire(name, region("eu", 1));
    if (first.kind !== "acquired") throw new Error(first.reason);
    const { client, clock } = here.member();
    clock.stepWall(600_000);
    expect(await client.tryAcquire(name, region("eu", 2))).toMatchObject({ kind: "refused", reason: "held" });
    await leaseErrorOf(first.lease.renew(), "LEASE_LOST");
  });

  it("releases for its id alone under until-success: 2 requests, however close the occurrences", async () => {
    await using here = world();
    const name = here.name("until");
    const options = { tickPolicy: "until-success" } as const;
    for (const tick of [1, 2]) {
      const eu = here.member();
      const result = await eu.client.tryAcquire(name, region("eu", tick, options));
      if (result.kind !== "acquired") throw new Error(result.reason);
      expect(await result.lease.release()).toEqual({ kind: "released" });
      expect(eu.http()).toBe(2);
      expect(await here.row(name)).toMatchObject({ reservedFor: "eu", tick: `t-${tick}` });
      expect(await here.member().client.tryAcquire(name, region("us", 3, options))).toMatchObject({
        reason: "reserved",
      });
      await here.pass(20);
    }
  });
}
