import { describe, expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { manual, never } from "../support/manual.ts";
import { Gate } from "../support/probe-store.ts";
import { context, type Elect, leaseOf, withMiddy, withWrapper } from "./invocations.ts";

/** What EventBridge Scheduler sends where it is given no input. */
const scheduled = (time: string) => ({ source: "aws.scheduler", "detail-type": "Scheduled Event", time });
const NOON = { tick: "2026-01-01T12:00:00.000Z" };

describe.each<readonly [string, Elect]>([
  ["leaderOnly", withMiddy],
  ["withLeadership", withWrapper],
])("%s", (_, elect) => {
  it("runs the handler while it leads, with the lease on the context, and releases after it", async () => {
    const { client, clock, table } = manual();
    let during: Lease | undefined;
    const invoke = elect(
      async (event, lambdaContext) => {
        during = lambdaContext.lease;
        expect(during.isHeld()).toBe(true);
        expect(table.peek("jobs")?.holder).toBe(during.holder);
        expect(lambdaContext.awsRequestId, "the context is still Lambda's").toBe("1");
        return { echoed: event };
      },
      { leases: client(), name: "jobs" },
    );
    expect(await invoke({ n: 1 }, context(clock))).toEqual({ echoed: { n: 1 } });
    expect(during?.end).toEqual({ reason: "released" });
    expect(table.peek("jobs")?.holder).toBeUndefined();
    expect(clock.pendingTimers, "nothing is left to thaw with").toBe(0);
  });

  it("returns early when refused, says who leads, and leaves no timer and nothing on the context", async () => {
    const { client, clock, store } = manual();
    const lease = await client().acquire("jobs", { renew: "manual" });
    const timers = clock.pendingTimers;
    const sent = store.requests;
    let ran = false;
    const invoke = elect(
      async () => {
        ran = true;
      },
      { leases: client(), name: "jobs" },
    );
    const lambdaContext = context(clock);
    expect(await invoke({}, lambdaContext)).toEqual({ led: false, reason: "held", leader: lease.holder });
    expect(ran).toBe(false);
    expect(leaseOf(lambdaContext)).toBeUndefined();
    expect(clock.pendingTimers).toBe(timers);
    expect(store.requests - sent, "a refusal is one request").toBe(1);
  });

  it("releases when the handler throws, and throws on what it threw", async () => {
    const { client, clock, table } = manual();
    const failure = new Error("handler");
    const invoke = elect(async () => Promise.reject(failure), { leases: client(), name: "jobs" });
    await expect(invoke(NOON, context(clock))).rejects.toBe(failure);
    expect(table.peek("jobs")?.holder).toBeUndefined();
    expect(table.peek("jobs")?.tick, "its occurrence is not done").toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(10);
    await expect(invoke(NOON, context(clock)), "another try may follow").rejects.toBe(failure);
  });

  it("records the occurrence when the handler has returned, and does not run it again", async () => {
    const { client, clock, table } = manual();
    let runs = 0;
    const invoke = elect(async () => (runs += 1), { leases: client(), name: "jobs" });
    await invoke(NOON, context(clock));
    expect(table.peek("jobs")?.tick).toBe(NOON.tick);
    await clock.advance(60_000);
    expect(await invoke(NOON, context(clock))).toEqual({
      led: false,
      reason: "tick-done",
      leader: undefined,
    });
    expect(await invoke(scheduled(NOON.tick), context(clock))).toMatchObject({ reason: "tick-done" });
    expect(runs).toBe(1);
    await invoke(scheduled("2026-01-01T12:05:00Z"), context(clock));
    expect(runs).toBe(2);
  });

  it("finds the occurrence where the caller says", async () => {
    const { client, clock, table } = manual();
    const tick = (event: unknown): Date => new Date((event as { at: number }).at);
    const invoke = elect(async () => 1, { leases: client(), name: "jobs", tick });
    await invoke({ at: 1_767_225_600_000, tick: "ignored" }, context(clock));
    expect(table.peek("jobs")?.tick).toBe("2026-01-01T00:00:00.000Z");
  });

  it("uses the occurrence up at once under at-most-once, even when the handler throws", async () => {
    const { client, clock, table } = manual();
    let runs = 0;
    const invoke = elect(
      async () => {
        runs += 1;
        expect(table.peek("jobs")?.tick).toBe(NOON.tick);
        throw new Error("handler");
      },
      { leases: client(), name: "jobs", tickPolicy: "at-most-once" },
    );
    await expect(invoke(NOON, context(clock))).rejects.toThrow("handler");
    await clock.advance(60_000);
    expect(await invoke(NOON, context(clock))).toMatchObject({ led: false, reason: "tick-done" });
    expect(runs).toBe(1);
  });

  it("ends the term before Lambda ends the invocation, by the margin, and no row promises more", async () => {
    const { client, clock, table } = manual();
    const gate = new Gate();
    let lease: Lease | undefined;
    const invoke = elect(
      async (__, lambdaContext) => {
        lease = lambdaContext.lease;
        await gate.pass();
      },
      { leases: client(), name: "jobs", timeoutMarginMs: 1_000 },
    );
    const begun = clock.now();
    const running = invoke({}, context(clock, 12_000));
    await gate.reached;
    expect(lease?.remainingMs()).toBeLessThanOrEqual(11_000);
    for (let second = 0; second < 10; second += 1) {
      expect((table.peek("jobs")?.expiresAt ?? 0) - begun.wall).toBeLessThanOrEqual(11_000);
      await clock.advance(1_000);
    }
    expect(lease?.isHeld()).toBe(true);
    await clock.advance(1_000);
    expect(lease?.isHeld()).toBe(false);
    expect(lease?.signal.aborted, "the handler is told").toBe(true);
    gate.open();
    await running;
    expect(clock.pendingTimers).toBe(0);
  });

  it("leaves no lease beyond the cap of a handler that never returns", async () => {
    const { client, clock } = manual();
    const leases = client();
    const invoke = elect(never, { leases, name: "jobs" });
    void invoke({}, context(clock, 6_000));
    await clock.advance(5_500);
    // Lambda has ended the invocation; nobody releases, and nobody renews.
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(1_500 + 1_000);
    expect((await client().tryAcquire("jobs")).kind).toBe("acquired");
  });

  it("does not begin what there is no time for, and says what to do", async () => {
    const { client, clock, store } = manual();
    let ran = false;
    const invoke = elect(
      async () => {
        ran = true;
      },
      { leases: client(), name: "jobs" },
    );
    const error = await leaseErrorOf(invoke({}, context(clock, 1_400)), "INVALID_ARGUMENT");
    expect(error.message).toMatch(/jobs/);
    expect(error.message).toMatch(/1400/);
    expect(error.message).toMatch(/timeout/);
    expect(ran).toBe(false);
    expect(store.requests).toBe(0);
  });

  it("leads without a limit where nobody says how long an invocation may run", async () => {
    const { client, clock } = manual();
    const invoke = elect(async (__, lambdaContext) => lambdaContext.lease.isHeld(), {
      leases: client(),
      name: "jobs",
    });
    expect(await invoke({}, context())).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it("makes every invocation a candidate of its own, also of one process at the same time", async () => {
    const { client, clock } = manual();
    const holders: string[] = [];
    const gate = new Gate();
    const invoke = elect(
      async (__, lambdaContext) => {
        holders.push(lambdaContext.lease.holder);
        await gate.pass();
        return "led";
      },
      { leases: client(), name: "jobs" },
    );
    const first = invoke({}, context(clock));
    await gate.reached;
    const others = await Promise.all([invoke({}, context(clock)), invoke({}, context(clock))]);
    expect(others).toEqual([
      { led: false, reason: "held", leader: holders[0] },
      { led: false, reason: "held", leader: holders[0] },
    ]);
    gate.open();
    expect(await first).toBe("led");
    await clock.advance(10);
    await invoke({}, context(clock));
    expect(new Set(holders).size).toBe(2);
  });

  it("keeps the leases of invocations apart that run at the same time for different leaders", async () => {
    const { client, clock, table } = manual();
    const leases = client();
    const gates = [new Gate(), new Gate()];
    const invokes = gates.map((gate, at) => elect(() => gate.pass(), { leases, name: `jobs-${at}` }));
    const running = invokes.map((invoke) => invoke({}, context(clock)));
    await Promise.all(gates.map((gate) => gate.reached));
    gates[0]?.open();
    await running[0];
    expect(table.peek("jobs-0")?.holder).toBeUndefined();
    expect(table.peek("jobs-1")?.holder).toBeDefined();
    gates[1]?.open();
    await running[1];
    expect(clock.pendingTimers).toBe(0);
  });

  it("hands on what a handler returned after its lease was lost, and disturbs no successor", async () => {
    const { client, clock, table } = manual();
    const gate = new Gate();
    let seen: unknown;
    const invoke = elect(
      async (__, lambdaContext) => {
        await gate.pass();
        seen = [lambdaContext.lease.isHeld(), lambdaContext.lease.end?.reason];
        return "late";
      },
      { leases: client(), name: "jobs" },
    );
    const running = invoke(NOON, context(clock, 300_000));
    await gate.reached;
    clock.freeze(20_000);
    const successor = await client().acquire("jobs", { timeoutMs: 0 });
    gate.open();
    expect(await running).toBe("late");
    expect(seen).toEqual([false, "expired"]);
    expect(successor.isHeld()).toBe(true);
    expect(table.peek("jobs")).toMatchObject({ holder: successor.holder });
    expect(table.peek("jobs")?.tick, "only the successor can say that it is done").toBeUndefined();
  });

  it("renews for as long as the handler runs", async () => {
    const { client, clock } = manual();
    const gate = new Gate();
    let lease: Lease | undefined;
    const invoke = elect(
      async (__, lambdaContext) => {
        lease = lambdaContext.lease;
        await gate.pass();
      },
      { leases: client(), name: "jobs", durationMs: 3_000 },
    );
    const running = invoke({}, context(clock, 300_000));
    await gate.reached;
    await clock.advance(30_000);
    expect(lease?.isHeld()).toBe(true);
    gate.open();
    await running;
    expect(clock.pendingTimers).toBe(0);
  });

  it("throws what the election throws, and does not run the handler", async () => {
    const { client, clock, store } = manual();
    store.onWrite = never;
    let ran = false;
    const invoke = elect(
      async () => {
        ran = true;
      },
      { leases: client(), name: "jobs" },
    );
    const failing = leaseErrorOf(invoke({}, context(clock)), "STORE_UNAVAILABLE");
    await clock.advance(6_000);
    expect((await failing).lease).toBe("jobs");
    expect(ran).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });
});
