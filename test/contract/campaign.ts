import { expect, it } from "vitest";
import { LeaseError } from "../../lib/core/errors.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { hear } from "../support/lease-events.ts";
import { UNANSWERED } from "../support/probe-store.ts";
import type { Member } from "../support/worlds.ts";
import type { MakeWorld } from "./contract.ts";

/** Waits by a process's own clock, as the work of a leader would. */
function work(member: Member, ms: number): Promise<void> {
  return new Promise((resolve) => {
    member.clock.timer(ms, resolve);
  });
}

/** Many candidates over many terms. */
export function campaignClaims(world: MakeWorld): void {
  it("#28 leads again after a loss, when it campaigns again", async () => {
    await using here = world();
    const name = here.name("again");
    const ann = here.member({ holder: "ann" });
    const bob = here.member({ holder: "bob" });
    const first = await ann.client.acquire(name, { renew: "manual" });
    const second = await here.within(6_000, bob.client.acquire(name, { renew: "manual" }));
    expect(first.end).toMatchObject({ reason: "expired" });
    const waiting = ann.client.acquire(name);
    await here.pass(100);
    await second.release();
    const third = await here.within(3_000, waiting);
    expect(third.holder).toMatch(/^ann/);
    expect([first.token, second.token, third.token].toSorted((a, b) => a - b)).toEqual([
      first.token,
      second.token,
      third.token,
    ]);
  });

  it("#29 makes winning again a new term: another handle, id and token; the old handle stays dead", async () => {
    await using here = world();
    const name = here.name("terms");
    using heard = hear(name);
    const { client, clock } = here.member();
    const first = await client.acquire(name, { renew: "manual" });
    clock.stall(2_000);
    expect(first.isHeld()).toBe(false);
    await first.release();
    await here.pass(20);
    const second = await here.within(3_000, client.acquire(name));
    expect(second.isHeld()).toBe(true);
    expect(first.isHeld()).toBe(false);
    expect(second.holder).not.toBe(first.holder);
    expect(second.token).toBeGreaterThan(first.token);
    await leaseErrorOf(first.renew(), "LEASE_LOST");
    await second.release();
    expect(heard.all.map(({ event }) => event).filter((event) => event !== "clockSkewed")).toEqual([
      "acquired",
      "lost",
      "released",
      "acquired",
      "released",
    ]);
  });

  it("#30 is elected once a store is up that was down at the start", async () => {
    await using here = world();
    const name = here.name("up");
    const { client, store } = here.member();
    store.onWrite = async () => UNANSWERED;
    store.onRead = async () => Promise.reject(new LeaseError("STORE_UNAVAILABLE", "down"));
    const waiting = client.acquire(name);
    await here.pass(900);
    store.onWrite = undefined;
    store.onRead = undefined;
    expect((await here.within(3_000, waiting)).isHeld()).toBe(true);
  });

  it("#32 shows everybody what the leader proclaims, until the term ends", async () => {
    await using here = world();
    const name = here.name("proclaim");
    const readers = [here.member().client, here.member().client];
    const lease = await here.member().client.acquire(name);
    await lease.proclaim({ url: "https://leader" });
    await lease.renew();
    for (const reader of readers) {
      const state = await reader.get(name);
      expect(state).toMatchObject({ kind: "held", holder: lease.holder, value: { url: "https://leader" } });
    }
    await lease.proclaim(undefined);
    expect((await readers[0]?.get(name))?.value).toBeUndefined();
    await lease.proclaim("last");
    await lease.release();
    expect(await readers[1]?.get(name)).toMatchObject({ kind: "vacant", value: undefined });
    const next = await here.member().client.acquire(name);
    expect((await readers[0]?.get(name))?.holder).toBe(next.holder);
  });

  it("#32 does not hand a dead leader's value on to its successor", async () => {
    await using here = world();
    const name = here.name("stale-value");
    const lease = await here.member().client.acquire(name, { renew: "manual" });
    await lease.proclaim("old");
    await here.pass(4_250);
    const { client } = here.member();
    const next = await client.acquire(name);
    expect(await client.get(name)).toMatchObject({ holder: next.holder, value: undefined });
  });

  it("#33 lets every waiting candidate lead in turn when leaders resign, and never two at once", async () => {
    await using here = world();
    const name = here.name("rotation");
    const members = Array.from({ length: 4 }, () => here.member({ retryIntervalMs: 60 }));
    let leading = 0;
    let most = 0;
    const terms = members.map(async (member) => {
      for (let turn = 0; turn < 2; turn += 1) {
        const lease = await member.client.acquire(name);
        leading += 1;
        most = Math.max(most, leading);
        await work(member, 20);
        leading -= 1;
        await lease.release();
      }
    });
    await here.within(15_000, Promise.all(terms));
    expect(most).toBe(1);
    expect((await here.row(name))?.["transitions"]).toBe(8);
  });

  it("#36 gives many contenders tokens that are unique and rise in the order they led", async () => {
    await using here = world();
    const name = here.name("tokens");
    const members = Array.from({ length: 10 }, () => here.member({ retryIntervalMs: 60 }));
    const tokens: number[] = [];
    const terms = members.map(async ({ client }) => {
      const lease = await client.acquire(name);
      tokens.push(lease.token);
      await lease.release();
    });
    await here.within(15_000, Promise.all(terms));
    expect(tokens).toHaveLength(10);
    expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b));
  });

  it("#37 loses no update of one counter to eight workers", async () => {
    await using here = world();
    const name = here.name("counter");
    const members = Array.from({ length: 8 }, () => here.member({ retryIntervalMs: 60 }));
    let counter = 0;
    const add = members.map(async (member) => {
      const lease = await member.client.acquire(name);
      const read = counter;
      await work(member, 15);
      lease.assertHeld();
      counter = read + 1;
      await lease.release();
    });
    await here.within(15_000, Promise.all(add));
    expect(counter).toBe(8);
  });
}
