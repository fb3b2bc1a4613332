import { describe, expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import type { LeadershipOptions } from "../../lib/client/with-leadership.ts";
import { sessionRow, shardRow } from "../../lib/core/names.ts";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";
import { type Manual, manual } from "../support/manual.ts";
import { Gate, UNANSWERED } from "../support/probe-store.ts";
import { context, type Elect, type Handler, withMiddy, withWrapper } from "./invocations.ts";

/** What of a semaphore is on the table: the holder of each permit, and of each session. */
function rows({ table }: Manual, lease: Lease | undefined): (string | undefined)[] {
  if (lease === undefined) throw new Error("no handler had a permit");
  return [shardRow(lease.shard ?? ""), sessionRow(lease.holder)].map(
    (row) => table.peek("jobs", row)?.holder,
  );
}

describe.each<readonly [string, Elect]>([
  ["leaderOnly", withMiddy],
  ["withLeadership", withWrapper],
])("%s with permits", (_, elect) => {
  type More = Partial<LeadershipOptions>;
  const options = (world: Manual, more: More = {}): LeadershipOptions => ({
    leases: world.client(),
    name: "jobs",
    permits: 2,
    ...more,
  });

  /** Handlers that run until they are let go on, each in an environment of its own unless told otherwise. */
  async function running(world: Manual, more: More = {}, leftMs = 60_000) {
    const gate = new Gate();
    let lease: Lease | undefined;
    const invoke = elect(
      async (__, lambdaContext) => {
        lease = lambdaContext.lease;
        await gate.pass();
        return "ran";
      },
      options(world, more),
    );
    const result = invoke({}, context(world.clock, leftMs));
    await gate.reached;
    if (lease === undefined) throw new Error("the handler has no permit");
    return { gate, lease, result };
  }

  it("runs so many at a time, each under a permit of its own, and no more", async () => {
    const world = manual();
    const [first, second] = [await running(world), await running(world)];
    expect(new Set([first.lease.shard, second.lease.shard])).toEqual(
      new Set(["permit-00001", "permit-00002"]),
    );
    expect(first.lease.name).toBe("jobs");
    let ran = 0;
    const third = elect(async () => (ran += 1), options(world));
    const sent = world.store.requests;
    const followed = (await third({}, context(world.clock))) as { leader: string };
    expect(world.store.requests - sent, "a refusal is one request").toBe(1);
    expect(followed).toEqual({ led: false, reason: "held", leader: followed.leader });
    expect([first.lease.holder, second.lease.holder]).toContain(followed.leader);
    second.gate.open();
    expect(await second.result).toBe("ran");
    expect([ran, await third({}, context(world.clock)), ran]).toEqual([0, 1, 1]);
    first.gate.open();
    await first.result;
  });

  it.each<readonly [string, Handler]>([
    ["returns", async () => "ran"],
    ["throws", async () => Promise.reject(new Error("handler"))],
    ["has released by itself, and not waited", async (__, { lease }) => void lease.release()],
    ["steps down", async (__, { lease }) => lease.stepDown()],
  ])("leaves nothing held, open or under way when its handler %s", async (__, handler) => {
    const world = manual();
    let lease: Lease | undefined;
    // An answer takes its time: what is not waited for is still under way then.
    world.store.onWrite = async (_write, pass) => {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      return pass();
    };
    const invoke = elect(async (event, lambdaContext) => {
      lease = lambdaContext.lease;
      expect(rows(world, lease), "while it runs").toEqual([lease.holder, lease.holder]);
      return handler(event, lambdaContext);
    }, options(world));
    for (const round of [1, 2, 3]) {
      await invoke({}, context(world.clock)).catch(() => undefined);
      expect(rows(world, lease)).toEqual([undefined, undefined]);
      expect(world.store.requests, "look, open, claim, release, close").toBe(5 * round);
      expect(world.clock.pendingTimers, "nothing is left to thaw with").toBe(0);
      await world.clock.advance(20);
    }
  });

  it("keeps one session through permits that others take before it", async () => {
    const world = manual();
    const other = world.client({ holder: "bob" }).group("jobs");
    let taken: string | undefined;
    world.store.onWrite = async (write, pass) => {
      if (write.row?.startsWith("lease#") !== true) return pass();
      world.store.onWrite = undefined;
      taken = write.row.slice("lease#".length);
      await other.tryAcquire(taken);
      return pass();
    };
    let lease: Lease | undefined;
    const invoke = elect(async (__, { lease: permit }) => void (lease = permit), options(world));
    await invoke({}, context(world.clock));
    expect(new Set([taken, lease?.shard])).toEqual(new Set(["permit-00001", "permit-00002"]));
    const own = sessionRow(lease?.holder ?? "");
    expect(world.store.sent.filter(({ row, kind }) => row === own && kind === "claim")).toHaveLength(1);
    await other.close();
  });

  it("leaves nothing open, and no timer, when nobody answers its claim", async () => {
    const world = manual();
    let underWay = 0;
    world.store.onWrite = async (write, pass) => {
      underWay += 1;
      const turns = write.kind === "abandon" ? 200 : 20;
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      const outcome = write.row?.startsWith("lease#") === true ? UNANSWERED : await pass();
      underWay -= 1;
      return outcome;
    };
    const failing = elect(async () => "ran", options(world))({}, context(world.clock));
    await leaseErrorOf(failing, "STORE_UNAVAILABLE");
    expect([underWay, world.clock.pendingTimers]).toEqual([0, 0]);
    const session = world.store.sent.find(({ row }) => row?.startsWith("session#") === true)?.row;
    expect(world.table.peek("jobs", session)).toMatchObject({ name: "jobs" });
    expect(world.table.peek("jobs", session)?.holder).toBeUndefined();
  });

  it("releases the permit before Lambda ends the invocation, by the margin, whatever the handler does", async () => {
    const world = manual();
    const slow = await running(world, { permits: 1 }, 30_000);
    await world.clock.advance(20_000);
    expect(slow.lease.remainingMs()).toBeLessThanOrEqual(9_500);
    expect(slow.lease.isHeld()).toBe(true);
    await world.clock.advance(9_500);
    expect(slow.lease.end).toMatchObject({ reason: "expired", atLimit: true });
    expect(slow.lease.signal.aborted, "the handler is told").toBe(true);
    expect(rows(world, slow.lease), "at once: nobody has to wait for the session to run out").toEqual([
      undefined,
      undefined,
    ]);
    expect(world.clock.pendingTimers).toBe(0);
    const next = await running(world, { permits: 1 });
    slow.gate.open();
    expect(await slow.result).toBe("ran");
    expect(next.lease.isHeld()).toBe(true);
    next.gate.open();
    await next.result;
  });

  it("has invocations of one process share a session, each with a limit of its own", async () => {
    const world = manual();
    const gates: Record<string, Gate> = { brief: new Gate(), long: new Gate() };
    const leases: Record<string, Lease> = {};
    const invoke = elect(async (event, { lease }) => {
      leases[String(event)] = lease;
      await gates[String(event)]?.pass();
    }, options(world));
    const results = [invoke("brief", context(world.clock, 5_000)), invoke("long", context(world.clock))];
    await Promise.all(Object.values(gates).map(({ reached }) => reached));
    expect(leases["brief"]?.holder).toBe(leases["long"]?.holder);
    expect(leases["brief"]?.shard).not.toBe(leases["long"]?.shard);
    await world.clock.advance(30_000);
    expect([leases["brief"]?.isHeld(), leases["long"]?.isHeld()]).toEqual([false, true]);
    expect(rows(world, leases["long"])).toEqual([leases["long"]?.holder, leases["long"]?.holder]);
    for (const gate of Object.values(gates)) gate.open();
    await Promise.all(results);
    expect(rows(world, leases["long"])).toEqual([undefined, undefined]);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it("tells a running handler to hand over, then to stop, and releases only after it has settled", async () => {
    const world = manual();
    const { lease, gate, result } = await running(world, {}, 600_000);
    await world
      .client()
      .group("jobs")
      .requestStepDown(lease.shard ?? "");
    await world.clock.advance(6_000);
    expect(await lease.handover).toEqual({ to: undefined, drainMs: 5_000 });
    await world.clock.advance(5_000);
    leaseErrorIn(() => lease.signal.throwIfAborted(), "HANDED_OVER");
    expect(lease.isHeld(), "it has its permit while it goes on").toBe(true);
    gate.open();
    await result;
    expect(rows(world, lease)).toEqual([undefined, undefined]);
  });

  it("is followed as with a lease: records throw, and onFollowed answers", async () => {
    const world = manual();
    const { gate, result } = await running(world, { permits: 1 });
    const records = { Records: [{ eventSource: "aws:sqs" }] };
    const follow = (more: More) =>
      elect(async () => "ran", options(world, { permits: 1, ...more }))(records, context(world.clock));
    await leaseErrorOf(follow({}), "NOT_LEADING");
    expect(await follow({ onFollowed: () => ({ batchItemFailures: [] }) })).toEqual({
      batchItemFailures: [],
    });
    gate.open();
    await result;
  });

  it("looks for no occurrence: each delivery of a schedule takes a permit", async () => {
    const world = manual();
    let runs = 0;
    const invoke = elect(async () => (runs += 1), options(world));
    const noon = { tick: "2026-01-01T12:00:00.000Z" };
    await invoke(noon, context(world.clock));
    await invoke(noon, context(world.clock));
    expect(runs).toBe(2);
  });

  it("keeps a released permit closed for its minimum hold, or for its label, and not the others", async () => {
    for (const more of [{ holdAtLeastMs: 30_000 }, { affinity: "eu", affinityMs: 30_000 }]) {
      const world = manual();
      const invoke = (extra: More = more) =>
        elect(async () => "ran", options(world, extra))({}, context(world.clock));
      const other = "affinity" in more ? { ...more, affinity: "us" } : more;
      expect([await invoke(), await invoke(other)]).toEqual(["ran", "ran"]);
      expect(await invoke({ ...other, affinity: "affinity" in more ? "asia" : undefined })).toEqual({
        led: false,
        reason: "reserved",
        leader: undefined,
      });
      if ("affinity" in more) expect(await invoke()).toBe("ran");
      await world.clock.advance(30_000 + 1_500 + 1_000);
      expect(await invoke(other)).toBe("ran");
      expect(world.clock.pendingTimers).toBe(0);
    }
  });

  it("draws the id of its session with the first invocation: processes of one image do not share it", async () => {
    const world = manual();
    let process = "image";
    let drawn = 0;
    const random = { fraction: () => 0.5, id: () => `${process}-${(drawn += 1)}` };
    const leases = world.client({ random });
    const holders: string[] = [];
    const handler: Handler = async (__, { lease }) => holders.push(lease.holder);
    const invoke = elect(handler, options(world, { leases }));
    process = "process";
    await invoke({}, context(world.clock));
    await invoke({}, context(world.clock));
    expect(holders[0]).toMatch(/^ann\/process-/);
    expect(holders[1], "and keeps it").toBe(holders[0]);
  });

  it("is refused with what does not go with permits, by name, when it is made", () => {
    const world = manual();
    const leases = world.client();
    const tick = (): string => "2026-01-01T00:00:00Z";
    const { tryAcquire } = { tryAcquire: async () => leases.tryAcquire("jobs") };
    for (const [message, wrong] of [
      [/^tick does not go with permits/, { tick }],
      [/^tickPolicy does not go with permits/, { tickPolicy: "until-success" as const }],
      [/^permits must be a whole number from 1 to 10000, not "0"/, { permits: 0 }],
      [/^permits must be .*, not "1.5"/, { permits: 1.5 }],
      [/^durationMs /, { durationMs: 0 }],
      [/^holdAtLeastMs .*affinity/, { holdAtLeastMs: 5, affinity: "eu", affinityMs: 5_000 }],
      [/^leases must be .*semaphore/, { leases: { tryAcquire } }],
    ] as const) {
      const make = () => elect(async () => 1, options(world, wrong));
      expect(leaseErrorIn(make, "INVALID_ARGUMENT").message).toMatch(message);
    }
    expect(world.store.requests).toBe(0);
  });
});
