import { describe, expect, it } from "vitest";
import type { AcquireResult, TryAcquireOptions } from "../../lib/client/results.ts";
import type { Lease } from "../../lib/client/lease.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { type Manual, manual } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";
import { ProcessClock } from "../support/process-clock.ts";

const MINUTE_MS = 60_000;

/** The region that is sticky for 150 s, every minute a tick. */
const region = (id: string, tick: number): TryAcquireOptions => ({
  sticky: { id, forMs: 150_000 },
  tick: `t-${String(tick).padStart(4, "0")}`,
});

function led(result: AcquireResult): Lease {
  if (result.kind === "acquired") return result.lease;
  throw new Error(`refused: ${result.reason}`);
}

/** A function that was invoked in a new environment: nothing is remembered. */
async function invoke(world: Manual, options: TryAcquireOptions): Promise<AcquireResult> {
  return world.client().tryAcquire("a", options);
}

async function spent({ store }: Manual, step: () => Promise<unknown>): Promise<number> {
  const before = store.requests;
  await step();
  return store.requests - before;
}

describe("a sticky leader", () => {
  it("leads tick after tick at one request each, every time with a higher token", async () => {
    const world = manual();
    const tokens: number[] = [];
    for (let tick = 0; tick < 5; tick += 1) {
      const requests = await spent(world, async () => {
        const lease = led(await invoke(world, region("eu", tick)));
        expect(lease.holder).toBe("eu");
        expect(lease.isHeld()).toBe(true);
        tokens.push(lease.token);
        await world.clock.advance(2_000);
        expect(await lease.release()).toEqual({ kind: "kept" });
        expect(lease.isHeld()).toBe(false);
        expect(lease.end).toEqual({ reason: "released" });
      });
      expect(requests, `tick ${tick}`).toBe(1);
      await world.clock.advance(MINUTE_MS - 2_000);
    }
    expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b));
    expect(world.clock.pendingTimers).toBe(0);
    expect(world.table.peek("a")?.transitions).toBe(5);
  });

  it("is followed by others at one request each, for as long as it comes back", async () => {
    const world = manual();
    for (let tick = 0; tick < 5; tick += 1) {
      await led(await invoke(world, region("eu", tick))).release();
      await world.clock.advance(1_000);
      const requests = await spent(world, async () => {
        const reason = tick === 0 ? "tick-done" : expect.stringMatching(/held|tick-done/);
        expect(await invoke(world, region("us", tick))).toMatchObject({ kind: "refused", reason });
      });
      expect(requests).toBe(1);
      await world.clock.advance(MINUTE_MS - 2_000);
      expect(await invoke(world, region("us", tick + 1)), "even if it is first").toMatchObject({
        kind: "refused",
        reason: "held",
        state: { holder: "eu" },
      });
      await world.clock.advance(1_000);
    }
  });

  it("is taken over from only after it stayed away for its time, and then for good", async () => {
    const world = manual();
    await led(await invoke(world, region("eu", 0))).release();
    // 15 s of its term, 150 s for its return, and the grace.
    await world.clock.advance(15_000 + 150_000 + 1_400);
    const early = await invoke(world, region("us", 3));
    expect(early).toMatchObject({ kind: "refused", reason: "held" });
    if (early.kind === "refused") expect(early.retryAfterMs).toBeLessThanOrEqual(1_100);
    await world.clock.advance(1_100);
    expect(await spent(world, async () => led(await invoke(world, region("us", 3))).release())).toBe(2);
    await world.clock.advance(MINUTE_MS);
    expect(await invoke(world, region("eu", 4)), "it is the other's now").toMatchObject({ kind: "refused" });
    expect(led(await invoke(world, region("us", 4))).holder).toBe("us");
  });

  it("excludes an overlapping invocation of its own id while the first may lead", async () => {
    const world = manual();
    const first = led(await invoke(world, region("eu", 0)));
    for (let second = 0; second < 15; second += 1) {
      const requests = await spent(world, async () => {
        expect(await invoke(world, region("eu", 1))).toMatchObject({
          kind: "refused",
          reason: "held",
          state: { holder: "eu", token: first.token },
        });
      });
      expect(requests).toBe(1);
      expect(first.isHeld()).toBe(true);
      await world.clock.advance(1_000);
    }
    await first.release();
  });

  it("leads the same occurrence once, whoever asks again and whenever", async () => {
    const world = manual();
    await led(await invoke(world, region("eu", 0))).release();
    for (const waitMs of [0, MINUTE_MS, 10 * MINUTE_MS]) {
      await world.clock.advance(waitMs);
      for (const id of ["eu", "us"]) {
        const again = await invoke(world, region(id, 0));
        expect(again).toMatchObject({ kind: "refused", reason: "tick-done" });
      }
    }
  });

  it("hands nothing out by a clock that runs ahead: the claim lands, and is not led by", async () => {
    const world = manual();
    const { clock, client } = world;
    const first = led(await invoke(world, region("eu", 0)));
    const ahead = new ProcessClock(clock);
    ahead.stepWall(10 * MINUTE_MS);
    const second = await client({ clock: ahead }).tryAcquire("a", region("eu", 1));
    expect(second).toMatchObject({ kind: "refused", reason: "held" });
    expect(first.isHeld(), "it may still lead").toBe(true);
    await leaseErrorOf(first.renew(), "LEASE_LOST");
    expect(first.end).toMatchObject({ reason: "superseded", by: "eu" });
  });

  it("leads by a clock that runs ahead when its last term is over, and corrects what it wrote", async () => {
    const world = manual();
    const { clock, client, table } = world;
    await led(await invoke(world, region("eu", 0))).release();
    await clock.advance(MINUTE_MS);
    const ahead = new ProcessClock(clock);
    ahead.stepWall(10 * MINUTE_MS);
    const lease = led(await client({ clock: ahead }).tryAcquire("a", region("eu", 1)));
    expect(lease.isHeld()).toBe(true);
    expect(Math.abs((table.peek("a")?.expiresAt ?? 0) - clock.now().wall - 15_000)).toBeLessThan(1_500);
    await lease.release();
  });

  it("leads by a clock that runs behind with 2 requests, since the claim is refused and the record tells", async () => {
    const world = manual();
    const { clock, client } = world;
    await led(await invoke(world, region("eu", 0))).release();
    await clock.advance(MINUTE_MS);
    const behind = new ProcessClock(clock);
    behind.stepWall(-10 * MINUTE_MS);
    const requests = await spent(world, async () => {
      const lease = led(await client({ clock: behind }).tryAcquire("a", region("eu", 1)));
      expect(lease.isHeld()).toBe(true);
    });
    expect(requests).toBeLessThanOrEqual(3);
  });

  it("does not lead when its claim is not answered, and abandons nothing: its last term may last", async () => {
    const world = manual();
    const first = led(await invoke(world, region("eu", 0)));
    await world.clock.advance(1_000);
    const sent = world.store.sent.length;
    world.store.onWrite = async (_, pass) => {
      await pass();
      return UNANSWERED;
    };
    await leaseErrorOf(invoke(world, region("eu", 1)), "STORE_UNAVAILABLE");
    world.store.onWrite = undefined;
    expect(world.store.sent.slice(sent).map(({ kind }) => kind)).toEqual(["claim"]);
    expect(first.isHeld()).toBe(true);
    await first.renew();
    await first.release();
  });

  it("does not go on with a term in the same process either: every occurrence is a term of its own", async () => {
    const world = manual();
    const leases = world.client();
    const first = led(await leases.tryAcquire("a", region("eu", 0)));
    await first.release();
    await world.clock.advance(MINUTE_MS);
    const second = led(await leases.tryAcquire("a", region("eu", 1)));
    expect(second.token).toBeGreaterThan(first.token);
    expect(first.isHeld()).toBe(false);
    await leaseErrorOf(first.renew(), "LEASE_LOST");
    expect(second.isHeld()).toBe(true);
    await second.release();
  });

  it("heeds what an operator asked of its last term, once its occurrence is done", async () => {
    const world = manual();
    const leases = world.client();
    await led(await invoke(world, region("eu", 0))).release();
    await world.clock.advance(1_000);
    expect(await leases.requestStepDown("a", { reserveFor: "us" })).toMatchObject({ kind: "asked" });
    await world.clock.advance(MINUTE_MS);
    const lease = led(await invoke(world, region("eu", 1)));
    expect(await lease.release()).toEqual({ kind: "released" });
    expect(world.table.peek("a")).toMatchObject({ reservedFor: "us" });
    await world.clock.advance(1_000);
    expect(await invoke(world, region("eu", 2))).toMatchObject({ kind: "refused", reason: "reserved" });
    expect(led(await invoke(world, region("us", 2))).holder).toBe("us");
  });
});

describe("a sticky leader that counts an occurrence when it succeeded", () => {
  const until = (id: string, tick: number): TryAcquireOptions => ({
    ...region(id, tick),
    tickPolicy: "until-success",
  });

  it("releases with a reservation for its id: 2 requests a tick, however close the ticks are", async () => {
    const world = manual();
    for (let tick = 0; tick < 5; tick += 1) {
      const requests = await spent(world, async () => {
        const lease = led(await invoke(world, until("eu", tick)));
        expect(await lease.release()).toEqual({ kind: "released" });
      });
      expect(requests).toBe(2);
      expect(world.table.peek("a")).toMatchObject({ reservedFor: "eu", tick: `t-000${tick}` });
      expect(await invoke(world, until("us", tick + 1))).toMatchObject({ reason: "reserved" });
      await world.clock.advance(100);
    }
  });

  it("that failed leads the same occurrence again, and nobody else does meanwhile", async () => {
    const world = manual();
    await led(await invoke(world, until("eu", 0))).release({ completed: false });
    await world.clock.advance(1_000);
    expect(await invoke(world, until("us", 0))).toMatchObject({ reason: "reserved" });
    await led(await invoke(world, until("eu", 0))).release();
    expect(await invoke(world, until("eu", 0))).toMatchObject({ reason: "tick-done" });
  });

  it("that stays away is followed once the reservation is over", async () => {
    const world = manual();
    await led(await invoke(world, until("eu", 0))).release();
    await world.clock.advance(150_000);
    expect(await invoke(world, until("us", 3))).toMatchObject({ kind: "refused", reason: "reserved" });
    await world.clock.advance(2_500);
    expect(led(await invoke(world, until("us", 3))).holder).toBe("us");
  });
});
