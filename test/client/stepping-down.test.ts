import { describe, expect, it } from "vitest";
import { leaseErrorOf } from "../support/failures.ts";
import { manual } from "../support/manual.ts";
import { noted, untilStopped } from "../support/candidates.ts";

describe("a lease without guarded work", () => {
  it("is released by itself when its time to drain is up", async () => {
    const { client, clock, table } = manual();
    const leases = client();
    const lease = await leases.acquire("a", { drainMs: 2_000 });
    await leases.requestStepDown("a", { reserveFor: "carl" });
    await clock.advance(7_000);
    expect(lease.signal.aborted).toBe(true);
    expect(lease.isHeld()).toBe(false);
    expect(lease.end).toEqual({ reason: "stepped-down" });
    expect(table.peek("a")).toMatchObject({ reservedFor: "carl" });
    expect(clock.pendingTimers).toBe(0);
  });

  it("with drainMs 0 is released within the renewal that brought the request, which succeeds", async () => {
    const { client, clock, table, store } = manual();
    const leases = client();
    const lease = await leases.acquire("a", { drainMs: 0, renew: "manual" });
    await leases.requestStepDown("a");
    await lease.renew();
    await clock.advance(0);
    expect(lease.end).toEqual({ reason: "stepped-down" });
    expect(table.peek("a")?.holder).toBeUndefined();
    expect(store.sent.map(({ kind }) => kind)).toEqual(["claim", "request", "renew", "release"]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("resolves its hand-over for whoever asks late, and never rejects", async () => {
    const { client, clock } = manual();
    const lease = await client().acquire("a", { drainMs: 60_000 });
    const stepping = lease.stepDown({ reserveFor: "carl" });
    expect(await lease.handover).toEqual({ to: "carl", drainMs: 60_000 });
    expect(await lease.handover).toEqual({ to: "carl", drainMs: 60_000 });
    expect(lease.isHeld()).toBe(true);
    await clock.advance(60_000);
    expect(await stepping).toEqual({ kind: "released" });
  });
});

describe("stepping down", () => {
  it("drains, releases and keeps the lease for whom it is told to, for as long as it is told to", async () => {
    const { client, clock, table } = manual();
    const { candidate, ends } = noted(client(), "a");
    await candidate.campaign();
    const stepping = candidate.stepDown({ reserveFor: "carl", reserveForMs: 1_234, drainMs: 500 });
    await clock.advance(499);
    expect(candidate.lease?.isHeld()).toBe(true);
    await clock.advance(1);
    expect(await stepping).toEqual({ kind: "released" });
    expect(ends).toEqual([{ reason: "stepped-down" }]);
    expect(table.peek("a")).toMatchObject({ reservedFor: "carl", durationMs: 1_234 });
    expect(clock.pendingTimers).toBe(0);
  });

  it("twice is once, after a release or a loss nothing, and never hangs", async () => {
    const { client, clock, store, table } = manual();
    const leases = client();
    const lease = await leases.acquire("a");
    const both = Promise.all([lease.stepDown({ drainMs: 0 }), lease.stepDown({ drainMs: 60_000 })]);
    expect(await both).toEqual([{ kind: "released" }, { kind: "released" }]);
    const sent = store.sent.length;
    expect(await lease.stepDown()).toEqual({ kind: "released" });
    expect(store.sent.length).toBe(sent);

    await clock.advance(10);
    const lost = await leases.acquire("a");
    table.delete("a");
    await clock.advance(5_000);
    expect(lost.end?.reason).toBe("revoked");
    expect(await lost.stepDown()).toEqual({ kind: "gone" });
    expect(clock.pendingTimers).toBe(0);
  });

  it("resolves when the term is lost while it drains, and says what became of the row", async () => {
    const { client, clock, table } = manual();
    const lease = await client().acquire("a");
    let result: unknown;
    const stepping = lease.stepDown({ drainMs: 3_600_000 }).then((how) => (result = how));
    table.delete("a");
    await clock.advance(5_000);
    expect(result).toEqual({ kind: "gone" });
    await stepping;
    expect(lease.end).toEqual({ reason: "revoked" });
    expect(clock.pendingTimers).toBe(0);
  });

  it("within a run resolves once the work has settled, and the run goes on", async () => {
    const { client, clock } = manual();
    const { candidate, leases: led } = noted(client(), "a");
    const running = candidate.run(untilStopped);
    await clock.advance(0);
    const stepping = candidate.stepDown({ drainMs: 3_000 });
    await clock.advance(3_000);
    expect(await stepping).toEqual({ kind: "released" });
    await clock.advance(4_000);
    expect(led).toHaveLength(2);
    await candidate.resign();
    await running;
  });

  it("that is out of bounds is refused, and the term goes on untouched", async () => {
    const { client } = manual();
    const lease = await client().acquire("a");
    for (const wrong of [{ drainMs: -1 }, { reserveForMs: 0.5 }, { reserveFor: "" }]) {
      const error = await leaseErrorOf(lease.stepDown(wrong), "INVALID_ARGUMENT");
      expect(error.message).toContain(Object.keys(wrong)[0]);
    }
    expect(lease.isHeld()).toBe(true);
    await lease.release();
  });
});

describe("a transfer", () => {
  it("goes to the candidate that is named, though others wait and are stronger", async () => {
    const { client, clock } = manual();
    const leases = client();
    const all = [0, 1, 2].map((priority) => noted(leases, "a", { priority, minTermMs: 86_400_000 }));
    const [leader, chosen, stronger] = all;
    if (!leader || !chosen || !stronger) throw new Error("unreachable");
    await leader.candidate.campaign();
    const waiting = [chosen, stronger].map(({ candidate }) => candidate.campaign().catch(() => undefined));
    await clock.advance(3_000);
    const transferring = leader.candidate.transferTo(chosen.candidate.id, { drainMs: 100 });
    await clock.advance(100);
    expect(await transferring).toEqual({ kind: "released" });
    await clock.advance(2_000);
    expect(chosen.candidate.lease?.isHeld()).toBe(true);
    expect(stronger.candidate.lease).toBeUndefined();
    for (const { candidate } of all) await candidate.resign();
    await Promise.all(waiting);
    expect(clock.pendingTimers).toBe(0);
  });

  it("to nobody, to itself, or to one that has left is refused, and the term goes on", async () => {
    const { client, clock } = manual();
    const leases = client();
    const { candidate } = noted(leases, "a");
    await candidate.campaign();
    const left = leases.candidate("a");
    const campaigning = leaseErrorOf(left.campaign(), "ABORTED");
    await clock.advance(100);
    await left.resign();
    await campaigning;
    for (const id of ["nobody", candidate.id, left.id, "", undefined as unknown as string]) {
      const error = await leaseErrorOf(candidate.transferTo(id), "INVALID_ARGUMENT");
      expect(error.message).toContain("candidates()");
    }
    expect(candidate.lease?.isHeld()).toBe(true);
    await candidate.resign();
  });
});
