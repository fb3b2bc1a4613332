import { describe, expect, it } from "vitest";
import { LeaseError } from "../../lib/core/errors.ts";
import type { Trouble } from "../../lib/core/events.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { hear } from "../support/lease-events.ts";
import { type Manual, manual } from "../support/manual.ts";
import type { WriteOutcome } from "../../lib/core/outcome.ts";

const PASSING = ["TABLE_NOT_FOUND", "ACCESS_DENIED", "CREDENTIALS_UNAVAILABLE"] as const;

const LOST = new Error("the response was lost");

/** Makes every request fail from here on. */
function cutOff({ store }: Manual, error: Error = new LeaseError("STORE_UNAVAILABLE", "no answer")): void {
  store.onRead = () => Promise.reject(error);
  store.onWrite = () => Promise.reject(error);
}

function mended({ store }: Manual): void {
  store.onRead = undefined;
  store.onWrite = undefined;
}

describe("an outage", () => {
  it("is heard of: each failed look and write is an event, with its cause and how long it has lasted", async () => {
    const world = manual();
    using heard = hear("a");
    const leader = await world.client().acquire("a", { renew: "manual", durationMs: 60_000 });
    const waiting = world
      .client()
      .acquire("a")
      .catch((error: unknown) => error);
    await world.clock.advance(3_000);
    cutOff(world);
    await world.clock.advance(20_000);
    const failed = heard.of("requestFailed");
    expect(failed.length).toBeGreaterThan(5);
    for (const event of failed) {
      expect(event).toMatchObject({ lease: "a", request: "look", cause: { code: "STORE_UNAVAILABLE" } });
    }
    const lasting = failed.map((event) => event["lastingMs"] as number);
    expect(lasting[0]).toBe(0);
    expect(lasting).toEqual([...lasting].sort((a, b) => a - b));
    expect(lasting.at(-1)).toBeGreaterThan(15_000);
    await expect(leader.renew()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(heard.of("requestFailed").at(-1)).toMatchObject({ request: "renew", holder: leader.holder });
    mended(world);
    await leader.release();
    await world.clock.advance(5_000);
    expect(await waiting).toHaveProperty("token");
  });

  it("is told to a candidate's listener, and shown by its status", async () => {
    const world = manual();
    const troubles: Trouble[] = [];
    const candidate = world.client().candidate("a", { onTrouble: (trouble) => troubles.push(trouble) });
    const began = world.clock.now().wall;
    expect(candidate.status()).toEqual({
      state: "idle",
      since: began,
      token: undefined,
      lastContact: undefined,
      lastError: undefined,
    });
    await world.clock.advance(1_000);
    const lease = await candidate.campaign();
    expect(candidate.status()).toMatchObject({ state: "leading", since: began + 1_000, token: lease.token });
    await world.clock.advance(6_000);
    const { lastContact = 0 } = candidate.status();
    expect(lastContact).toBeGreaterThan(began + 5_000);
    cutOff(world);
    await world.clock.advance(60_000);
    expect(lease.isHeld()).toBe(false);
    expect(troubles.length).toBeGreaterThan(2);
    expect(troubles[0]).toMatchObject({
      request: "renew",
      lastingMs: 0,
      cause: { code: "STORE_UNAVAILABLE" },
    });
    const status = candidate.status();
    expect(status).toMatchObject({
      state: "idle",
      token: undefined,
      lastContact,
      lastError: troubles.at(-1),
    });
    mended(world);
    const campaigning = candidate.campaign();
    await world.clock.advance(5_000);
    await campaigning;
    expect(candidate.status()).toMatchObject({ state: "leading", lastError: troubles.at(-1) });
    expect(candidate.status().lastContact).toBeGreaterThan(lastContact);
    await candidate.resign();
    expect(candidate.status().state).toBe("idle");
  });

  it("is over for who only observes, too: that is told once", async () => {
    const world = manual();
    using heard = hear("a");
    const states = world.client().observe("a", { intervalMs: 1_000 });
    await states.next();
    const next = states.next();
    cutOff(world);
    await world.clock.advance(3_000);
    mended(world);
    await world.clock.advance(5_000);
    expect(heard.of("requestFailed").length).toBeGreaterThan(1);
    const restored = heard.of("contactRestored").map(({ lastingMs }) => Number(lastingMs));
    expect(restored).toHaveLength(1);
    expect(restored[0]).toBeGreaterThanOrEqual(2_000);
    await states.return();
    await next;
  });

  it("ends a wait after troubleLimitMs, with the last error, and no sooner", async () => {
    const world = manual();
    cutOff(world);
    const ends: number[] = [];
    const from = world.clock.now().mono;
    const acquiring = leaseErrorOf(
      world.client().acquire("a", { troubleLimitMs: 30_000 }),
      "STORE_UNAVAILABLE",
    );
    const running = leaseErrorOf(
      world
        .client()
        .candidate("b", { troubleLimitMs: 40_000 })
        .run(async () => undefined),
      "STORE_UNAVAILABLE",
    );
    void acquiring.then(() => ends.push(world.clock.now().mono - from));
    void running.then(() => ends.push(world.clock.now().mono - from));
    await world.clock.advance(60_000);
    await Promise.all([acquiring, running]);
    expect(ends[0]).toBeGreaterThanOrEqual(30_000);
    expect(ends[0]).toBeLessThan(33_000);
    expect(ends[1]).toBeGreaterThanOrEqual(40_000);
    expect(ends[1]).toBeLessThan(43_000);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it.each([-1, 0.5, "1", Infinity])("has a limit that is checked: %s is none", async (troubleLimitMs) => {
    const options = { troubleLimitMs: troubleLimitMs as number };
    const { message } = await leaseErrorOf(manual().client().acquire("a", options), "INVALID_ARGUMENT");
    expect(message).toMatch(/^troubleLimitMs .*from 0 to 604800000/);
  });
});

describe.each(PASSING)("%s", (code) => {
  const refusal = new LeaseError(code, "refused");

  it("is definite until the store has answered once: every call rejects at once", async () => {
    const world = manual();
    cutOff(world, refusal);
    await leaseErrorOf(world.client().acquire("a"), code);
    await leaseErrorOf(world.client().candidate("a").campaign(), code);
    await leaseErrorOf(
      world
        .client()
        .candidate("a")
        .run(async () => undefined),
      code,
    );
    await leaseErrorOf(world.client().observe("a").next(), code);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it("passes afterwards: a standby reports it, waits, and leads when it is over", async () => {
    const world = manual();
    const leader = await world.client().acquire("a", { durationMs: 60_000 });
    const troubles: Trouble[] = [];
    const standby = world.client().candidate("a", { onTrouble: (trouble) => troubles.push(trouble) });
    const campaigning = standby.campaign();
    await world.clock.advance(3_000);
    cutOff(world, refusal);
    await world.clock.advance(600_000);
    expect(leader.end).toMatchObject({ reason: "expired", cause: { code } });
    expect(troubles.length).toBeGreaterThan(100);
    expect(troubles.every(({ cause }) => cause === refusal)).toBe(true);
    mended(world);
    await world.clock.advance(5_000);
    expect((await campaigning).isHeld()).toBe(true);
    await standby.resign();
  });

  it("ends one try all the same: whoever waits for nothing is told at once", async () => {
    const world = manual();
    const leases = world.client();
    await leases.get("a");
    cutOff(world, refusal);
    await leaseErrorOf(leases.tryAcquire("a"), code);
    await leaseErrorOf(
      leases.run("a", async () => undefined),
      code,
    );
  });
});

describe("the end of a term", () => {
  it("says what the last renewal failed with, and out of reach only where nobody answered", async () => {
    for (const [answered, words] of [
      [false, /out of reach: the response was lost/],
      [true, /while the store was reachable: the response was lost/],
    ] as const) {
      const world = manual();
      const lease = await world.client().acquire("a");
      world.store.onWrite = async () => ({ kind: "unknown", cause: LOST, answered });
      await world.clock.advance(20_000);
      expect(lease.end).toMatchObject({
        reason: "expired",
        storeReachable: answered,
        cause: LOST,
      });
      const reason = lease.signal.reason as LeaseError;
      expect(reason.message).toMatch(words);
      expect(reason.cause).toBe(LOST);
    }
  });

  it("is not changed by an argument that was refused", async () => {
    const world = manual();
    const lease = await world.client().acquire("a", { renew: "manual" });
    world.store.onWrite = () =>
      Promise.reject(new LeaseError("INVALID_ARGUMENT", "DynamoDB cannot store it"));
    await leaseErrorOf(
      lease.proclaim(() => 1),
      "INVALID_ARGUMENT",
    );
    await world.clock.advance(20_000);
    expect(lease.end).toEqual({ reason: "expired", storeReachable: true, atLimit: false });
  });

  it("forgets a failure that a later renewal made good", async () => {
    const world = manual();
    const lease = await world.client().acquire("a", { renew: "manual" });
    world.store.onWrite = async (): Promise<WriteOutcome> => ({ kind: "unknown", cause: LOST });
    await leaseErrorOf(lease.renew(), "STORE_UNAVAILABLE");
    world.store.onWrite = undefined;
    await lease.renew();
    await world.clock.advance(20_000);
    expect(lease.end).toEqual({ reason: "expired", storeReachable: true, atLimit: false });
  });
});

describe("an error", () => {
  it("says what is underneath, wherever nobody can say more", async () => {
    const world = manual();
    const lease = await world.client().acquire("a", { renew: "manual" });
    cutOff(world, new Error("socket hang up"));
    for (const call of [
      () => lease.renew(),
      () => world.client().get("a"),
      () => world.client().tryAcquire("b"),
      () => world.client().requestStepDown("a"),
    ]) {
      expect((await leaseErrorOf(call(), "STORE_UNAVAILABLE")).message).toContain("socket hang up");
    }
  });
});
