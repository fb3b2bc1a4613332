import middy, { type MiddlewareObj } from "@middy/core";
import type { Context } from "aws-lambda";
import { describe, expect, it } from "vitest";
import type { LeaderContext } from "../../lib/client/with-leadership.ts";
import { leaderOnly } from "../../lib/middy/leader-only.ts";
import { type Manual, manual } from "../support/manual.ts";
import { Gate } from "../support/probe-store.ts";
import { context } from "./invocations.ts";

const NOON = { tick: "2026-01-01T12:00:00.000Z" };

type Other = MiddlewareObj<unknown, unknown, Error, LeaderContext<Context>>;

/** A function whose election stands among other middlewares. */
function among(
  world: Manual,
  before: readonly Other[],
  after: readonly Other[] = [],
  handler = async () => "led",
) {
  const election = leaderOnly({ leases: world.client(), name: "jobs" });
  const elected = middy({ timeoutEarlyInMillis: 0 })
    .use([...before])
    .use(election)
    .use([...after])
    .handler(handler);
  return async (event: unknown): Promise<unknown> =>
    elected(event, context(world.clock) as LeaderContext<Context>);
}

function expectNothingLeft({ clock, table }: Manual): void {
  expect(table.peek("jobs")?.holder).toBeUndefined();
  expect(clock.pendingTimers).toBe(0);
}

const failure = new Error("another middleware");
const failing = {
  before: async () => Promise.reject(failure),
  after: async () => Promise.reject(failure),
};

describe("a middleware used last, as it says", () => {
  it("does not elect when one before it fails or answers early", async () => {
    const world = manual();
    await expect(among(world, [{ before: failing.before }])(NOON)).rejects.toBe(failure);
    const early = among(world, [{ before: () => "cached" }]);
    expect(await early(NOON)).toBe("cached");
    expect(world.store.requests).toBe(0);
    expectNothingLeft(world);
  });

  it("has released, and recorded its occurrence, when one fails after the handler", async () => {
    const world = manual();
    await expect(among(world, [{ after: failing.after }])(NOON)).rejects.toBe(failure);
    expect(world.table.peek("jobs")?.tick, "the handler had returned").toBe(NOON.tick);
    expectNothingLeft(world);
  });

  it("lets others handle the error of a handler, and has released before they do", async () => {
    const world = manual();
    const seen: unknown[] = [];
    const handled = among(
      world,
      [
        {
          onError: (request) => {
            seen.push(world.table.peek("jobs")?.holder);
            request.response = "handled";
          },
        },
      ],
      [],
      async () => Promise.reject(new Error("handler")),
    );
    expect(await handled(NOON)).toBe("handled");
    expect(seen).toEqual([undefined]);
    expect(world.table.peek("jobs")?.tick).toBeUndefined();
    expectNothingLeft(world);
  });

  it("gives the others the answer of an invocation that followed", async () => {
    const world = manual();
    const lease = await world.client().acquire("jobs", { renew: "manual" });
    const elected = among(
      world,
      [{}].map(() => ({ before: () => undefined })),
    );
    expect(await elected(NOON)).toEqual({ led: false, reason: "held", leader: lease.holder });
  });
});

describe("a middleware used before others", () => {
  it("releases when one of them fails before the handler, without recording the occurrence", async () => {
    const world = manual();
    await expect(among(world, [], [{ before: failing.before }])(NOON)).rejects.toBe(failure);
    expect(world.table.peek("jobs")?.tick).toBeUndefined();
    expectNothingLeft(world);
  });

  it("releases when one of them fails after the handler, without recording the occurrence", async () => {
    const world = manual();
    await expect(among(world, [], [{ after: failing.after }])(NOON)).rejects.toBe(failure);
    expect(world.table.peek("jobs")?.tick).toBeUndefined();
    expectNothingLeft(world);
  });
});

describe("middy's own early timeout", () => {
  it("releases what a handler that never returns still held", async () => {
    const world = manual();
    const gate = new Gate();
    const elected = middy({ timeoutEarlyInMillis: 100 })
      .use(leaderOnly({ leases: world.client(), name: "jobs", timeoutMarginMs: 0 }))
      .handler(() => gate.pass());
    // The time left, as middy's own timer takes it, is real.
    const lambdaContext = { getRemainingTimeInMillis: () => 1_150 } as unknown as LeaderContext<Context>;
    await expect(elected(NOON, lambdaContext)).rejects.toMatchObject({ name: "TimeoutError" });
    expectNothingLeft(world);
    gate.open();
  });
});
