import { describe, expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";
import { hear } from "../support/lease-events.ts";
import { loaded, manual } from "../support/manual.ts";
import { Gate, UNANSWERED } from "../support/probe-store.ts";
import { noted, untilStopped } from "../support/candidates.ts";

/** A leader of priority 0 that has settled, and a stronger candidate that has not yet begun. */
async function rivals(work: (lease: Lease) => Promise<unknown> = untilStopped, options = {}) {
  const world = manual();
  const leases = world.client({ random: loaded(0.5) });
  const weak = noted(leases, "a", { holder: "weak", minTermMs: 0, register: false, ...options });
  const strong = noted(leases, "a", { holder: "strong", priority: 5, register: false });
  const running = weak.candidate.run(work);
  await world.clock.advance(1_000);
  return { ...world, leases, weak, strong, running };
}

describe("a stronger candidate", () => {
  it("gets the lease by three writes: a request, a release, a claim", async () => {
    const { clock, store, weak, strong, running, table } = await rivals();
    using heard = hear("a");
    const sent = store.sent.length;
    const campaigning = strong.candidate.campaign();
    while (strong.candidate.lease === undefined) await clock.advance(100);
    const lease = await campaigning;
    const handover = store.sent.slice(sent).flatMap(({ kind }) => (kind === "renew" ? [] : [kind]));
    expect(handover, "a refused claim when it began, then the three").toEqual([
      "claim",
      "request",
      "release",
      "claim",
    ]);
    expect(heard.of("handover")).toMatchObject([
      { holder: weak.candidate.id, to: strong.candidate.id, drainMs: 5_000 },
    ]);
    expect(weak.ends).toEqual([{ reason: "stepped-down" }]);
    expect(table.peek("a")).toMatchObject({ holder: strong.candidate.id, priority: 5 });
    expect(table.peek("a")).not.toHaveProperty("requestedBy");
    await clock.advance(30_000);
    expect(lease.isHeld(), "the weaker one stands again, and does not ask").toBe(true);
    expect(store.sent.filter(({ kind }) => kind === "request")).toHaveLength(1);
    await strong.candidate.resign();
    await weak.candidate.resign();
    await running;
    expect(clock.pendingTimers).toBe(0);
  });

  it("asks again at its next look when its request was lost, and once when only the answer was", async () => {
    for (const lost of ["request", "answer"] as const) {
      const { clock, store, strong, weak, running } = await rivals();
      let asks = 0;
      store.onWrite = async (write, pass) => {
        if (write.kind !== "request" || (asks += 1) > 1) return pass();
        if (lost === "answer") await pass();
        return UNANSWERED;
      };
      const campaigning = strong.candidate.campaign();
      await clock.advance(30_000);
      expect((await campaigning).isHeld()).toBe(true);
      expect(asks).toBe(lost === "request" ? 2 : 1);
      await strong.candidate.resign();
      await weak.candidate.resign();
      await running;
    }
  });

  it("is not disturbed by a duplicate of its request that lands in its own term", async () => {
    const { clock, store, strong, weak, running, table } = await rivals();
    const duplicates: (() => Promise<unknown>)[] = [];
    store.onWrite = async (write, pass) => {
      if (write.kind === "request") duplicates.push(pass);
      return pass();
    };
    const campaigning = strong.candidate.campaign();
    await clock.advance(20_000);
    await campaigning;
    for (const again of duplicates) await again();
    expect(table.peek("a")?.requestedBy).toBeUndefined();
    await clock.advance(20_000);
    expect(strong.candidate.lease?.isHeld()).toBe(true);
    await strong.candidate.resign();
    await weak.candidate.resign();
    await running;
  });

  it("waits until the weaker one has settled: no oftener than that does the lead change", async () => {
    const { clock, strong, weak, running } = await rivals(untilStopped, { minTermMs: 60_000 });
    const campaigning = strong.candidate.campaign();
    await clock.advance(58_000);
    expect(weak.ends).toEqual([]);
    expect(strong.candidate.lease).toBeUndefined();
    await clock.advance(15_000);
    expect((await campaigning).isHeld()).toBe(true);
    await strong.candidate.resign();
    await weak.candidate.resign();
    await running;
  });

  it("never takes a settled lead from an equal, nor from one that grew stronger", async () => {
    for (const priority of [5, 6]) {
      const { clock, strong, weak, running, store } = await rivals(untilStopped, { priority });
      const campaigning = leaseErrorOf(strong.candidate.campaign(), "ABORTED");
      await clock.advance(120_000);
      expect(weak.candidate.lease?.isHeld()).toBe(true);
      expect(store.sent.filter(({ kind }) => kind === "request")).toEqual([]);
      await strong.candidate.resign();
      await campaigning;
      await weak.candidate.resign();
      await running;
    }
  });

  it("that dies after it asked costs the reservation, the grace and a second, no more", async () => {
    const { clock, store, strong, weak, leases, running, table } = await rivals(untilStopped, {
      reserveForMs: 4_000,
      drainMs: 0,
    });
    const dying = leaseErrorOf(strong.candidate.campaign(), "ABORTED");
    await clock.advance(0);
    expect(store.sent.at(-1)?.kind).toBe("request");
    await strong.candidate.resign(); // It does not come any more.
    await dying;
    while (weak.candidate.lease) await clock.advance(100);
    expect(table.peek("a")?.reservedFor).toBe(strong.candidate.id);
    expect(await leases.tryAcquire("a")).toMatchObject({ kind: "refused", reason: "reserved" });
    await clock.advance(3_900);
    expect((await leases.tryAcquire("a")).kind, "kept for all of its time").toBe("refused");
    await clock.advance(100 + 1_500 + 1_000 + 2_000);
    expect(weak.leases, "even its last leader gets it back").toHaveLength(2);
    await weak.candidate.resign();
    await running;
  });
});

describe("the work of a leader that is to hand over", () => {
  it("is told, may finish for drainMs, is then told to stop, and the lease is released once it settled", async () => {
    const gate = new Gate();
    let lease: Lease | undefined;
    let told: unknown;
    const { clock, leases, weak, running, table } = await rivals(
      async (held) => {
        lease = held;
        told = await held.handover;
        await gate.pass();
      },
      { drainMs: 7_000 },
    );
    expect(await leases.requestStepDown("a", { reserveFor: "carl" })).toMatchObject({ kind: "requested" });
    await clock.advance(3_999);
    expect(told, "before the renewal that brings it").toBeUndefined();
    await clock.advance(1);
    expect(told).toEqual({ to: "carl", drainMs: 7_000 });
    await clock.advance(6_999);
    expect(lease?.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(leaseErrorIn(() => lease?.signal.throwIfAborted(), "HANDED_OVER").lease).toBe("a");
    await clock.advance(60_000);
    expect(lease?.isHeld(), "held and renewed until it has settled").toBe(true);
    gate.open();
    await clock.advance(0);
    expect(weak.ends).toEqual([{ reason: "stepped-down" }]);
    expect(table.peek("a")).toMatchObject({ reservedFor: "carl", durationMs: 10_000 });
    await weak.candidate.resign();
    await running;
  });

  it("that returns within its time hands over at once, and the signal never says HANDED_OVER", async () => {
    let lease: Lease | undefined;
    const { clock, leases, weak, running, table } = await rivals(async (held) => {
      lease = held;
      await held.handover;
    });
    await leases.requestStepDown("a");
    await clock.advance(5_000);
    expect(weak.ends).toEqual([{ reason: "stepped-down" }]);
    expect(lease?.signal.reason).toMatchObject({ code: "LEASE_LOST" });
    expect(table.peek("a")).not.toHaveProperty("reservedFor");
    await weak.candidate.resign();
    await running;
  });

  it("that throws because of it goes on to the next term; that throws before it was told to stop ends the run", async () => {
    const drained = await rivals(
      async (held) => {
        await untilStopped(held);
        throw new Error("interrupted");
      },
      { drainMs: 1_000 },
    );
    await drained.leases.requestStepDown("a");
    await drained.clock.advance(20_000);
    expect(drained.weak.leases.length, "it leads again").toBeGreaterThan(1);
    await drained.weak.candidate.resign();
    await drained.running;

    const failing = await rivals(async (held) => {
      await held.handover;
      throw new Error("of its own");
    });
    const ended = expect(failing.running).rejects.toThrow("of its own");
    await failing.leases.requestStepDown("a");
    await failing.clock.advance(5_000);
    await ended;
    expect(failing.weak.ends).toEqual([{ reason: "stepped-down" }]);
    expect(failing.clock.pendingTimers).toBe(0);
  });

  it("has no time at all with drainMs 0: told and stopped at the same renewal", async () => {
    let reason: unknown;
    const { clock, leases, weak, running } = await rivals(
      async (held) => {
        await untilStopped(held);
        reason = held.signal.reason;
      },
      { drainMs: 0 },
    );
    await leases.requestStepDown("a");
    await clock.advance(5_000);
    expect(reason).toMatchObject({ code: "HANDED_OVER" });
    expect(weak.ends).toEqual([{ reason: "stepped-down" }]);
    await weak.candidate.resign();
    await running;
  });

  it("is not told of anything when the term is lost while it drains, but that", async () => {
    const { clock, leases, weak, running } = await rivals(untilStopped, { drainMs: 60_000 });
    await leases.requestStepDown("a");
    await clock.advance(5_000);
    await leases.forceRelease("a");
    await clock.advance(5_000);
    expect(weak.ends).toEqual([{ reason: "revoked" }]);
    await weak.candidate.resign();
    await running;
    expect(clock.pendingTimers).toBe(0);
  });
});
