import { describe, expect, it } from "vitest";
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
