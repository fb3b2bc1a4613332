import { describe, expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { leaseErrorIn } from "../support/failures.ts";
import { manual } from "../support/manual.ts";
import { Gate } from "../support/probe-store.ts";
import { context, type Elect, withMiddy, withWrapper } from "./invocations.ts";

const NOON = { tick: "2026-01-01T12:00:00.000Z" };

describe.each<readonly [string, Elect]>([
  ["leaderOnly", withMiddy],
  ["withLeadership", withWrapper],
])("%s", (_, elect) => {
  /** A handler that runs until it is let go on, and the lease that it has. */
  async function running() {
    const world = manual();
    const gate = new Gate();
    let lease: Lease | undefined;
    const invoke = elect(
      async (__, lambdaContext) => {
        lease = lambdaContext.lease;
        await gate.pass();
        return "done";
      },
      { leases: world.client(), name: "jobs" },
    );
    const result = invoke(NOON, context(world.clock, 600_000));
    await gate.reached;
    if (lease === undefined) throw new Error("the handler has no lease");
    return { ...world, gate, lease, result };
  }

  it("tells a running handler to hand over, then to stop, and releases only after it has settled", async () => {
    const { client, clock, table, gate, lease, result } = await running();
    await client().requestStepDown("jobs", { reserveFor: "bob" });
    await clock.advance(5_000);
    expect(await lease.handover).toEqual({ to: "bob", drainMs: 5_000 });
    expect(lease.signal.aborted).toBe(false);
    await clock.advance(5_000);
    leaseErrorIn(() => lease.signal.throwIfAborted(), "HANDED_OVER");
    await clock.advance(60_000);
    expect(lease.isHeld(), "it is still leading while it goes on").toBe(true);
    expect(table.peek("jobs")?.holder).toBe(lease.holder);
    gate.open();
    expect(await result).toBe("done");
    expect(lease.end).toEqual({ reason: "stepped-down" });
    expect(table.peek("jobs")).toMatchObject({ reservedFor: "bob" });
    expect(table.peek("jobs"), "who was told to stop may have stopped half-way").not.toHaveProperty("tick");
    expect(clock.pendingTimers).toBe(0);
  });

  it("takes the occurrence for done where the handler says so, though it was told to stop", async () => {
    const { client, clock, table, gate, lease, result } = await running();
    await client().requestStepDown("jobs");
    await clock.advance(20_000);
    expect(lease.signal.aborted).toBe(true);
    lease.complete();
    gate.open();
    await result;
    expect(table.peek("jobs")).toMatchObject({ tick: NOON.tick });
  });

  it("hands over at once when the handler returns while it drains", async () => {
    const { client, clock, table, gate, lease, result } = await running();
    await client().requestStepDown("jobs");
    await clock.advance(6_000);
    gate.open();
    await result;
    expect(lease.end).toEqual({ reason: "stepped-down" });
    expect(table.peek("jobs")?.holder).toBeUndefined();
    expect(table.peek("jobs")).not.toHaveProperty("reservedFor");
    expect(clock.pendingTimers, "the time to drain has no timer left").toBe(0);
  });

  it("leaves an environment that freezes while it drains without a lease to thaw with", async () => {
    const { client, clock, gate, lease, result } = await running();
    await client().requestStepDown("jobs");
    await clock.advance(6_000);
    clock.freeze(120_000, { monotonicRuns: false });
    expect(lease.isHeld()).toBe(false);
    expect(lease.end).toMatchObject({ reason: "expired" });
    gate.open();
    await result;
    expect(clock.pendingTimers).toBe(0);
  });

  it("keeps a lease closed for its minimum hold, for itself and for all, however short the handler", async () => {
    const { client, clock, store } = manual();
    let runs = 0;
    const invoke = () =>
      elect(async () => (runs += 1), { leases: client(), name: "jobs", holdAtLeastMs: 30_000 })(
        {},
        context(clock),
      );
    expect(await invoke()).toBe(1);
    const sent = store.requests;
    expect(await invoke()).toEqual({ led: false, reason: "reserved", leader: undefined });
    expect(store.requests - sent).toBe(1);
    await clock.advance(29_900);
    expect(await invoke()).toMatchObject({ led: false, reason: "reserved" });
    await clock.advance(100 + 1_500 + 1_000);
    expect(await invoke()).toBe(2);
    expect(clock.pendingTimers).toBe(0);
  });
});
