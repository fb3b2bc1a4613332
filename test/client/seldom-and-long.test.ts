import { describe, expect, it } from "vitest";
import { isLeaseError, LeaseError } from "../../lib/core/errors.ts";
import { withLeadership } from "../../lib/client/with-leadership.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { manual } from "../support/manual.ts";
import { ProcessClock } from "../support/process-clock.ts";

const HOUR_MS = 3_600_000;

describe("a candidate that looks seldom", () => {
  const retryIntervalMs = 600_000;

  it("leads again within seconds of a term that its work gave up, where nobody else does", async () => {
    const { client, clock } = manual();
    const candidate = client({ retryIntervalMs }).candidate("jobs", { register: false });
    const begun: number[] = [];
    const running = candidate.run(async () => {
      begun.push(clock.now().mono);
    });
    await clock.advance(20_000);
    expect(begun.length).toBeGreaterThan(4);
    for (const [at, since] of begun.slice(1).entries()) {
      expect(since - (begun[at] ?? 0)).toBeLessThanOrEqual(4_100);
    }
    await candidate.resign();
    await running;
  });

  it("looks again within seconds of a look that failed", async () => {
    const { client, clock, store } = manual();
    const leader = await client().acquire("jobs");
    const candidate = client({ retryIntervalMs }).candidate("jobs", { register: false });
    const campaigning = candidate.campaign();
    await clock.advance(1_000);
    await leader.release();
    store.onRead = async () => Promise.reject(new LeaseError("STORE_UNAVAILABLE", "a blip"));
    candidate.notify();
    await clock.advance(100);
    store.onRead = undefined;
    await clock.advance(3_000);
    expect((await campaigning).isHeld()).toBe(true);
    await candidate.resign();
  });
});

describe("a term of hours", () => {
  it.each([1, 3, 12, 24])("keeps its reservation and its minimum hold: %i h", async (hours) => {
    const { client, clock } = manual();
    const durationMs = hours * HOUR_MS;
    const lease = await client({ durationMs }).acquire("jobs", { drainMs: 0 });
    await clock.advance(1.7 * durationMs);
    const since = clock.now().wall;
    await lease.stepDown({ reserveFor: "carl", reserveForMs: 10_000 });
    for (;;) {
      const result = await client().tryAcquire("jobs");
      if (result.kind === "acquired") break;
      await clock.advance(250);
    }
    expect(clock.now().wall - since).toBeGreaterThanOrEqual(10_000);
    const heldMs = 0.3 * durationMs + 60_000;
    const held = await client({ durationMs }).acquire("other", {
      holdAtLeastMs: Math.min(heldMs, 86_400_000),
    });
    const won = clock.now().wall;
    await clock.advance(0.3 * durationMs);
    await held.release();
    for (;;) {
      const result = await client().tryAcquire("other");
      if (result.kind === "acquired") break;
      await clock.advance(1_000);
    }
    expect(clock.now().wall - won).toBeGreaterThanOrEqual(Math.min(heldMs, 86_400_000));
  });
});

describe("a claim whose wall clock is ahead, and steps further ahead before the answer", () => {
  it("is corrected all the same: nobody waits for a clock", async () => {
    const { client, clock, table, store } = manual();
    const wrong = new ProcessClock(clock);
    wrong.stepWall(14_000);
    store.onWrite = async (_, pass) => {
      const outcome = await pass();
      wrong.stepWall(14_000);
      store.onWrite = undefined;
      return outcome;
    };
    await client({ clock: wrong }).acquire("jobs", { renew: "manual" });
    expect(Number(table.peek("jobs")?.expiresAt) - clock.now().wall).toBeLessThanOrEqual(15_000 + 1_500);
  });
});

describe("what a closed client leaves", () => {
  it("is no entry on the list, also where it resigned while its registration was under way", async () => {
    const { client, clock, store } = manual();
    const leases = client();
    const candidate = leases.candidate("jobs");
    let answer: () => void = () => undefined;
    store.onWrite = async (write, pass) => {
      if (write.kind === "register") {
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      }
      return pass();
    };
    await candidate.campaign();
    const resigning = candidate.resign();
    await clock.advance(10);
    store.onWrite = undefined;
    const closing = leases.close();
    answer();
    await Promise.all([resigning, closing]);
    expect(await client().candidates("jobs")).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("is no timer, though the store throws before it returns a promise", async () => {
    const { client, clock, table } = manual();
    const rude = new Proxy(table, {
      get: (target, key) => {
        if (key !== "write" && key !== "read") return Reflect.get(target, key, target) as unknown;
        return () => {
          throw new TypeError("no such thing");
        };
      },
    });
    const leases = client({ store: rude });
    await leaseErrorOf(leases.tryAcquire("jobs"), "STORE_UNAVAILABLE");
    await leaseErrorOf(leases.get("jobs"), "STORE_UNAVAILABLE");
    await leases.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it.each(Array.from({ length: 40 }, (_, turn) => turn))(
    "is no handler that begins in a dead term: closed %i turns after the claim was answered",
    async (count) => {
      const { client, store, clock } = manual();
      const leases = client();
      let closing: Promise<unknown> = Promise.resolve();
      store.onWrite = async (write, pass) => {
        const outcome = await pass();
        if (write.kind === "claim") {
          closing = (async () => {
            for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
            await leases.close();
          })();
        }
        return outcome;
      };
      const held: boolean[] = [];
      const handler = withLeadership(async (_event: object, context) => held.push(context.lease.isHeld()), {
        leases,
        name: "jobs",
      });
      const outcome = await handler({}, { getRemainingTimeInMillis: () => 60_000 }).catch(
        (error: unknown) => error,
      );
      await closing;
      if (outcome instanceof Error) expect(isLeaseError(outcome, "CLIENT_CLOSED", "LEASE_LOST")).toBe(true);
      expect(held).not.toContain(false);
      expect(clock.pendingTimers).toBe(0);
    },
  );
});

describe("work that says it is done too late", () => {
  it("is not reported as done: nothing has recorded it", async () => {
    const { client, table } = manual();
    const leases = client();
    const result = await leases.run(
      "jobs",
      async (lease) => {
        await leases.close();
        lease.complete();
      },
      { tick: "2026-01-01T02:00:00Z" },
    );
    expect(result).toMatchObject({ kind: "led", completed: false });
    expect(table.peek("jobs")).not.toHaveProperty("tick");
  });
});

describe("a candidate whose term ended before its work began", () => {
  it("is healthy: nothing is overdue", async () => {
    const { client, clock } = manual();
    const candidate = client({ retryIntervalMs: 20_000 }).candidate("jobs", {
      register: false,
      onElected: (lease) => lease.release(),
    });
    const begun: unknown[] = [];
    const running = candidate.run(async (lease) => begun.push(lease.token));
    for (let second = 0; second < 60; second += 1) {
      await clock.advance(1_000);
      expect(candidate.healthy(), `after ${second} s`).toBe(true);
    }
    expect(begun).toEqual([]);
    await candidate.resign();
    await running;
  });
});
