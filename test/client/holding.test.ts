import { describe, expect, it } from "vitest";
import { leaseErrorOf } from "../support/failures.ts";
import { manual, never } from "../support/manual.ts";
import { noted, untilStopped } from "../support/candidates.ts";

describe("a minimum hold", () => {
  it("keeps everybody from a lease that was released before, its last leader included", async () => {
    const { client, clock, store, table } = manual();
    const leases = client();
    const { candidate } = noted(leases, "a", { holdAtLeastMs: 30_000, register: false });
    await candidate.campaign();
    await clock.advance(10_000);
    expect(await candidate.resign()).toEqual({ kind: "released" });
    expect(table.peek("a")).toMatchObject({ reservedFor: "", durationMs: 20_000 });
    const sent = store.requests;
    for (const other of [client(), leases]) {
      const result = await other.tryAcquire("a");
      expect(result).toMatchObject({ kind: "refused", reason: "reserved", state: { kind: "vacant" } });
    }
    await leaseErrorOf(candidate.campaign({ timeoutMs: 0 }), "ACQUIRE_TIMEOUT");
    expect(store.requests - sent, "a refusal is one request each").toBe(3);
    await clock.advance(19_900);
    expect((await client().tryAcquire("a")).kind).toBe("refused");
    await clock.advance(100 + 1_500 + 1_000);
    expect((await client().tryAcquire("a")).kind, "and a grace and a second later it is over").toBe(
      "acquired",
    );
  });

  it("costs nothing once it is over", async () => {
    const { client, clock, table } = manual();
    const lease = await client().acquire("a", { holdAtLeastMs: 5_000 });
    await clock.advance(5_000);
    await lease.release();
    expect(table.peek("a")).not.toHaveProperty("reservedFor");
    await clock.advance(1);
    expect((await client().tryAcquire("a")).kind).toBe("acquired");
  });

  it("keeps the row from TTL for as long as it lasts, and for the retention after it", async () => {
    const { client, clock, table } = manual();
    const lease = await client({ retentionMs: 86_400_000 }).acquire("a", { holdAtLeastMs: 86_400_000 });
    await lease.release();
    const lastsMs = Number(table.peek("a")?.ttl) * 1_000 - clock.now().wall;
    expect(lastsMs).toBeGreaterThanOrEqual(2 * 86_400_000);
    expect(lastsMs).toBeLessThan(2 * 86_400_000 + 1_000);
  });

  it("is not cut short by a crash at once: the row tells for how long it is closed", async () => {
    const { client, clock } = manual();
    await client().acquire("a", { holdAtLeastMs: 60_000, renew: "manual" });
    await clock.advance(59_900);
    const early = await client().tryAcquire("a");
    expect(early).toMatchObject({ kind: "refused", reason: "held" });
    await clock.advance(100 + 1_500 + 1_000);
    expect((await client().tryAcquire("a")).kind).toBe("acquired");
  });

  it("comes before a hand-over: the holder leads on until it is over, and then the lease is kept for its successor", async () => {
    const { client, clock, table } = manual();
    const leases = client();
    const lease = await leases.acquire("a", { holdAtLeastMs: 60_000, drainMs: 0 });
    await leases.requestStepDown("a", { reserveFor: "carl" });
    await clock.advance(59_000);
    expect(lease.isHeld(), "a minute without a leader would serve nobody").toBe(true);
    await clock.advance(6_000);
    expect(lease.end).toEqual({ reason: "stepped-down" });
    expect(table.peek("a")).toMatchObject({ reservedFor: "carl" });
    const carl = leases.candidate("a", { id: "carl", register: false });
    expect((await carl.campaign({ timeoutMs: 0 })).isHeld()).toBe(true);
    await leases.close();
  });

  it("is no time to name a successor: that is refused, and the holder leads on", async () => {
    const { client, clock, table } = manual();
    const leases = client();
    const leader = leases.candidate("a", { holdAtLeastMs: 60_000, drainMs: 0 });
    const other = leases.candidate("a");
    const lease = await leader.campaign();
    const waiting = other.campaign();
    await clock.advance(10_000);
    for (const call of [() => leader.transferTo(other.id), () => lease.stepDown({ reserveFor: other.id })]) {
      const error = await leaseErrorOf(call(), "INVALID_ARGUMENT");
      expect(error.message).toMatch(/holdAtLeastMs.*reserveFor.*in 50000 ms/);
      expect(lease.isHeld()).toBe(true);
    }
    await clock.advance(50_000);
    expect(await leader.transferTo(other.id)).toEqual({ kind: "released" });
    expect(table.peek("a")).toMatchObject({ reservedFor: other.id });
    await clock.advance(2_000);
    expect((await waiting).isHeld()).toBe(true);
    await leases.close();
  });

  it("gives way to a leader that steps down for nobody in particular, and keeps the lease for the rest", async () => {
    const { client, clock, table } = manual();
    const lease = await client().acquire("a", { holdAtLeastMs: 20_000, drainMs: 0 });
    await clock.advance(5_000);
    expect(await lease.stepDown()).toEqual({ kind: "released" });
    expect(table.peek("a")).toMatchObject({ reservedFor: "", durationMs: 15_000 });
  });

  it("does not go together with a lease that is kept for a label", async () => {
    const { client } = manual();
    const both = { tick: "2026-01-01T00:00:00Z", affinity: "eu", affinityMs: 60_000, holdAtLeastMs: 1 };
    expect((await leaseErrorOf(client().tryAcquire("a", both), "INVALID_ARGUMENT")).message).toMatch(
      /holdAtLeastMs.*affinity/,
    );
  });

  it("lets work of a run be done no oftener than that", async () => {
    const { client, clock } = manual();
    const begun: number[] = [];
    const candidates = [0, 1, 2].map(() =>
      client().candidate("a", { holdAtLeastMs: 10_000, register: false }),
    );
    const runs = candidates.map((candidate) =>
      candidate.run(async () => {
        begun.push(clock.now().mono);
      }),
    );
    await clock.advance(100_000);
    const gaps = begun.slice(1).map((at, index) => at - (begun[index] ?? 0));
    expect(begun.length).toBeGreaterThan(6);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000);
    await Promise.all(candidates.map((candidate) => candidate.resign()));
    await Promise.all(runs);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("a lock-delay", () => {
  it("closes the lease of a leader that died for as much longer, and only then", async () => {
    const { client, clock } = manual();
    await client().acquire("a", { lockDelayMs: 20_000, renew: "manual" });
    await clock.advance(15_000 + 1_500 + 1_000);
    expect((await client().tryAcquire("a")).kind).toBe("refused");
    await clock.advance(20_000);
    const next = await client().acquire("a", { timeoutMs: 0 });
    await next.release();
    await clock.advance(1);
    expect((await client().tryAcquire("a")).kind, "the delay was the dead leader's").toBe("acquired");
  });

  it("is not time in which its leader leads, and `get` tells for how long the lease goes on reading held", async () => {
    const { client, clock, table } = manual();
    const lease = await client().acquire("a", { lockDelayMs: 20_000, renew: "manual" });
    expect(table.peek("a")).toMatchObject({ durationMs: 35_000, lockDelayMs: 20_000 });
    expect(lease.remainingMs()).toBeLessThanOrEqual(15_000);
    await clock.advance(15_000);
    expect(lease.isHeld()).toBe(false);
    expect(await client().get("a")).toMatchObject({ kind: "held", lockDelayMs: 20_000 });
  });

  it("is added to what a limit leaves of the term, and renewed with it", async () => {
    const { client, clock, table } = manual();
    const lease = await client().acquire("a", { lockDelayMs: 20_000, termLimitMs: 17_000 });
    await clock.advance(5_000);
    expect(Number(table.peek("a")?.durationMs)).toBeGreaterThan(11_900 + 20_000);
    expect(Number(table.peek("a")?.durationMs)).toBeLessThanOrEqual(12_000 + 20_000);
    await clock.advance(12_000);
    expect(lease.end).toMatchObject({ reason: "expired", atLimit: true });
  });

  it("holds against those who watch, too", async () => {
    const { client, clock } = manual();
    await client().acquire("a", { lockDelayMs: 20_000, renew: "manual" });
    const { candidate } = noted(client(), "a", { register: false });
    const campaigning = candidate.campaign();
    await clock.advance(34_900);
    expect(candidate.lease).toBeUndefined();
    await clock.advance(1_600 + 1_000 + 2_000);
    expect((await campaigning).isHeld()).toBe(true);
    await candidate.resign();
  });

  it("costs nothing after a release, nor after a hand-over", async () => {
    const { client, clock, table } = manual();
    const leases = client();
    const lease = await leases.acquire("a", { lockDelayMs: 86_400_000 });
    expect(table.peek("a")?.lockDelayMs).toBe(86_400_000);
    await lease.release();
    expect(table.peek("a")).not.toHaveProperty("lockDelayMs");
    await clock.advance(1);
    const again = await leases.acquire("a", { lockDelayMs: 86_400_000 });
    const stepping = again.stepDown({ drainMs: 0 });
    await stepping;
    await clock.advance(1);
    expect((await client().tryAcquire("a")).kind).toBe("acquired");
  });

  it("does not keep a candidate from its own term, which it has ended itself", async () => {
    const { client, clock, store } = manual();
    const { candidate } = noted(client(), "a", { lockDelayMs: 86_400_000, register: false });
    const first = await candidate.campaign();
    store.onWrite = async (write, pass) => (write.kind === "release" ? never() : pass());
    const resigning = candidate.resign();
    await clock.advance(6_000);
    expect(await resigning).toMatchObject({ kind: "unknown" });
    expect((await candidate.campaign()).token).toBeGreaterThan(first.token);
    store.onWrite = undefined;
    await candidate.resign();
    expect(clock.pendingTimers).toBe(0);
  });

  it("delays an operator's last resort in nothing: the term is revoked, not expired", async () => {
    const { client, clock } = manual();
    const leases = client();
    const { candidate, ends } = noted(client(), "a", { lockDelayMs: 86_400_000, register: false });
    const running = candidate.run(untilStopped);
    await clock.advance(1);
    await leases.forceRelease("a");
    expect((await leases.tryAcquire("a", { durationMs: 60_000 })).kind).toBe("acquired");
    await clock.advance(5_000);
    expect(ends).toMatchObject([{ reason: "superseded" }]);
    await candidate.resign();
    await running;
  });
});
