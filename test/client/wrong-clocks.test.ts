import { describe, expect, it } from "vitest";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { epochMs } from "../../lib/core/units.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { manual, never } from "../support/manual.ts";
import { ProcessClock } from "../support/process-clock.ts";

/** Until when a reservation of so many ms may keep others away: the grace, a header's second, and what a header leaves open. */
const closedAtMostMs = (ms: number): number => ms + 1_500 + 1_000 + 1_500;

describe.each([
  ["five minutes ahead", 300_000],
  ["in the year 2034", 252_460_800_000],
  ["an hour behind", -3_600_000],
])("a releaser whose wall clock was set %s", (_, stepMs) => {
  it.each([
    ["a successor", { reserveFor: "carl", reserveForMs: 10_000, drainMs: 0 }, 0],
    ["nobody, within its minimum hold", {}, 10_000],
  ] as const)("keeps the lease for %s for no longer than it means to", async (__, how, holdAtLeastMs) => {
    const { client, clock, table } = manual();
    const clockOfA = new ProcessClock(clock);
    const lease = await client({ clock: clockOfA }).acquire("jobs", { holdAtLeastMs });
    clockOfA.stepWall(stepMs);
    const { kind } = "reserveFor" in how ? await lease.stepDown(how) : await lease.release();
    expect(kind).toBe("released");
    expect(table.peek("jobs")?.holder).toBeUndefined();
    const since = clock.now().wall;
    // Each try by a client that remembers nothing.
    for (;;) {
      const result = await client().tryAcquire("jobs");
      if (result.kind === "acquired") break;
      expect(clock.now().wall - since).toBeLessThan(closedAtMostMs(10_000));
      await clock.advance(250);
    }
    expect(clock.now().wall - since, "and for nearly as long as it means to").toBeGreaterThan(
      stepMs > 0 && "reserveFor" in how ? -1 : 8_000,
    );
  });
});

describe("a leader whose wall clock steps ahead within its term", () => {
  it("does not carry its error into the row: others wait for no longer than they have to", async () => {
    const { client, clock, table } = manual();
    const clockOfA = new ProcessClock(clock);
    const lease = await client({ clock: clockOfA }).acquire("jobs", { durationMs: 60_000 });
    clockOfA.stepWall(30_000);
    await lease.renew();
    expect(Number(table.peek("jobs")?.expiresAt) - clock.now().wall).toBeLessThanOrEqual(60_000 + 1_500);
  });
});

describe("tokens", () => {
  it("run ahead of time after a claim that a wrong clock left behind; a row may be deleted once they do not", async () => {
    const { client, clock, table, store } = manual();
    const ahead = new ProcessClock(clock);
    ahead.stepWall(300_000);
    store.onWrite = async (write, pass) => {
      await pass();
      return write.kind === "claim" ? never() : { kind: "unknown", cause: new Error("lost") };
    };
    const lost = leaseErrorOf(client({ clock: ahead }).tryAcquire("jobs"), "STORE_UNAVAILABLE");
    await clock.advance(10_000);
    await lost;
    store.onWrite = undefined;
    const first = await client().acquire("jobs");
    await first.release();
    expect(first.token, "above what the lost claim left").toBeGreaterThan(clock.now().wall);
    await clock.advance(first.token - clock.now().wall);
    table.delete("jobs");
    await clock.advance(1);
    expect((await client().acquire("jobs")).token).toBeGreaterThan(first.token);
  });

  it.each([
    ["token", { token: Number.MAX_SAFE_INTEGER }],
    ["token", { token: 2 ** 53 }],
  ])("do not repeat at 2^53: a row whose %s cannot rise is refused by name", async (attribute, edited) => {
    const { client, table } = manual();
    const row = { name: "jobs", revision: 4, transitions: 1, durationMs: 1, writeId: "by hand" };
    table.restore({ ...row, ...edited, expiresAt: epochMs(0), ttl: undefined });
    for (const call of [client().tryAcquire("jobs"), client().acquire("jobs")]) {
      const { message } = await leaseErrorOf(call, "RECORD_INVALID");
      expect(message).toContain(`its row's ${attribute} is ${edited.token}`);
      expect(message).toContain("below 2^53");
    }
    expect(table.peek("jobs")?.writeId, "nothing was written").toBe("by hand");
  });

  it("go up to the last whole number, and no further", async () => {
    const { client, table } = manual();
    const row = { name: "jobs", revision: 4, transitions: 1, durationMs: 1, writeId: "by hand" };
    table.restore({ ...row, token: Number.MAX_SAFE_INTEGER - 1 });
    const lease = await client().acquire("jobs");
    expect(lease.token).toBe(Number.MAX_SAFE_INTEGER);
    await lease.release();
    await leaseErrorOf(client().tryAcquire("jobs"), "RECORD_INVALID");
  });

  it("are not the only numbers that rise: an operator's request is refused by name, too", async () => {
    const { client, table } = manual();
    await client().acquire("jobs", { renew: "manual" });
    table.restore({
      ...(table.peek("jobs") as LeaseRecord),
      requestedBy: "x",
      requestedPriority: Number.MAX_SAFE_INTEGER,
    });
    const { message } = await leaseErrorOf(client().requestStepDown("jobs"), "RECORD_INVALID");
    expect(message).toContain("requestedPriority");
  });
});

describe("a store that throws what is no LeaseError from a read", () => {
  it("is weather: a candidate that waits tries again", async () => {
    const { client, clock, store } = manual();
    const held = await client({ holder: "bob" }).acquire("jobs");
    let failures = 0;
    store.onRead = async () => {
      failures += 1;
      if (failures <= 3) throw new TypeError("socket hang up");
    };
    const waiting = client().acquire("jobs");
    await clock.advance(8_000);
    expect(failures).toBeGreaterThan(2);
    await held.release();
    await clock.advance(10_000);
    expect((await waiting).isHeld()).toBe(true);
  });

  it("is reported as no answer where nobody waits, with what it threw as the cause", async () => {
    const { client, store } = manual();
    const thrown = new TypeError("socket hang up");
    store.onRead = async () => Promise.reject(thrown);
    const error = await leaseErrorOf(client().get("jobs"), "STORE_UNAVAILABLE");
    expect(error.cause).toBe(thrown);
  });
});
