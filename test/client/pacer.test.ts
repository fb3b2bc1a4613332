import { describe, expect, it } from "vitest";
import { Pacer } from "../../lib/client/pacer.ts";
import { timekeeperOf } from "../../lib/client/timekeeper.ts";
import type { WriteOutcome } from "../../lib/core/outcome.ts";
import { ManualClock } from "../../lib/testing/manual-clock.ts";
import { manual } from "../support/manual.ts";
import { Gate } from "../support/probe-store.ts";

/** How long a write is sent again for, in ms. */
const LASTS_MS = 3_000;

const WRITTEN = { outcome: { kind: "refused", current: undefined, servedAt: undefined } } as const;
const THROTTLED = { outcome: { kind: "unknown", cause: new Error("slow down"), answered: true } } as const;
/** An answer of its own each time, as of a store. */
const throttledAnew = () => ({ ...THROTTLED });

/** Sends `count` writes that take `ms` each, and notes when each began. */
function sending(count: number, ms = 0, throttledUntil = 0) {
  const clock = new ManualClock();
  const pacer = new Pacer(timekeeperOf(clock), LASTS_MS);
  const began: number[] = [];
  let underWay = 0;
  const state = { most: 0 };
  const from = clock.now().mono;
  const all = Array.from({ length: count }, () =>
    pacer.paced(async () => {
      began.push(clock.now().mono - from);
      underWay += 1;
      state.most = Math.max(state.most, underWay);
      if (ms > 0) await new Promise<void>((resolve) => void clock.timer(ms, resolve));
      underWay -= 1;
      return began.length <= throttledUntil ? throttledAnew() : WRITTEN;
    }),
  );
  return { clock, began, state, all: Promise.all(all) };
}

describe("a pacer", () => {
  it("sends a few writes at once, without a timer", async () => {
    const { clock, began, all } = sending(32);
    await all;
    expect(began).toEqual(Array.from({ length: 32 }, () => 0));
    expect(clock.pendingTimers).toBe(0);
  });

  it("has so many under way at a time, and no more", async () => {
    const { clock, state, all } = sending(200, 100);
    await clock.advance(5_000);
    await all;
    expect(state.most).toBe(32);
    expect(clock.pendingTimers).toBe(0);
  });

  it("sends less than the 1,000 a second that a partition key serves, however many wait", async () => {
    const { clock, began } = sending(5_000);
    await clock.advance(4_000);
    const within = (second: number): number =>
      began.filter((at) => at >= second * 1_000 && at < (second + 1) * 1_000).length;
    expect(within(0)).toBeGreaterThan(500);
    for (const second of [0, 1, 2, 3]) expect(within(second)).toBeLessThanOrEqual(832);
    expect(within(2), "it has grown").toBeGreaterThan(within(0));
  });

  it("halves its rate when it is throttled, once for all that were under way together", async () => {
    const slowed = sending(2_000, 0, 32);
    await slowed.clock.advance(500);
    // 250 a second, a few at once, what was throttled again, and what has been served lets it grow.
    expect(slowed.began.length - 32).toBeGreaterThan(125);
    expect(slowed.began.length - 32).toBeLessThan(210);
  });

  it("sends a write again that was throttled, for as long as a request may take, and no longer", async () => {
    const { clock, began, all } = sending(1, 0, 3);
    await clock.advance(LASTS_MS);
    expect(await all, "it was served in the end").toEqual([WRITTEN]);
    expect(began).toHaveLength(4);
    const never = sending(1, 100, 1_000_000);
    await never.clock.advance(LASTS_MS + 1_000);
    expect(await never.all).toEqual([THROTTLED]);
    expect(never.clock.pendingTimers).toBe(0);
  });

  it("sends the same write ever more seldom, whatever its rate", async () => {
    const { clock, began, all } = sending(1, 0, 1_000_000);
    await clock.advance(LASTS_MS);
    await all;
    expect(began.slice(0, 6)).toEqual([0, 25, 100, 275, 650, 1_050]);
    expect(began.length).toBeLessThan(12);
  });

  it.each([
    ["none", [true, true], true],
    ["the first", [false, true], false],
    ["a later one", [true, false, true], false],
  ])(
    "tells of a write that was never served what is sure: %s of its sendings may have been applied",
    async (_, sure, all) => {
      const clock = new ManualClock();
      const pacer = new Pacer(timekeeperOf(clock), LASTS_MS);
      let nth = 0;
      const told = pacer.paced(async () => {
        const unapplied = sure[nth] ?? true;
        nth += 1;
        const { outcome } = THROTTLED;
        return { outcome: unapplied ? { ...outcome, unapplied } : { ...outcome } };
      });
      await clock.advance(LASTS_MS);
      expect(nth).toBeGreaterThan(3);
      expect((await told).outcome).toEqual(
        all ? { ...THROTTLED.outcome, unapplied: true } : THROTTLED.outcome,
      );
    },
  );

  it("never stops for good, however often it is throttled", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(timekeeperOf(clock), LASTS_MS);
    const until = clock.now().mono + 30_000;
    const throttled = async () => (clock.now().mono < until ? throttledAnew() : WRITTEN);
    for (let nth = 0; nth < 30; nth += 1) {
      void pacer.paced(throttled);
      await clock.advance(1_001);
    }
    let sent = 0;
    for (let nth = 0; nth < 100; nth += 1)
      void pacer.paced(async () => {
        sent += 1;
        return WRITTEN;
      });
    await clock.advance(10_000);
    expect(sent).toBeGreaterThan(60);
  });

  it("goes on after a write that fails", async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(timekeeperOf(clock), LASTS_MS);
    const fail = async (): Promise<never> => Promise.reject(new Error("no"));
    for (let nth = 0; nth < 31; nth += 1) await expect(pacer.paced(fail)).rejects.toThrow("no");
    await expect(pacer.paced(async () => WRITTEN)).resolves.toBe(WRITTEN);
  });
});

describe("the claims of one session", () => {
  it("are so many at once, and come through a table that throttles", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    let underWay = 0;
    let most = 0;
    let throttled = 0;
    const answered = async (pass: () => Promise<WriteOutcome>): Promise<WriteOutcome> => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise<void>((resolve) => void world.clock.timer(5, resolve));
      underWay -= 1;
      throttled += 1;
      const cause = new Error("slow down");
      return throttled % 7 === 0 ? { kind: "unknown", cause, answered: true } : pass();
    };
    world.store.onWrite = async ({ kind, row = "" }, pass) =>
      (kind === "claim" || kind === "take-over") && row.startsWith("lease#") ? answered(pass) : pass();
    const shards = Array.from({ length: 300 }, (_, nth) => `s${nth}`);
    const all = Promise.all(shards.map((shard) => group.acquire(shard)));
    await world.clock.advance(60_000);
    const leases = await all;
    expect(leases.every((lease) => lease.isHeld())).toBe(true);
    expect(most).toBe(32);
  });

  it("wait for one another no longer than they have to", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    const gate = new Gate();
    world.store.onWrite = async ({ row }, pass) => {
      if (row === "lease#slow") await gate.pass();
      return pass();
    };
    const slow = group.tryAcquire("slow");
    await gate.reached;
    expect((await group.tryAcquire("quick")).kind).toBe("acquired");
    gate.open();
    await slow;
  });
});
