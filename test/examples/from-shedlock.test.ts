import { LeaseClient } from "leasehold";
import { InMemoryLeaseStore, ManualClock } from "leasehold/testing";
import { describe, expect, it } from "vitest";
import { type Outcome, refresh, runNode } from "../../examples/from-shedlock.ts";
import { engineForTests } from "../support/engine-for-tests.ts";

const engine = engineForTests("leases");

describe("the program from ShedLock", () => {
  it("does each occurrence once on three nodes that all run the schedule", async () => {
    const stop = new AbortController();
    const done: string[] = [];
    const outcomes: { readonly tick: string; readonly outcome: Outcome }[] = [];
    const node = (): Promise<void> =>
      runNode(
        new LeaseClient({ tableName: "leases", client: engine.client }),
        async (lease, tick) => {
          lease.assertHeld();
          done.push(tick);
        },
        {
          everyMs: 400,
          signal: stop.signal,
          onOutcome: (tick, outcome) => outcomes.push({ tick, outcome }),
        },
      );
    const nodes = [node(), node(), node()];
    await expect.poll(() => new Set(done).size, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
    stop.abort();
    await Promise.all(nodes);

    expect(outcomes.length).toBeGreaterThan(done.length);
    expect(new Set(done).size).toBe(done.length);
    for (const { tick } of outcomes) {
      const told = outcomes.filter((one) => one.tick === tick).map(({ outcome }) => outcome);
      expect(told.filter((outcome) => outcome === "done").length).toBeLessThanOrEqual(1);
      expect(told.filter((outcome) => outcome === "failed")).toEqual([]);
    }
  });

  it("leaves an occurrence undone whose job failed, and goes on with the next", async () => {
    const stop = new AbortController();
    const outcomes: Outcome[] = [];
    let tries = 0;
    const job = async (): Promise<void> => {
      tries += 1;
      if (tries === 1) throw new Error("no luck");
    };
    const onOutcome = (_tick: string, outcome: Outcome): void => void outcomes.push(outcome);
    const leases = new LeaseClient({ store: new InMemoryLeaseStore() });
    const node = runNode(leases, job, { everyMs: 200, signal: stop.signal, onOutcome });
    await expect.poll(() => outcomes.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(2);
    stop.abort();
    await node;
    expect(outcomes.slice(0, 2)).toEqual(["failed", "done"]);
  });

  it("refreshes once for triggers that come within ten seconds, and again after them", async () => {
    const clock = new ManualClock();
    const store = new InMemoryLeaseStore({ clock });
    const [a, b] = [new LeaseClient({ store, clock }), new LeaseClient({ store, clock })] as const;
    let runs = 0;
    const job = async (): Promise<void> => void (runs += 1);
    expect(await refresh(a, job)).toBe(true);
    await clock.advance(3_000);
    expect(await refresh(b, job)).toBe(false);
    expect(await refresh(a, job)).toBe(false); // closed to the node that did it, too
    await clock.advance(6_900);
    expect(await refresh(b, job)).toBe(false);
    await clock.advance(2_700); // ten seconds and what the service's clock leaves open
    expect(await refresh(b, job)).toBe(true);
    expect(runs).toBe(2);
  });
});
