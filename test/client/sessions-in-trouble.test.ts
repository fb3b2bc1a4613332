import { describe, expect, it } from "vitest";
import { LeaseError } from "../../lib/core/errors.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { kindsOf, leading, led } from "../support/groups.ts";
import { manual } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";

const MINUTE_MS = 60_000;
/** Of clients that are told of releases: they look seldom by themselves. */
const SELDOM = { retryIntervalMs: 60 * MINUTE_MS };

describe("a session whose client looks seldom", () => {
  it("sends a release again within seconds that nobody has answered", async () => {
    const world = manual();
    const [, x] = await leading(world.client(SELDOM).group("jobs"), "own", "x");
    world.store.onWrite = async ({ kind }, pass) => (kind === "release" ? UNANSWERED : pass());
    expect((await x?.release())?.kind).toBe("unknown");
    await world.clock.advance(10_000);
    world.store.onWrite = undefined;
    await world.clock.advance(2_000);
    expect(world.table.peek("jobs", "lease#x")).not.toHaveProperty("holder");
  });

  it("vacates within seconds what a claim has taken that nobody has answered", async () => {
    const world = manual();
    const group = world.client(SELDOM).group("jobs");
    await leading(group, "own");
    world.store.onWrite = async ({ kind, row }, pass) => {
      if (row !== "lease#x") return pass();
      if (kind === "claim") await pass();
      return UNANSWERED;
    };
    await leaseErrorOf(group.tryAcquire("x"), "STORE_UNAVAILABLE");
    await world.clock.advance(10_000);
    expect(world.table.peek("jobs", "lease#x")).toHaveProperty("holder", group.id);
    world.store.onWrite = undefined;
    await world.clock.advance(2_000);
    expect(world.table.peek("jobs", "lease#x")).not.toHaveProperty("holder");
  });

  it("looks once a minute at a shard that its claim waits for, once another holds that", async () => {
    const world = manual();
    const [theirs] = await leading(world.client().group("jobs"), "x");
    await world.clock.advance(1_000);
    const group = world.client(SELDOM).group("jobs");
    await leading(group, "own");
    world.store.onWrite = async (write, pass) => (write.kind === "claim" ? UNANSWERED : pass());
    await leaseErrorOf(group.tryAcquire("x"), "STORE_UNAVAILABLE");
    world.store.onWrite = undefined;
    await world.clock.advance(10 * MINUTE_MS);
    expect(kindsOf(world, "lease#x"), "which only looks").toEqual(["claim", "claim", "abandon"]);
    await theirs?.release();
    await world.clock.advance(MINUTE_MS);
    expect(kindsOf(world, "lease#x").at(-1)).toBe("void");
  });

  it("looks at its shards again within seconds of a look that failed, and then once a minute", async () => {
    const world = manual();
    const [x] = await leading(world.client(SELDOM).group("jobs"), "x");
    world.store.onRead = async () => {
      throw new LeaseError("STORE_UNAVAILABLE", "out of reach");
    };
    await world.clock.advance(MINUTE_MS);
    world.store.onRead = undefined;
    const other = world.client().group("jobs");
    // Its bell is lost.
    world.store.onWrite = async (write, pass) => (write.kind === "ring" ? UNANSWERED : pass());
    await other.forceRelease("x");
    led(await other.tryAcquire("x"));
    const { reads } = world.store;
    await world.clock.advance(2_000);
    expect(x?.isHeld()).toBe(false);
    expect(world.store.reads).toBe(reads + 1);
  });
});
