import { expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { led } from "../support/groups.ts";
import { UNANSWERED } from "../support/probe-store.ts";
import { RECOVERY_MS } from "../support/worlds.ts";
import type { MakeWorld } from "./contract.ts";

/** At most so many at a time. */
export function semaphoreClaims(world: MakeWorld): void {
  it("gives out its permits and no more, each with a token of its own", async () => {
    await using here = world();
    const name = here.name("permits");
    const semaphores = [3, 3].map((permits) => here.member().client.semaphore(name, { permits }));
    const tries = semaphores.flatMap((each) => [0, 1, 2].map(() => each.tryAcquire()));
    const results = await here.within(5_000, Promise.all(tries));
    const leases = results.flatMap((result) => (result.kind === "acquired" ? [result.lease] : []));
    expect(leases).toHaveLength(3);
    expect(new Set(leases.map(({ shard }) => shard))).toEqual(
      new Set(["permit-00001", "permit-00002", "permit-00003"]),
    );
    for (const refused of results)
      if (refused.kind === "refused")
        expect(refused).toMatchObject({ reason: "held", state: { kind: "held" } });
    const listed = (await semaphores[0]?.list()) ?? [];
    expect(listed.map(({ kind, token }) => [kind, token])).toEqual(
      ["permit-00001", "permit-00002", "permit-00003"].map((shard) => [
        "held",
        leases.find((lease) => lease.shard === shard)?.token,
      ]),
    );
    const [first] = leases;
    await first?.release();
    const next = led((await semaphores[1]?.tryAcquire()) ?? expect.fail("there is none"));
    expect(next.shard).toBe(first?.shard);
    expect(next.token).toBeGreaterThan(first?.token ?? Infinity);
  });

  it("never lets more in than it has permits, while many wait", async () => {
    await using here = world();
    const name = here.name("crowd");
    let inside = 0;
    let most = 0;
    const visit = async (lease: Lease): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await here.pass(40);
      inside -= 1;
      await lease.release();
    };
    const crowd = Array.from({ length: 3 }, () => here.member().client.semaphore(name, { permits: 2 }));
    const visits = crowd.flatMap((each) => [0, 1].map(async () => visit(await each.acquire())));
    // Time in memory passes only here.
    await here.within(15_000, Promise.all(visits));
    expect(most).toBe(2);
    expect(inside).toBe(0);
  });

  it("frees what is held when it is closed, and refuses work that finds none free", async () => {
    await using here = world();
    const name = here.name("close");
    const semaphore = here.member().client.semaphore(name, { permits: 2 });
    led(await semaphore.tryAcquire());
    led(await semaphore.tryAcquire());
    const other = here.member().client.semaphore(name, { permits: 2 });
    expect(await other.run(async () => 1)).toMatchObject({ kind: "followed", reason: "held" });
    expect(await semaphore.close()).toEqual({ kind: "released" });
    expect(await other.run(async (permit) => permit.shard)).toMatchObject({ kind: "led", completed: true });
  });

  it("lists its permits, those above their number while somebody has them, and no other shard", async () => {
    await using here = world();
    const name = here.name("numbers");
    const few = here.member().client.semaphore(name, { permits: 1 });
    const many = here.member().client.semaphore(name, { permits: 2 });
    const group = here.member().client.group(name);
    led(await group.tryAcquire("permit-office"));
    const held = [led(await many.tryAcquire()), led(await many.tryAcquire())];
    const listed = async () => (await few.list()).map(({ shard }) => shard);
    expect(await listed()).toEqual(["permit-00001", "permit-00002"]);
    expect(await few.tryAcquire()).toMatchObject({ state: { shard: "permit-00001" } });
    await Promise.all(held.map((permit) => permit.release()));
    expect(await listed()).toEqual(["permit-00001"]);
  });

  it("passes the permits of a process that died on, within the bound", async () => {
    await using here = world();
    const name = here.name("died");
    const dead = here.member();
    const leases = [0, 1].map(async () =>
      led(await dead.client.semaphore(name, { permits: 2 }).tryAcquire()),
    );
    await Promise.all(leases);
    dead.store.onWrite = async () => UNANSWERED;
    const heir = here.member().client.semaphore(name, { permits: 2 });
    const both = await here.within(RECOVERY_MS + 1_000, Promise.all([heir.acquire(), heir.acquire()]));
    expect(new Set(both.map(({ shard }) => shard)).size).toBe(2);
  });
}
