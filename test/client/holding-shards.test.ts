import { describe, expect, it } from "vitest";
import { led } from "../support/groups.ts";
import { type Manual, manual } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";

const HOLD = { holdAtLeastMs: 600_000 };

/** Cuts a holder off: its writes reach nothing any more, as after a crash. */
function cutOff({ store }: Manual, label: string): void {
  store.onWrite = async (write, pass) =>
    (write.expects.holder ?? "").startsWith(label) ? UNANSWERED : pass();
}

/** When another wins what a dead holder had, in ms since the win; it tries once a second. */
async function wonAfter(world: Manual, tryOnce: () => Promise<{ readonly kind: string }>): Promise<number> {
  const begun = world.clock.now().mono;
  cutOff(world, "dead");
  while ((await tryOnce()).kind !== "acquired") await world.clock.advance(1_000);
  return world.clock.now().mono - begun;
}

describe("the minimum hold of a shard, after a crash", () => {
  it("is worth what its session's row promises: the session's length", async () => {
    const world = manual();
    led(await world.client({ holder: "dead" }).group("jobs").tryAcquire("a", HOLD));
    const group = world.client().group("jobs");
    const tookMs = await wonAfter(world, () => group.tryAcquire("a"));
    expect(tookMs).toBeGreaterThan(15_000);
    expect(tookMs).toBeLessThan(20_000);
  });

  it("is worth all of it where the session has a lock-delay as long, also where it was won late in the session", async () => {
    const world = manual();
    const options = { lockDelayMs: HOLD.holdAtLeastMs };
    const dead = world.client({ holder: "dead" }).group("jobs", options);
    led(await dead.tryAcquire("before"));
    await world.clock.advance(4_900);
    led(await dead.tryAcquire("a", HOLD));
    const group = world.client().group("jobs", options);
    const tookMs = await wonAfter(world, () => group.tryAcquire("a"));
    expect(tookMs).toBeGreaterThanOrEqual(HOLD.holdAtLeastMs);
    expect(tookMs).toBeLessThan(HOLD.holdAtLeastMs + 20_000);
  });

  it("is worth as much for a permit", async () => {
    for (const [lockDelayMs, leastMs] of [
      [0, 15_000],
      [600_000, 600_000],
    ] as const) {
      const world = manual();
      const options = { permits: 1, lockDelayMs };
      led(
        await world
          .client({ holder: "dead" })
          .semaphore("one", { ...options, ...HOLD })
          .tryAcquire(),
      );
      const semaphore = world.client().semaphore("one", options);
      const tookMs = await wonAfter(world, () => semaphore.tryAcquire());
      expect(tookMs).toBeGreaterThanOrEqual(leastMs);
      expect(tookMs).toBeLessThan(leastMs + 20_000);
    }
  });

  it("is lost without harm where an occurrence was claimed: that is on the shard's row", async () => {
    const world = manual();
    const tick = "2026-01-01T00:00:00.000Z";
    const once = { tick, tickPolicy: "at-most-once" } as const;
    led(await world.client({ holder: "dead" }).group("jobs").tryAcquire("a", once));
    cutOff(world, "dead");
    await world.clock.advance(60_000);
    const group = world.client().group("jobs");
    expect(await group.tryAcquire("a", once)).toMatchObject({ kind: "refused", reason: "tick-done" });
    expect((await group.tryAcquire("a")).kind).toBe("acquired");
  });

  it("is worth all of it for a lease of its own", async () => {
    const world = manual();
    led(await world.client({ holder: "dead" }).tryAcquire("a", HOLD));
    const bob = world.client();
    expect(await wonAfter(world, () => bob.tryAcquire("a"))).toBeGreaterThanOrEqual(HOLD.holdAtLeastMs);
  });
});
