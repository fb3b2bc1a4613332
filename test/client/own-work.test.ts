import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it, vi } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { withLeadership } from "../../lib/client/with-leadership.ts";
import { type Manual, manual } from "../support/manual.ts";

/** What work may do to its own term, and wait for. */
const CALLS: readonly (readonly [
  string,
  (candidate: ReturnType<ReturnType<Manual["client"]>["candidate"]>, lease: Lease) => Promise<unknown>,
])[] = [
  ["lease.stepDown()", (_, lease) => lease.stepDown()],
  ["candidate.stepDown()", (candidate) => candidate.stepDown()],
  ["candidate.transferTo()", (candidate) => candidate.transferTo("bob")],
  ["candidate.resign()", (candidate) => candidate.resign()],
];

describe("work that waits for its own", () => {
  it.each(CALLS)("%s is told that it is pending, returns, and is released", async (_, call) => {
    const world = manual();
    const leases = world.client();
    const other = world.client().candidate("a", { id: "bob" });
    const candidate = leases.candidate("a");
    const ender = new AbortController();
    let told: unknown;
    const running = candidate.run(
      async (lease) => {
        void other.campaign({ signal: ender.signal }).catch(() => undefined);
        await world.clock.advance(3_000);
        told = await call(candidate, lease);
        ender.abort();
      },
      { signal: ender.signal },
    );
    await world.clock.advance(30_000);
    await running;
    expect(told).toEqual({ kind: "pending" });
    expect(candidate.lease).toBeUndefined();
    await other.resign();
    expect((await leases.get("a")).kind).toBe("vacant");
    expect(world.clock.pendingTimers).toBe(0);
  });

  it("also from what it has begun, however deep, and from the work of another lease within", async () => {
    const world = manual();
    const leases = world.client();
    const told: unknown[] = [];
    await leases.run("outer", async (outer) => {
      await leases.run("inner", async () => {
        await Promise.all([1, 2].map(async () => told.push(await outer.stepDown())));
      });
    });
    expect(told).toEqual([{ kind: "pending" }, { kind: "pending" }]);
  });

  it("also in a handler under withLeadership", async () => {
    const world = manual();
    let told: unknown;
    const handler = withLeadership(
      async (__: unknown, { lease }) => {
        told = await lease.stepDown();
      },
      { leases: world.client(), name: "a" },
    );
    await handler({}, {});
    expect(told).toEqual({ kind: "pending" });
    expect(world.table.peek("a")).not.toHaveProperty("holder");
  });

  it("is not taken for others: who asks from outside waits for the release", async () => {
    const world = manual();
    const candidate = world.client().candidate("a");
    const running = candidate.run(
      (lease) =>
        new Promise((resolve) => {
          lease.signal.addEventListener("abort", resolve);
        }),
    );
    await world.clock.advance(1_000);
    const resigning = candidate.resign();
    await world.clock.advance(1_000);
    expect(await resigning).toEqual({ kind: "released" });
    await running;
  });
});

/** Begins the next run from within the work of the one before, and counts what each of them keeps. */
const CHAINS: readonly (readonly [
  string,
  (leases: ReturnType<Manual["client"]>) => (work: () => Promise<void>) => Promise<unknown>,
])[] = [
  ["leases.run()", (leases) => (work) => leases.run("a", work)],
  ["group.run()", (leases) => (work) => leases.group("jobs").run("a", work)],
  ["semaphore.run()", (leases) => (work) => leases.semaphore("two", { permits: 2 }).run(work)],
];

describe("a run that begins the next one from within its work", () => {
  it.each(CHAINS)("%s keeps nothing of work that has settled", async (_, chain) => {
    const kept: number[] = [];
    const run = vi.spyOn(AsyncLocalStorage.prototype, "run");
    try {
      const runs = chain(manual().client());
      let before: Promise<unknown> = Promise.resolve();
      await new Promise<void>((resolve) => {
        const next = async (): Promise<void> => {
          await before;
          before = runs(async () => {
            const [of] = run.mock.lastCall as [readonly unknown[], ...unknown[]];
            kept.push(of.length);
            if (kept.length === 5) resolve();
            else setImmediate(() => void next());
          });
        };
        void next();
      });
      await before;
    } finally {
      run.mockRestore();
    }
    expect(kept).toEqual([1, 1, 1, 1, 1]);
  });

  it("keeps the work that it is begun in for as long as that lasts, and is told that it is pending", async () => {
    const leases = manual().client();
    const told: unknown[] = [];
    await leases.run("outer", async (outer) => {
      for (const name of ["a", "b"]) await leases.run(name, async () => undefined);
      await leases.run("c", async () => told.push(await outer.stepDown()));
    });
    expect(told).toEqual([{ kind: "pending" }]);
  });

  it("is told of the release by what its work began and did not wait for, once it has settled", async () => {
    const leases = manual().client();
    let late: Promise<unknown> | undefined;
    await leases.run("a", async (lease) => {
      late = new Promise((resolve) => setImmediate(() => resolve(lease.stepDown())));
    });
    expect(await late).toEqual({ kind: "released" });
  });
});
