import { describe, expect, it, vi } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { led } from "../support/groups.ts";
import { manual } from "../support/manual.ts";
import { ProcessClock } from "../support/process-clock.ts";

describe("a term with a limit", () => {
  it("ends there, renewals or not, and no row promises more", async () => {
    const { clock, client, table } = manual();
    const lease = await client().acquire("limit", { termLimitMs: 22_000 });
    const begun = clock.now();
    let promised = 0;
    for (let second = 0; second < 21; second += 1) {
      await clock.advance(1_000);
      promised = Math.max(promised, table.peek("limit")?.expiresAt ?? 0);
    }
    expect(lease.isHeld()).toBe(true);
    expect(promised - begun.wall).toBeLessThanOrEqual(22_000);
    await clock.advance(1_001);
    expect(lease.end).toEqual({ reason: "expired", storeReachable: true, atLimit: true });
    expect(clock.pendingTimers).toBe(0);
  });

  it("is not renewed over and over as the limit comes near", async () => {
    const { clock, client, store } = manual();
    await client().acquire("near", { termLimitMs: 22_000 });
    await clock.advance(22_001);
    // At 5, 10, 15 and 20 seconds, and perhaps once more: the last one lasts to the limit.
    expect(store.sent.filter(({ kind }) => kind === "renew").length).toBeLessThanOrEqual(5);
  });

  it("shorter than the duration shortens what the row says", async () => {
    const { client, table, clock } = manual();
    const lease = await client().acquire("short", { termLimitMs: 4_000 });
    const row = table.peek("short");
    expect(row?.durationMs).toBe(4_000);
    expect((row?.expiresAt ?? 0) - clock.now().wall).toBe(4_000);
    expect(lease.remainingMs()).toBeLessThanOrEqual(4_000);
    await clock.advance(4_000);
    expect(lease.isHeld()).toBe(false);
  });
});

describe("permits with a limit", () => {
  it("set few timers of their own: the clocks are read for their session", async () => {
    const { clock, client } = manual();
    const semaphore = client().semaphore("many", { permits: 20 });
    const permits: Lease[] = [];
    for (let nth = 0; nth < 20; nth += 1)
      permits.push(led(await semaphore.tryAcquire({ termLimitMs: 600_000 })));
    const timer = vi.spyOn(clock, "timer");
    await clock.advance(200_000);
    // The session's: a look each second, a renewal each 5 s with its request's deadline. Each permit's: one.
    expect(timer.mock.calls.length).toBeLessThan(20 + 2 * 200);
    await clock.advance(399_000);
    expect(permits.every((permit) => permit.isHeld())).toBe(true);
    await clock.advance(1_000);
    expect(permits.every((permit) => permit.signal.aborted)).toBe(true);
    await clock.advance(1_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it("end there also after a freeze that the monotonic clock has missed, and a wall clock that was set back", async () => {
    const { clock, client } = manual();
    const own = new ProcessClock(clock);
    const semaphore = client({ clock: own }).semaphore("frozen", { permits: 1 });
    const permit = led(await semaphore.tryAcquire({ termLimitMs: 60_000 }));
    await clock.advance(5_100);
    clock.freeze(6_000, { monotonicRuns: false });
    await clock.advance(1_000); // Its session reads the clocks each second.
    own.stepWall(-6_000);
    await clock.advance(47_800);
    expect(permit.isHeld(), "59.9 s have passed").toBe(true);
    await clock.advance(100);
    expect(permit.signal.aborted, "60 s have passed, and nobody has asked").toBe(true);
    expect(permit.end).toEqual({ reason: "expired", storeReachable: true, atLimit: true });
  });
});
