import { describe, expect, it } from "vitest";
import { manual } from "../support/manual.ts";

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
