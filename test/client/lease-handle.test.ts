import { describe, expect, it } from "vitest";
import { onLeaseEvent } from "../../lib/diagnostics/channels.ts";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";
import { hear } from "../support/lease-events.ts";
import { manual, never } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";

describe("timers", () => {
  it("are none once a lease is released, disposed of, or its client closed", async () => {
    const { clock, client } = manual();
    const leases = client();
    const lease = await leases.acquire("a");
    expect(clock.pendingTimers, "one, for whatever is due first").toBe(1);
    await lease.release();
    expect(clock.pendingTimers).toBe(0);
    await (await leases.acquire("b"))[Symbol.asyncDispose]();
    expect(clock.pendingTimers).toBe(0);
    await Promise.all([leases.acquire("c"), leases.acquire("d")]);
    await leases.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it("are none once a lease is lost: expired, superseded or revoked", async () => {
    const { clock, client, table } = manual();
    const manually = await client().acquire("expired", { renew: "manual" });
    expect(clock.pendingTimers, "one for the end").toBe(1);
    await clock.advance(15_000);
    expect(manually.end?.reason).toBe("expired");
    expect(clock.pendingTimers).toBe(0);

    const taken = await client().acquire("superseded");
    const row = table.peek("superseded");
    if (row === undefined) throw new Error("no row");
    table.restore({ ...row, holder: "eve", token: row.token + 1, revision: 99, writeId: "w" });
    await clock.advance(5_000);
    expect(taken.end?.reason).toBe("superseded");
    expect(clock.pendingTimers).toBe(0);

    const vacated = await client().acquire("revoked");
    table.delete("revoked");
    await clock.advance(5_000);
    expect(vacated.end?.reason).toBe("revoked");
    expect(clock.pendingTimers).toBe(0);
  });

  it("are none after a loss that only a look noticed", async () => {
    const { clock, client } = manual();
    const lease = await client().acquire("a");
    clock.freeze(60_000);
    expect(lease.isHeld()).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("the end of a term", () => {
  it("comes at its own time, also while a renewal hangs that nobody answers", async () => {
    const { clock, client, store } = manual();
    // A request may take longer here than the term has left when it is sent.
    const lease = await client({ requestTimeoutMs: 5_000 }).acquire("a");
    store.onWrite = never;
    let lostAt = 0;
    lease.signal.addEventListener("abort", () => {
      lostAt = clock.now().mono;
    });
    await clock.advance(20_000);
    expect(lostAt - 1_000).toBeGreaterThan(14_800);
    expect(lostAt - 1_000).toBeLessThanOrEqual(15_000);
    expect(lease.end).toMatchObject({ reason: "expired", storeReachable: false, atLimit: false });
    expect(lease.end).toHaveProperty("cause.code", "STORE_UNAVAILABLE");
    await clock.advance(20_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it("never comes later than the duration after the last renewal was sent, less the drift", async () => {
    const { clock, client } = manual();
    const lease = await client().acquire("a", { renew: "manual" });
    await clock.advance(7_000);
    await lease.renew();
    expect(lease.remainingMs()).toBeLessThanOrEqual(15_000 * 0.995);
    await clock.advance(14_900);
    expect(lease.isHeld()).toBe(true);
    await clock.advance(26);
    expect(lease.isHeld()).toBe(false);
  });

  it("is for good: a handle does not come back to life, whatever the clocks show later", async () => {
    const { clock, client } = manual();
    const lease = await client().acquire("a", { renew: "manual" });
    clock.stepWall(60_000);
    expect(lease.isHeld()).toBe(false);
    clock.stepWall(-120_000);
    expect(lease.isHeld()).toBe(false);
    expect(lease.remainingMs()).toBe(0);
    await leaseErrorOf(lease.renew(), "LEASE_LOST");
  });

  it("is told once, by event, by signal and by the handle, with one reason", async () => {
    const { clock, client } = manual();
    using heard = hear("told");
    const lease = await client().acquire("told", { renew: "manual" });
    let aborts = 0;
    lease.signal.addEventListener("abort", () => (aborts += 1));
    await clock.advance(60_000);
    lease.isHeld();
    expect(aborts).toBe(1);
    const end = { reason: "expired", storeReachable: true, atLimit: false };
    expect(heard.of("lost")).toMatchObject([{ token: lease.token, holder: lease.holder, end }]);
    expect(lease.end).toEqual(end);
    const reason = leaseErrorIn(() => lease.signal.throwIfAborted(), "LEASE_LOST");
    expect(reason.lease).toBe("told");
    expect(reason.message).toContain(String(lease.token));
  });

  it("by a release tells the signal so, too", async () => {
    const lease = await manual().client().acquire("a");
    await lease.release();
    expect(leaseErrorIn(() => lease.signal.throwIfAborted(), "LEASE_LOST").message).toContain("released");
  });
});

describe("a process that stood still", () => {
  it.each([
    ["with its monotonic clock", false],
    ["while its monotonic clock ran", true],
  ])("%s, longer than the term, finds its lease over at the first look", async (_, monotonicRuns) => {
    const { clock, client } = manual();
    const lease = await client().acquire("a");
    clock.freeze(20_000, { monotonicRuns });
    expect(lease.isHeld()).toBe(false);
    leaseErrorIn(() => lease.assertHeld(), "LEASE_LOST");
  });

  it("for less than the term leads on, and renews at once when it thaws", async () => {
    const { clock, client, store } = manual();
    const lease = await client().acquire("a");
    await clock.advance(4_000);
    clock.freeze(8_000);
    expect(lease.isHeld()).toBe(true);
    await clock.advance(1);
    expect(store.sent.at(-1)?.kind).toBe("renew");
    expect(lease.remainingMs()).toBeGreaterThan(14_000);
  });

  it("while its renewal was under way does not lead on the strength of its answer", async () => {
    const { clock, client, store, table } = manual();
    const lease = await client().acquire("a", { renew: "manual" });
    store.onWrite = async (_, pass) => {
      const outcome = await pass();
      clock.freeze(20_000);
      return outcome;
    };
    await leaseErrorOf(lease.renew(), "LEASE_LOST");
    expect(lease.isHeld()).toBe(false);
    store.onWrite = undefined;
    expect(await lease.release()).toEqual({ kind: "released" });
    expect(table.peek("a")?.holder).toBeUndefined();
  });

  it("past its term while it waited for a renewal does not get it back by that renewal's answer", async () => {
    const { clock, client, store, table } = manual();
    const lease = await client().acquire("a", { renew: "manual" });
    await clock.advance(12_000);
    store.onWrite = async (_, pass) => {
      const outcome = await pass();
      clock.freeze(4_000);
      return outcome;
    };
    await leaseErrorOf(lease.renew(), "LEASE_LOST");
    expect(table.peek("a")?.revision, "the renewal had landed").toBe(2);
    expect(lease.end?.reason).toBe("expired");
    expect(lease.isHeld()).toBe(false);
  });

  it("between winning and being told gets a handle that is over, and no more", async () => {
    const { clock, client } = manual();
    const stop = onLeaseEvent((event, { lease }) => {
      if (event === "acquired" && lease === "paused") clock.freeze(60_000);
    });
    try {
      const result = await client().tryAcquire("paused");
      if (result.kind !== "acquired") throw new Error(result.reason);
      expect(result.lease.isHeld()).toBe(false);
      expect(result.lease.end?.reason).toBe("expired");
      expect(clock.pendingTimers).toBe(0);
    } finally {
      stop();
    }
  });

  it("while its claim was under way gives up what it claimed, and says that it does not lead", async () => {
    const { clock, client, store, table } = manual();
    store.onWrite = async (write, pass) => {
      const outcome = await pass();
      if (write.kind === "claim") clock.freeze(20_000);
      return outcome;
    };
    const error = await leaseErrorOf(client().tryAcquire("late"), "STORE_UNAVAILABLE");
    expect(error.lease).toBe("late");
    expect(table.peek("late")?.holder).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("a wall clock that is set", () => {
  it("ahead costs at most the term, never more than it", async () => {
    const { clock, client } = manual();
    const lease = await client().acquire("a", { renew: "manual" });
    clock.stepWall(3_600_000);
    expect(lease.isHeld()).toBe(false);
  });

  it("back prolongs nothing", async () => {
    const { clock, client } = manual();
    const lease = await client().acquire("a", { renew: "manual" });
    clock.stepWall(-3_600_000);
    expect(lease.remainingMs()).toBeLessThanOrEqual(15_000);
    await clock.advance(15_000);
    expect(lease.isHeld()).toBe(false);
  });
});

describe("asking for time", () => {
  it("is refused when less is left than is needed, while the lease is held on", async () => {
    const { clock, client } = manual();
    const lease = await client().acquire("need", { renew: "manual" });
    lease.assertHeld({ needMs: 14_000 });
    await clock.advance(5_000);
    const error = leaseErrorIn(() => lease.assertHeld({ needMs: 12_000 }), "LEASE_LOST");
    expect(error.lease).toBe("need");
    expect(error.message).toContain("12000");
    expect(lease.isHeld()).toBe(true);
    expect(lease.end).toBeUndefined();
  });
});

describe("a release", () => {
  it("that nobody answers ends in bounded time, says so, and the handle does not lead meanwhile", async () => {
    const { clock, client, store } = manual();
    using heard = hear("unanswered");
    const lease = await client().acquire("unanswered");
    store.onWrite = never;
    const releasing = lease.release();
    expect(lease.isHeld()).toBe(false);
    await clock.advance(6_000);
    const result = await releasing;
    expect(result.kind).toBe("unknown");
    expect(heard.of("released")).toMatchObject([{ result: { kind: "unknown" } }]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("after the term ran out still vacates the row, if nobody took it", async () => {
    const { clock, client, table } = manual();
    const lease = await client().acquire("over", { renew: "manual" });
    await clock.advance(16_000);
    expect(lease.end?.reason).toBe("expired");
    expect(await lease.release()).toEqual({ kind: "released" });
    expect(lease.end?.reason, "how it ended does not change").toBe("expired");
    expect(table.peek("over")?.holder).toBeUndefined();
  });

  it("keeps what a lost answer hid: the row ends vacant all the same", async () => {
    const { client, store, table } = manual();
    const lease = await client().acquire("hidden");
    store.onWrite = async (_, pass) => {
      await pass();
      return UNANSWERED;
    };
    await lease.release();
    expect(table.peek("hidden")?.holder).toBeUndefined();
  });
});
