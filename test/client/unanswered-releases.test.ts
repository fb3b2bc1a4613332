import { describe, expect, it } from "vitest";
import type { Group } from "../../lib/client/group.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { leading, led, settling, shardNames } from "../support/groups.ts";
import { type Manual, manual, never } from "../support/manual.ts";
import { Gate, UNANSWERED } from "../support/probe-store.ts";

const TICK = "2026-01-01T00:00:00.000Z";
const MINUTE_MS = 60_000;

/** So many that a session's look reads all rows, and not each of them. */
const MANY = shardNames(9);

/** Has every release of shard `x` that says something go unanswered from here on, without reaching the table. */
function loseFarewells({ store }: Manual): void {
  store.onWrite = async ({ kind, row, set }, pass) => {
    const says = "tick" in set || "reservedFor" in set;
    return kind === "release" && row === "lease#x" && says ? UNANSWERED : pass();
  };
}

/** A group that leads `x` beside others, and is done with it: nobody answers its release. */
async function unheard(options: Parameters<Group["tryAcquire"]>[1] = { tick: TICK }, others = MANY) {
  const world = manual();
  const group = world.client().group("jobs");
  await leading(group, ...others);
  const x = led(await group.tryAcquire("x", options));
  loseFarewells(world);
  expect((await x.release()).kind).toBe("unknown");
  return { world, group };
}

describe("a release that has something to say, and that nobody answers", () => {
  it.each([
    ["an occurrence that is done", { tick: TICK }, "tick-done"],
    ["a minimum hold", { holdAtLeastMs: 600_000 }, "reserved"],
    ["an affinity", { affinity: "eu", affinityMs: 604_800_000 }, "reserved"],
  ])("is not undone by its session's look at the shard: %s", async (_, options, reason) => {
    const { world } = await unheard(options);
    // One look at all rows in each of the minutes.
    await world.clock.advance(3 * MINUTE_MS);
    expect(world.store.queries).toBe(3);
    const other = world.client().group("jobs");
    expect(await other.tryAcquire("x", options), "it is held still").toMatchObject({ reason: "held" });
    world.store.onWrite = undefined;
    await world.clock.advance(2_500);
    const { tick } = { tick: undefined, ...options };
    expect(await other.tryAcquire("x", { tick })).toMatchObject({ kind: "refused", reason });
  });

  it("is heard before the next attempt of its own session", async () => {
    const { world, group } = await unheard();
    world.store.onWrite = undefined;
    expect(await group.tryAcquire("x", { tick: TICK })).toMatchObject({ reason: "tick-done" });
    const next = led(await group.tryAcquire("x", { tick: "2026-01-01T01:00:00.000Z" }));
    await world.clock.advance(MINUTE_MS);
    expect(next.isHeld(), "which it harms in no way").toBe(true);
  });

  it("is heard before the next attempt, too, where the session was closed, or was over, before it was given up", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    await leading(group, "own");
    led(await group.tryAcquire("x", { tick: TICK })).complete();
    loseFarewells(world);
    await group.close();
    world.store.onWrite = undefined;
    expect(await group.tryAcquire("x", { tick: TICK })).toMatchObject({ reason: "tick-done" });

    const later = "2026-01-01T01:00:00.000Z";
    const x = led(await group.tryAcquire("x", { tick: later }));
    world.store.onWrite = async () => never();
    await world.clock.advance(12_000);
    const released = settling(world, x.release());
    await world.clock.advance(10_000);
    world.store.onWrite = undefined;
    expect((await released).kind).toBe("unknown");
    expect(await group.tryAcquire("x", { tick: later })).toMatchObject({ reason: "tick-done" });
    expect(world.clock.pendingTimers).toBe(0);
  });

  it("has that attempt fail while nobody answers it, as any that the table does not answer", async () => {
    const { world, group } = await unheard();
    await leaseErrorOf(group.tryAcquire("x", { tick: TICK }), "STORE_UNAVAILABLE");
    await leaseErrorOf(group.tryAcquire("x"), "STORE_UNAVAILABLE");
    expect(world.table.peek("jobs", "lease#x")).toMatchObject({ holder: group.id, transitions: 1 });
  });

  it("goes before an attempt that was made while it was under way, too", async () => {
    const world = manual();
    const group = world.client().group("jobs");
    await leading(group, "own");
    const x = led(await group.tryAcquire("x", { tick: TICK }));
    const gate = new Gate();
    let tries = 0;
    world.store.onWrite = async ({ kind }, pass) => {
      if (kind !== "release") return pass();
      tries += 1;
      if (tries === 2) await gate.pass();
      // Both tries of the release, and the first of what settles it.
      return tries <= 3 ? UNANSWERED : pass();
    };
    const release = x.release();
    await gate.reached;
    const attempt = group.tryAcquire("x", { tick: TICK });
    gate.open();
    expect((await release).kind).toBe("unknown");
    expect(await attempt).toMatchObject({ kind: "refused", reason: "tick-done" });
  });

  it("is said by the next attempt of its process where the session has been closed meanwhile", async () => {
    const { world, group } = await unheard({ tick: TICK }, []);
    expect(world.table.peek("jobs", `session#${group.id}`)).not.toHaveProperty("holder");
    await world.clock.advance(MINUTE_MS);
    world.store.onWrite = undefined;
    expect(await group.tryAcquire("x", { tick: TICK })).toMatchObject({ reason: "tick-done" });
    expect(world.clock.pendingTimers).toBe(0);
  });

  it("is forgotten once somebody else has the shard", async () => {
    const { world, group } = await unheard({ tick: TICK }, []);
    const other = world.client().group("jobs");
    const [theirs] = await leading(other, "x");
    const sent = world.store.sent.length;
    world.store.onWrite = undefined;
    for (const _ of [1, 2]) expect(await group.tryAcquire("x")).toMatchObject({ reason: "held" });
    const since = world.store.sent.slice(sent).filter(({ row }) => row === "lease#x");
    expect(since.map(({ kind }) => kind)).toEqual(["release", "claim", "claim"]);
    expect(theirs?.isHeld()).toBe(true);
    expect(world.table.peek("jobs", "lease#x")).toHaveProperty("token", theirs?.token);
  });
});
