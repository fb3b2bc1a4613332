import { describe, expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { StoreLeaseClient } from "../../lib/client/lease-client.ts";
import { InMemoryLeaseStore } from "../../lib/testing/in-memory-store.ts";
import { ManualClock } from "../../lib/testing/manual-clock.ts";
import { ProcessClock } from "../support/process-clock.ts";

/** Two processes at one table. `freeze` lets time pass in which no timer fires and only wall clocks run. */
function twoProcesses() {
  const clock = new ManualClock();
  const store = new InMemoryLeaseStore({ clock });
  const [ofA, ofB] = [new ProcessClock(clock), new ProcessClock(clock)];
  const a = new StoreLeaseClient({ store, clock: ofA, holder: "a" });
  const b = new StoreLeaseClient({ store, clock: ofB, holder: "b" });
  const freeze = (ms: number): void => clock.freeze(ms, { monotonicRuns: false });
  return { clock, store, ofA, a, b, freeze };
}

describe("a process that freezes after its wall clock was set back", () => {
  it("does not lead beside its successor, though a freeze was hidden from a sample of an hour ago", async () => {
    const { clock, ofA, a, b, freeze } = twoProcesses();
    ofA.stepWall(60_000);
    await (await a.acquire("jobs")).release();
    ofA.stepWall(-60_000);
    for (let minute = 0; minute < 10; minute += 1) await clock.advance(60_000);
    freeze(60_000);
    for (let term = 0; term < 3; term += 1) {
      const lease = await a.acquire("jobs", { renew: "manual" });
      const successors: Lease[] = [];
      const waiting = b.acquire("jobs").then((won) => successors.push(won));
      for (let passed = 0; passed < 25_000 && successors.length === 0; passed += 50) await clock.advance(50);
      expect(lease.isHeld(), `both lead in term ${term}`).toBe(false);
      await waiting;
      const successor = successors[0] as Lease;
      expect(successor.isHeld()).toBe(true);
      await successor.release();
      await lease.release();
    }
  });

  it("notices a freeze within its term, also after a larger step back within the same term", async () => {
    const { clock, ofA, a, b, freeze } = twoProcesses();
    const lease = await a.acquire("jobs", { renew: "manual" });
    await clock.advance(2_000);
    ofA.stepWall(-300_000);
    await clock.advance(2_000); // The clocks are read at least each second while a term is held.
    freeze(60_000);
    expect(lease.isHeld()).toBe(false);
    const { kind } = await b.tryAcquire("jobs");
    expect(kind).toBe("acquired");
  });

  it("tells its work within a second of thawing, without being asked", async () => {
    const { clock, a, freeze } = twoProcesses();
    const lease = await a.acquire("jobs", { renew: "manual" });
    freeze(60_000);
    await clock.advance(1_000);
    expect(lease.signal.aborted).toBe(true);
  });

  it("loses nothing by a wall clock that is only set back", async () => {
    const { clock, ofA, a } = twoProcesses();
    const lease = await a.acquire("jobs");
    for (let step = 0; step < 20; step += 1) {
      ofA.stepWall(-3_600_000);
      await clock.advance(3_000);
    }
    expect(lease.isHeld()).toBe(true);
  });
});

describe("a Date header that proves a term over", () => {
  it("ends its handle, when neither clock shows the time that has passed", async () => {
    const { clock, ofA, a, freeze } = twoProcesses();
    const lease = await a.acquire("jobs", { renew: "manual" });
    freeze(20_000);
    ofA.stepWall(-20_000); // Outside of what is assumed: a freeze and a step back between the same two readings.
    expect(lease.isHeld()).toBe(true);
    await a.get("other");
    expect(lease.isHeld()).toBe(false);
    expect(lease.end).toMatchObject({ reason: "expired", storeReachable: true });
    expect(lease.signal.aborted).toBe(true);
    await clock.advance(1_000);
  });

  it("ends also the handle of a term that began after clocks had hidden a freeze", async () => {
    const { ofA, a, b, freeze } = twoProcesses();
    await (await a.acquire("jobs")).release();
    freeze(600_000);
    ofA.stepWall(-600_000); // While nothing is held: the next term rests on none of this.
    const lease = await a.acquire("jobs", { renew: "manual" });
    freeze(16_400);
    expect(lease.isHeld()).toBe(false);
    expect((await b.tryAcquire("jobs")).kind).toBe("refused");
  });
});

describe("a response without a Date header", () => {
  it("grants nothing where the row has an expiry: the renewal is sent once more without", async () => {
    const clock = new ManualClock();
    const store = new InMemoryLeaseStore({ clock });
    let dated = true;
    const patchy = new Proxy(store, {
      get: (target, key) => {
        if (key !== "write") return Reflect.get(target, key, target) as unknown;
        return async (...[write]: Parameters<typeof store.write>) => {
          const outcome = await target.write(write);
          return dated || outcome.kind === "unknown" ? outcome : { ...outcome, servedAt: undefined };
        };
      },
    });
    const client = new StoreLeaseClient({ store: patchy, clock });
    const lease = await client.acquire("jobs");
    dated = false;
    await clock.advance(5_000);
    expect(store.peek("jobs")?.revision).toBe(3);
    expect(store.peek("jobs")?.expiresAt).toBeUndefined();
    expect(lease.remainingMs()).toBeGreaterThan(14_000);
    await clock.advance(5_000);
    expect(store.peek("jobs")?.revision, "and the next is sent once").toBe(4);
    dated = true;
    await clock.advance(10_000);
    expect(store.peek("jobs")?.expiresAt).toBeDefined();
    await clock.advance(60_000);
    expect(lease.isHeld()).toBe(true);
    await client.close();
  });
});
