import { describe, expect, it } from "vitest";
import { LeaseError } from "../../lib/core/errors.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { hear } from "../support/lease-events.ts";
import { manual, never } from "../support/manual.ts";
import { Gate, UNANSWERED } from "../support/probe-store.ts";
import { ProcessClock } from "../support/process-clock.ts";

describe("a lease that renews itself", () => {
  it("does so every interval, for as long as it is held", async () => {
    const { clock, client, store } = manual();
    const lease = await client().acquire("a");
    await clock.advance(60_000);
    expect(store.sent.filter(({ kind }) => kind === "renew")).toHaveLength(12);
    expect(lease.isHeld()).toBe(true);
    expect(lease.remainingMs()).toBeGreaterThan(9_000);
  });

  it("does so at the interval that its term asks for", async () => {
    const { clock, client, store } = manual();
    await client().acquire("a", { durationMs: 6_000 });
    await clock.advance(12_100);
    expect(store.sent.filter(({ kind }) => kind === "renew")).toHaveLength(6);
  });

  it("tries again sooner after a failure, and tells of each", async () => {
    const { clock, client, store } = manual();
    using heard = hear("sooner");
    const lease = await client().acquire("sooner");
    store.onWrite = async () => UNANSWERED;
    await clock.advance(5_000);
    expect(heard.of("renewalFailed")).toMatchObject([{ token: lease.token }]);
    await clock.advance(2_600);
    expect(heard.of("renewalFailed")).toHaveLength(2);
    expect(Number(heard.of("renewalFailed")[1]?.["remainingMs"])).toBeLessThan(7_600);
    store.onWrite = undefined;
    await clock.advance(2_600);
    expect(heard.of("renewed")).toHaveLength(1);
    expect(lease.remainingMs()).toBeGreaterThan(12_000);
  });

  it("survives one renewal that times out, and a second", async () => {
    const { clock, client, store } = manual();
    const lease = await client().acquire("a");
    let dropped = 0;
    store.onWrite = (_, pass) => ((dropped += 1) <= 2 ? never() : pass());
    await clock.advance(30_000);
    expect(dropped).toBeGreaterThan(3);
    expect(lease.isHeld()).toBe(true);
  });

  it("does not send a storm of renewals as its end comes near", async () => {
    const { clock, client, store } = manual();
    const lease = await client().acquire("a");
    store.onWrite = async () => UNANSWERED;
    await clock.advance(15_000);
    expect(lease.isHeld()).toBe(false);
    expect(store.sent.length).toBeLessThan(40);
    const { length } = store.sent;
    await clock.advance(60_000);
    expect(store.sent.length, "nothing is sent after the end").toBe(length);
  });

  it("does not renew by itself when that was declined", async () => {
    const { clock, client, store } = manual();
    await client().acquire("a", { renew: "manual" });
    await clock.advance(60_000);
    expect(store.sent).toHaveLength(1);
  });

  it("is not kept waiting by the renewal of another lease that hangs", async () => {
    const { clock, client, store } = manual();
    const leases = client();
    const [stuck, free] = await Promise.all([leases.acquire("stuck"), leases.acquire("free")]);
    store.onWrite = (write, pass) => (write.name === "stuck" ? never() : pass());
    await clock.advance(30_000);
    expect(stuck.isHeld()).toBe(false);
    expect(free.isHeld()).toBe(true);
  });
});

describe("a renewal", () => {
  it("is sent one at a time, in the order that it was asked for", async () => {
    const { client, store, table } = manual();
    const lease = await client().acquire("a", { renew: "manual" });
    const gate = new Gate();
    let first = true;
    store.onWrite = async (_, pass) => {
      if (first) {
        first = false;
        await gate.pass();
      }
      return pass();
    };
    const all = [lease.proclaim("one"), lease.proclaim("two"), lease.renew()];
    await gate.reached;
    expect(store.sent).toHaveLength(2);
    gate.open();
    await Promise.all(all);
    expect(store.sent).toHaveLength(4);
    expect(table.peek("a")).toMatchObject({ value: "two", revision: 4 });
  });

  it("that fails does not fail those that are asked for after it", async () => {
    const { client, store } = manual();
    const lease = await client().acquire("a", { renew: "manual" });
    let calls = 0;
    store.onWrite = async (_, pass) => ((calls += 1) === 1 ? UNANSWERED : pass());
    const [first, second] = await Promise.allSettled([lease.renew(), lease.renew()]);
    expect([first.status, second.status]).toEqual(["rejected", "fulfilled"]);
  });

  it("that nobody answers ends by its deadline, keeps the cause, and leaves the term as it was", async () => {
    const { clock, client, store } = manual();
    const lease = await client().acquire("a", { renew: "manual" });
    const signals: AbortSignal[] = [];
    store.onWrite = (_, __, { signal }) => {
      signals.push(signal);
      return never();
    };
    const renewing = leaseErrorOf(lease.renew(), "STORE_UNAVAILABLE");
    await clock.advance(3_000);
    const error = await renewing;
    expect(error.lease).toBe("a");
    expect(error.cause).toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(signals[0]?.aborted, "the store was told to give up").toBe(true);
    expect(lease.isHeld()).toBe(true);
    expect(lease.remainingMs()).toBeLessThanOrEqual(12_000);
  });

  it.each(["ACCESS_DENIED", "TABLE_NOT_FOUND", "INVALID_ARGUMENT"] as const)(
    "that the store turned down with %s says that, and the term goes on",
    async (code) => {
      const { client, store } = manual();
      using heard = hear(`down-${code}`);
      const lease = await client().acquire(`down-${code}`, { renew: "manual" });
      const down = new LeaseError(code, "turned down", { lease: lease.name });
      store.onWrite = async () => Promise.reject(down);
      const error = await leaseErrorOf(lease.renew(), code);
      expect(error.lease).toBe(lease.name);
      expect(lease.isHeld()).toBe(true);
      expect(heard.of("renewalFailed")).toHaveLength(1);
      expect(heard.of("lost")).toEqual([]);
    },
  );

  it("that may have moved the expiry back counts as if it had, answered or not", async () => {
    const { clock, client, store } = manual();
    await clock.advance(563);
    // Ahead by less than the service can tell, then behind by less than it can tell: 1.4 s apart.
    const own = new ProcessClock(clock);
    own.stepWall(1_200);
    const lease = await client({ clock: own }).acquire("back", { renew: "manual" });
    own.stepWall(-1_440);
    await clock.advance(10);
    expect(lease.remainingMs()).toBeGreaterThan(14_800);
    store.onWrite = async () => UNANSWERED;
    await leaseErrorOf(lease.renew(), "STORE_UNAVAILABLE");
    const [claimed, renewed] = store.sent.map(({ set }) => Number(set.expiresAt));
    expect(Number(claimed) - Number(renewed)).toBe(1_430);
    expect(lease.remainingMs()).toBeLessThan(14_700);
    expect(lease.isHeld()).toBe(true);
  });

  it("says when it reached the store again, if the term then runs out", async () => {
    const { clock, client, store } = manual();
    const lease = await client().acquire("a", { renew: "manual" });
    store.onWrite = async () => UNANSWERED;
    await leaseErrorOf(lease.renew(), "STORE_UNAVAILABLE");
    store.onWrite = undefined;
    await lease.renew();
    await clock.advance(15_000);
    expect(lease.end).toEqual({ reason: "expired", storeReachable: true, atLimit: false });
  });
});
