import { expect, it } from "vitest";
import type { TryAcquireOptions } from "../../lib/client/results.ts";
import type { MakeWorld } from "./contract.ts";

const occurrence = (tick: number): string => `2026-01-01T00:00:0${tick}.000Z`;

const region = (affinity: string, tick: number): TryAcquireOptions => ({
  durationMs: 1_000,
  affinity,
  affinityMs: 2_000,
  tick: occurrence(tick),
  renew: "manual",
});

/** A lease that releases keep for a label which several candidates share. */
export function affinityClaims(world: MakeWorld): void {
  it("#4 is led by its label at two requests an occurrence, a token each; others follow at one", async () => {
    await using here = world();
    const name = here.name("region");
    const tokens: number[] = [];
    for (const tick of [1, 2, 3]) {
      const eu = here.member();
      const result = await eu.client.tryAcquire(name, region("eu", tick));
      if (result.kind !== "acquired") throw new Error(result.reason);
      tokens.push(result.lease.token);
      expect(await result.lease.release()).toEqual({ kind: "released" });
      expect(eu.http()).toBe(2);
      expect(await here.row(name)).toMatchObject({
        reservedFor: "@eu",
        durationMs: 2_000,
        tick: occurrence(tick),
      });
      const us = here.member();
      const refused = { kind: "refused", reason: "reserved" };
      expect(await us.client.tryAcquire(name, region("us", tick + 1))).toMatchObject(refused);
      expect(us.http()).toBe(1);
      await here.pass(20);
    }
    expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b));
  });

  it("goes to others once its label has stayed away for its time, and not before", async () => {
    await using here = world();
    const name = here.name("away");
    const first = await here.member().client.tryAcquire(name, region("eu", 1));
    if (first.kind !== "acquired") throw new Error(first.reason);
    await first.lease.release();
    await here.pass(1_000);
    expect((await here.member().client.tryAcquire(name, region("us", 2))).kind).toBe("refused");
    // The rest of it, what the stamp may be late by, the grace, a second for the header and the front ends.
    await here.pass(1_000 + 1_100 + 1_100 + 1_000 + 50);
    const us = here.member();
    expect((await us.client.tryAcquire(name, region("us", 2))).kind).toBe("acquired");
    expect(us.http()).toBe(2);
  });

  it("excludes overlapping candidates of one label", async () => {
    await using here = world();
    const name = here.name("overlap");
    const first = await here.member().client.tryAcquire(name, region("eu", 1));
    if (first.kind !== "acquired") throw new Error(first.reason);
    const second = here.member();
    const refused = { kind: "refused", reason: "held" };
    expect(await second.client.tryAcquire(name, region("eu", 2))).toMatchObject(refused);
    expect(second.http()).toBe(1);
    await first.lease.renew();
    expect(first.lease.isHeld()).toBe(true);
  });
}
