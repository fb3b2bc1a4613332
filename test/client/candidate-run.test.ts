import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { loaded, manual } from "../support/manual.ts";
import { Gate } from "../support/probe-store.ts";
import { noted, untilStopped } from "../support/candidates.ts";

describe("a run", () => {
  it("does its work in term after term, and tells of each in pairs and in order", async () => {
    const { client, clock } = manual();
    const leases = client();
    const { candidate, told, leases: led } = noted(leases, "a");
    const ender = new AbortController();
    const worked: number[] = [];
    const running = candidate.run(
      async (lease) => {
        worked.push(lease.token);
        await untilStopped(lease);
      },
      { signal: ender.signal },
    );
    await clock.advance(0);
    for (let loss = 0; loss < 2; loss += 1) {
      expect(await leases.forceRelease("a")).toMatchObject({ kind: "released", holder: candidate.id });
      await clock.advance(5_000);
    }
    ender.abort();
    await running;
    expect(worked).toEqual(led.map(({ token }) => token));
    expect(worked).toEqual(worked.toSorted((a, b) => a - b));
    const [one, two, three] = worked;
    const leader = `leader ${candidate.id}`;
    expect(told).toEqual(
      [
        [`elected ${one}`, leader, "lost revoked"],
        [`elected ${two}`, leader, "lost revoked"],
        [`elected ${three}`, leader, "lost stepped-down"],
      ].flat(),
    );
    expect(clock.pendingTimers).toBe(0);
    expect(getEventListeners(ender.signal, "abort")).toEqual([]);
  });

  it("lets others have their turn after work that returned, and stands again by itself", async () => {
    const { client, clock, table } = manual();
    const candidate = client({ random: loaded(0.5) }).candidate("a");
    const begun: number[] = [];
    const running = candidate.run(async () => {
      begun.push(clock.now().mono);
    });
    await clock.advance(9_100);
    // 2 s between looks and a random part of as much again: 3 s here.
    expect(begun.map((at) => at - 1_000)).toEqual([0, 3_000, 6_000, 9_000]);
    expect(table.peek("a")?.transitions).toBe(4);
    await candidate.resign();
    await running;
    expect(clock.pendingTimers).toBe(0);
  });

  it("ends with what its work throws, after the release", async () => {
    const { client, clock, table } = manual();
    const { candidate, told } = noted(client(), "a");
    const failure = new Error("work");
    const running = candidate.run(async () => {
      expect(table.peek("a")?.holder).toBe(candidate.id);
      throw failure;
    });
    await expect(running).rejects.toBe(failure);
    expect(table.peek("a")?.holder).toBeUndefined();
    expect(told.at(-1)).toBe("lost released");
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(10);
    expect((await candidate.campaign()).isHeld(), "it can stand again").toBe(true);
    await candidate.resign();
  });

  it("ends with what its work throws synchronously, too", async () => {
    const { client, clock } = manual();
    const candidate = client().candidate("a");
    const failure = new Error("at once");
    const running = candidate.run(() => {
      throw failure;
    });
    await expect(running).rejects.toBe(failure);
    expect(clock.pendingTimers).toBe(0);
  });

  it("takes what its work throws after it was told to stop for the consequence of that", async () => {
    const { client, clock } = manual();
    const leases = client();
    const { candidate, ends } = noted(leases, "a");
    const running = candidate.run(async (lease) => {
      await untilStopped(lease);
      throw lease.signal.reason;
    });
    await clock.advance(0);
    await leases.forceRelease("a");
    await clock.advance(5_000);
    expect(ends).toEqual([{ reason: "revoked" }]);
    expect(candidate.lease?.isHeld(), "it campaigned again").toBe(true);
    await candidate.resign();
    await running;
  });

  it("asks its work to stop when it is resigned, waits for it, and only then releases", async () => {
    const { client, clock, table } = manual();
    const { candidate } = noted(client(), "a");
    const gate = new Gate();
    let held: boolean | undefined;
    let reason: unknown;
    const running = candidate.run(async (lease) => {
      await untilStopped(lease);
      reason = lease.signal.reason;
      await gate.pass();
      held = lease.isHeld();
    });
    await clock.advance(0);
    const resigning = candidate.resign();
    await gate.reached;
    await clock.advance(40_000);
    expect(table.peek("a")?.holder, "held and renewed while the work winds up").toBe(candidate.id);
    gate.open();
    expect(await resigning).toEqual({ kind: "released" });
    await running;
    expect(held).toBe(true);
    expect(reason).toMatchObject({ code: "ABORTED" });
    expect(table.peek("a")?.holder).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  it("may be resigned by its own work, which is told at once that its release follows", async () => {
    const { client, clock } = manual();
    const candidate = client().candidate("a");
    await candidate.run(async () => {
      expect(await candidate.resign()).toEqual({ kind: "pending" });
    });
    expect(candidate.lease).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  it("whose signal was aborted before sends nothing and calls nothing", async () => {
    const { client, store } = manual();
    const { candidate, told } = noted(client(), "a");
    await candidate.run(async () => expect.unreachable(), { signal: AbortSignal.abort() });
    expect(store.requests).toBe(0);
    expect(told).toEqual([]);
  });

  it("resolves when it is aborted while it waits, and leaves no claim, timer or listener", async () => {
    const { client, clock, table } = manual();
    const other = await client().acquire("a", { renew: "manual", durationMs: 60_000 });
    const timers = clock.pendingTimers;
    const ender = new AbortController();
    const running = client()
      .candidate("a")
      .run(async () => expect.unreachable(), { signal: ender.signal });
    await clock.advance(5_000);
    ender.abort();
    await running;
    expect(table.peek("a")?.holder).toBe(other.holder);
    expect(clock.pendingTimers).toBe(timers);
    expect(getEventListeners(ender.signal, "abort")).toEqual([]);
  });

  it("ends with CLIENT_CLOSED when its client is closed: while it works, waits, or pauses", async () => {
    for (const phase of ["works", "waits", "pauses"] as const) {
      const { client, clock } = manual();
      const rival = phase === "waits" ? await client().acquire("a", { durationMs: 60_000 }) : undefined;
      const leases = client();
      const { candidate, told } = noted(leases, "a");
      const work = (lease: Lease) => (phase === "works" ? untilStopped(lease) : Promise.resolve());
      const running = leaseErrorOf(candidate.run(work), "CLIENT_CLOSED");
      await clock.advance(100);
      await leases.close();
      await running; // At once, whatever it was at.
      if (phase !== "waits") expect(told.at(-1)).toBe("lost released");
      await rival?.release();
      expect(clock.pendingTimers, phase).toBe(0);
    }
  });

  it("hears of an abort at whatever moment of an election it comes, and resolves", async () => {
    for (let turns = 0; turns < 40; turns += 1) {
      const { client, store, clock, table } = manual();
      const ender = new AbortController();
      store.onWrite = async (write, pass) => {
        const outcome = await pass();
        if (write.kind === "claim") void abortAfter(turns, ender);
        return outcome;
      };
      const { candidate, told } = noted(client(), "a");
      const running = candidate.run(untilStopped, { signal: ender.signal });
      await clock.advance(100);
      await running;
      const events = told.map((line) => line.split(" ")[0]);
      expect(events, `${turns} turns`).toEqual(events.length === 0 ? [] : ["elected", "leader", "lost"]);
      expect(table.peek("a")?.holder).toBeUndefined();
      expect(clock.pendingTimers).toBe(0);
    }
  });
});

async function abortAfter(turns: number, ender: AbortController): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
  ender.abort();
}
