import { describe, expect, it } from "vitest";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";
import { loaded, type Manual, manual, never } from "../support/manual.ts";
import { Gate } from "../support/probe-store.ts";
import { noted, untilStopped } from "../support/candidates.ts";

const HOUR_MS = 3_600_000;

/** Asks every 100 ms for a while, and tells when it was not healthy. */
async function ailing({ clock }: Manual, healthy: () => boolean, forMs: number): Promise<number[]> {
  const ill: number[] = [];
  for (let passed = 0; passed < forMs; passed += 100) {
    if (!healthy()) ill.push(passed);
    await clock.advance(100);
  }
  return ill;
}

describe("a candidate is healthy", () => {
  it("before it campaigns, after it resigned, while it leads and while it waits, however long", async () => {
    const world = manual();
    const leases = world.client();
    const candidate = leases.candidate("a");
    const strict = () => candidate.healthy({ toleranceMs: 0 });
    expect(strict()).toBe(true);
    await world.clock.advance(HOUR_MS);
    expect(strict()).toBe(true);
    const rival = await leases.acquire("a");
    const campaigning = candidate.campaign();
    expect(await ailing(world, strict, 30_000)).toEqual([]);
    await rival.release();
    expect(await ailing(world, strict, 3_000)).toEqual([]);
    await campaigning;
    expect(await ailing(world, strict, 60_000)).toEqual([]);
    await candidate.resign();
    await world.clock.advance(HOUR_MS);
    expect(strict()).toBe(true);
  });

  it("after a campaign's term was lost, since nobody asked it to campaign again", async () => {
    const world = manual();
    const candidate = world.client().candidate("a", { renew: "manual" });
    await candidate.campaign();
    await world.clock.advance(HOUR_MS);
    expect(candidate.lease).toBeUndefined();
    expect(candidate.healthy({ toleranceMs: 0 })).toBe(true);
  });

  it("in every phase of a run whose work comes and goes", async () => {
    const world = manual();
    const candidate = world.client().candidate("a");
    const running = candidate.run(async () => undefined);
    expect(await ailing(world, () => candidate.healthy({ toleranceMs: 0 }), 30_000)).toEqual([]);
    await candidate.resign();
    await running;
  });

  it("while it works, however long, and no more once its work ignores a hand-over and the time to drain is up", async () => {
    const world = manual();
    const leases = world.client();
    const candidate = leases.candidate("a");
    const gate = new Gate();
    const running = candidate.run(() => gate.pass());
    expect(await ailing(world, () => candidate.healthy(), 60_000), "it leads, and says so").toEqual([]);
    await leases.requestStepDown("a");
    const [first = 0] = await ailing(world, () => candidate.healthy(), 60_000);
    // At its next renewal (5 s) it is told, drains (5 s), and is tolerated (5 s).
    expect(first).toBeGreaterThan(10_000);
    expect(first).toBeLessThanOrEqual(15_200);
    expect(candidate.lease?.isHeld(), "until its work has settled").toBe(true);
    gate.open();
    await world.clock.advance(0);
    await candidate.resign();
    await running;
  });

  it("while the store is out of reach, in whatever phase that finds it: a restart would not help", async () => {
    for (const phase of ["campaigns", "waits", "leads", "releases"] as const) {
      const world = manual();
      const { clock, client, store } = world;
      const rival = phase === "waits" ? await client().acquire("a") : undefined;
      const candidate = client().candidate("a");
      const gate = new Gate();
      const inner = store.onWrite;
      if (phase === "campaigns") silence(world);
      const running = candidate.run(async (lease) => {
        if (phase === "releases") await gate.pass();
        else await untilStopped(lease);
      });
      await clock.advance(phase === "campaigns" ? 0 : 1_000);
      silence(world);
      gate.open();
      expect(await ailing(world, () => candidate.healthy(), 120_000), phase).toEqual([]);
      store.onWrite = inner;
      store.onRead = undefined;
      const resigning = candidate.resign();
      await clock.advance(60_000);
      await resigning;
      await running;
      await rival?.release();
      expect(clock.pendingTimers).toBe(0);
    }
  });
});

describe("a candidate is not healthy", () => {
  it("when its work goes on after its term, longer than is tolerated, until it has settled", async () => {
    const world = manual();
    const leases = world.client();
    const { candidate, ends } = noted(leases, "a");
    const gate = new Gate();
    const running = candidate.run(() => gate.pass());
    await world.clock.advance(100);
    await leases.forceRelease("a");
    const ill = await ailing(world, () => candidate.healthy(), 20_000);
    expect(ends).toEqual([{ reason: "revoked" }]);
    // Told by its renewal at 5 s, tolerated for 5 s more.
    expect(ill[0]).toBeGreaterThanOrEqual(9_800);
    expect(ill[0]).toBeLessThanOrEqual(10_100);
    expect(candidate.healthy({ toleranceMs: 60_000 })).toBe(true);
    expect(candidate.healthy({ toleranceMs: 0 })).toBe(false);
    gate.open();
    await world.clock.advance(0);
    expect(candidate.healthy({ toleranceMs: 0 }), "it campaigns again").toBe(true);
    await candidate.resign();
    await running;
  });

  it("when its process does not get to run: no timer fires", async () => {
    const { clock, client } = manual();
    const leases = client({ random: loaded(0.5) });
    const rival = await leases.acquire("a", { durationMs: 3_000_000 });
    const candidate = leases.candidate("a");
    const campaigning = leaseErrorOf(candidate.campaign(), "ABORTED");
    await clock.advance(5_000);
    clock.freeze(6_900);
    expect(candidate.healthy(), "a wait of 2 s, and 5 s").toBe(true);
    clock.freeze(200);
    expect(candidate.healthy()).toBe(false);
    await clock.advance(0);
    expect(candidate.healthy(), "it goes on").toBe(true);
    await candidate.resign();
    await campaigning;
    await rival.release();
  });

  it("and asking costs nothing, whatever is tolerated within bounds", async () => {
    const { client, store, clock } = manual();
    const candidate = client().candidate("a");
    for (const toleranceMs of [-1, 0.5, 86_400_001, Number.NaN]) {
      expect(leaseErrorIn(() => candidate.healthy({ toleranceMs }), "INVALID_ARGUMENT").message).toMatch(
        /^toleranceMs /,
      );
    }
    expect(candidate.healthy({ toleranceMs: 86_400_000 })).toBe(true);
    expect(store.requests).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });
});

function silence({ store }: Manual): void {
  store.onWrite = never;
  store.onRead = never;
}
