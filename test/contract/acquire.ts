import { expect, it } from "vitest";
import { LeaseError } from "../../lib/core/errors.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { Gate, UNANSWERED } from "../support/probe-store.ts";
import type { MakeWorld } from "./contract.ts";

const BAD_NAMES: readonly (readonly [string, unknown])[] = [
  ["empty", ""],
  ["larger than a partition key may be", "x".repeat(2_049)],
  ["larger in bytes though not in letters", "ü".repeat(1_025)],
  ["half a character, for which the table would have another", "job-\ud83d"],
  ["undefined", undefined],
  ["null", null],
  ["a number", 7],
];

/** Getting a lease, being refused one, and waiting for one. */
export function acquireClaims(world: MakeWorld): void {
  it("#1 makes the record of a lease that has none, and leads", async () => {
    await using here = world();
    const name = here.name("first");
    const { client, clock } = here.member({ holder: "ann" });
    const result = await client.tryAcquire(name, { renew: "manual" });
    if (result.kind !== "acquired") throw new Error(result.reason);
    const { lease } = result;
    expect(lease.isHeld()).toBe(true);
    expect(lease.signal.aborted).toBe(false);
    expect(lease.end).toBeUndefined();
    expect(lease.name).toBe(name);
    expect(lease.holder).toMatch(/^ann\/.{24,}/);
    expect(lease.remainingMs()).toBeGreaterThan(1_000);
    expect(lease.remainingMs()).toBeLessThanOrEqual(2_000);

    const row = await here.row(name);
    expect(row).toMatchObject({ holder: lease.holder, token: lease.token, revision: 1, transitions: 1 });
    expect(row).toMatchObject({ durationMs: 2_000 });
    const { wall } = clock.now();
    expect(Math.abs(Number(row?.["expiresAt"]) - wall - 2_000), "expiresAt is service time").toBeLessThan(
      1_500,
    );
    const month = 30 * 86_400;
    expect(Math.abs(Number(row?.["ttl"]) - wall / 1_000 - month), "ttl is in seconds").toBeLessThan(10);
    expect(await client.get(name)).toMatchObject({ kind: "held", holder: lease.holder, token: lease.token });
  });

  it("#1 reads a lease that has no record as vacant, without making one", async () => {
    await using here = world();
    const name = here.name("never");
    const { client } = here.member();
    expect(await client.get(name)).toEqual({
      name,
      kind: "vacant",
      holder: undefined,
      token: 0,
      revision: 0,
      transitions: 0,
      expiresAt: undefined,
      acquiredAt: undefined,
      renewedAt: undefined,
      value: undefined,
      tick: undefined,
      priority: 0,
      requestedBy: undefined,
      reservedFor: undefined,
      lockDelayMs: 0,
    });
    expect(await here.row(name)).toBeUndefined();
  });

  it("#2 refuses a lease that another candidate holds, says who, and changes nothing", async () => {
    await using here = world();
    const name = here.name("held");
    const lease = await here.member().client.acquire(name, { renew: "manual" });
    const before = await here.row(name);
    const result = await here.member().client.tryAcquire(name);
    if (result.kind !== "refused") throw new Error("it was acquired twice");
    expect(result.reason).toBe("held");
    expect(result.state).toMatchObject({ name, kind: "held", holder: lease.holder, token: lease.token });
    expect(result.retryAfterMs).toBeGreaterThan(1_000);
    expect(result.retryAfterMs).toBeLessThanOrEqual(4_100);
    expect(await here.row(name)).toEqual(before);
  });

  it("#2 refuses a second candidate of the same client, too", async () => {
    await using here = world();
    const name = here.name("same");
    const { client } = here.member();
    const lease = await client.acquire(name);
    expect(await client.tryAcquire(name)).toMatchObject({ kind: "refused", reason: "held" });
    expect(lease.isHeld()).toBe(true);
  });

  it("#3 leads at once after a release, even one of a moment ago, with a higher token", async () => {
    await using here = world();
    const name = here.name("vacant");
    const clients = Array.from({ length: 5 }, () => here.member().client);
    let last = 0;
    for (const client of clients) {
      const result = await client.tryAcquire(name);
      if (result.kind !== "acquired") throw new Error(result.reason);
      expect(result.lease.token).toBeGreaterThan(last);
      last = result.lease.token;
      expect(await result.lease.release()).toEqual({ kind: "released" });
    }
  });

  it.for(BAD_NAMES)("#5 refuses a name that is %s, and sends nothing", async ([, name]) => {
    await using here = world();
    const { client, http } = here.member();
    const bad = name as string;
    for (const call of [
      () => client.tryAcquire(bad),
      () => client.acquire(bad),
      () => client.run(bad, async () => 1),
      () => client.get(bad),
    ]) {
      const error = await leaseErrorOf(call(), "INVALID_ARGUMENT");
      expect(error.message).toMatch(/^name /);
      expect(error.message).toContain("2048");
    }
    expect(http()).toBe(0);
  });

  it("#5 takes names up to the limit, whatever they are made of", async () => {
    await using here = world();
    const prefix = `${here.name("n")}/`;
    const names = ["é".repeat(500), "x".repeat(2_048 - prefix.length), "a b\t#:$&'\"\\", "🚀", "__proto__"];
    for (const name of names.map((rest) => prefix + rest)) {
      const lease = await here.member().client.acquire(name);
      expect((await here.row(name))?.["holder"]).toBe(lease.holder);
    }
  });

  it("#7 retries within the wait what could not be reached, and then leads", async () => {
    await using here = world();
    const name = here.name("flaky");
    const { client, store } = here.member();
    let failures = 0;
    store.onWrite = async (write, pass) => {
      if (write.kind === "abandon" || (failures += 1) > 2) return pass();
      return UNANSWERED;
    };
    const lease = await here.within(5_000, client.acquire(name, { timeoutMs: 4_000 }));
    expect(lease.isHeld()).toBe(true);
    expect(failures).toBe(3);
  });

  it("#7 says so when the store could not be reached for the whole wait, and leaves nothing", async () => {
    await using here = world();
    const name = here.name("down");
    const { client, store, clock } = here.member();
    const down = new LeaseError("STORE_UNAVAILABLE", "down", { lease: name });
    store.onWrite = async () => UNANSWERED;
    store.onRead = async () => Promise.reject(down);
    const error = await leaseErrorOf(
      here.within(3_000, client.acquire(name, { timeoutMs: 900 })),
      "ACQUIRE_TIMEOUT",
    );
    expect(error.lease).toBe(name);
    expect(error.cause).toBe(down);
    expect(error.message).toContain("900 ms");
    expect(await here.row(name)).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  it("#7 says that another leads when a wait ends for that reason", async () => {
    await using here = world();
    const name = here.name("busy");
    const lease = await here.member().client.acquire(name);
    const { client } = here.member();
    const waiting = client.acquire(name, { timeoutMs: 500 });
    const error = await leaseErrorOf(here.within(3_000, waiting), "ACQUIRE_TIMEOUT");
    expect(error.cause).toBeUndefined();
    expect(error.message).toContain("another candidate leads");
    expect(lease.isHeld()).toBe(true);
  });

  it("#13 keeps leases apart whose names are prefixes of each other", async () => {
    await using here = world();
    const name = here.name("p");
    const names = [name, `${name}1`, `${name}/1`, `${name}/1/lease`];
    const leases = await Promise.all(names.map((each) => here.member().client.acquire(each)));
    expect(leases.every((lease) => lease.isHeld())).toBe(true);
    await leases[0]?.release();
    expect(leases.map((lease) => lease.isHeld())).toEqual([false, true, true, true]);
    for (const each of names.slice(1)) expect((await here.row(each))?.["holder"]).toBeDefined();
  });

  it("#14 leaves nothing behind of a wait that was aborted", async () => {
    await using here = world();
    const name = here.name("waiter");
    await here.member().client.acquire(name, { renew: "manual" });
    const before = await here.row(name);
    const { client, clock, store } = here.member();
    const ender = new AbortController();
    const waiting = leaseErrorOf(client.acquire(name, { signal: ender.signal }), "ABORTED");
    await here.pass(300);
    ender.abort(new Error("enough"));
    const error = await here.within(1_000, waiting);
    expect(error.cause).toEqual(new Error("enough"));
    expect(error.lease).toBe(name);
    expect(await here.row(name)).toEqual(before);
    expect(clock.pendingTimers).toBe(0);
    const { requests } = store;
    await here.pass(500);
    expect(store.requests).toBe(requests);
  });

  it("#14 gives back what a claim took that was under way when its wait was aborted", async () => {
    await using here = world();
    const name = here.name("mid-claim");
    const { client, store, clock } = here.member();
    const gate = new Gate();
    store.onWrite = async (write, pass) => {
      if (write.kind === "claim") await gate.pass();
      return pass();
    };
    const ender = new AbortController();
    const waiting = leaseErrorOf(client.acquire(name, { signal: ender.signal }), "ABORTED");
    await gate.reached;
    ender.abort();
    gate.open();
    await here.within(2_000, waiting);
    const row = await here.row(name);
    expect(row?.["token"], "the claim had landed").toBeGreaterThan(0);
    expect(row).not.toHaveProperty("holder");
    expect(clock.pendingTimers).toBe(0);
  });

  it("#14 sends nothing for a wait whose signal was aborted before", async () => {
    await using here = world();
    const { client, http } = here.member();
    const signal = AbortSignal.abort();
    await leaseErrorOf(client.acquire(here.name("never"), { signal }), "ABORTED");
    await leaseErrorOf(
      client.run(here.name("never"), async () => 1, { signal }),
      "ABORTED",
    );
    expect(http()).toBe(0);
  });
}
