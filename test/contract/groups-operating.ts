import { expect, it } from "vitest";
import { sessionRow, shardRow } from "../../lib/core/names.ts";
import { until } from "../support/candidates.ts";
import { leading } from "../support/groups.ts";
import { SHORT } from "../support/worlds.ts";
import type { MakeWorld } from "./contract.ts";
import { groupOf, leaseOf, rowIn } from "./groups.ts";

const TICK = "2026-01-01T02:00:00.000Z";
const LATER = "2026-01-01T03:00:00.000Z";

/** How soon a holder acts on its bell, which its session's next renewal brings, with room for a busy machine. */
const HEARD_MS = SHORT.renewIntervalMs + 700;

/** What can be asked of a group's shards, by operators and by schedules. */
export function groupOperatingClaims(world: MakeWorld): void {
  it("hands a shard over when it is asked to: the bell rings, and the successor has it", async () => {
    await using here = world();
    const name = here.name("asked");
    const member = here.member();
    const group = member.client.group(name);
    const lease = await leaseOf(group, "a", { drainMs: 0, reserveForMs: 5_000 });
    const [other] = await leading(group, "b");
    const operator = here.member();
    const successor = groupOf(here, name);
    const asked = await operator.client.group(name).requestStepDown("a", { reserveFor: successor.id });
    expect(asked).toEqual({ kind: "requested", holder: group.id, token: lease.token });
    expect(operator.http()).toBe(3);
    await until(here, HEARD_MS, "it steps down", () => lease.signal.aborted);
    expect(lease.end).toEqual({ reason: "stepped-down" });
    await until(here, 1_000, "its row is free", () =>
      member.store.sent.some(({ kind }) => kind === "release"),
    );
    await here.pass(100);
    const kept = await groupOf(here, name).tryAcquire("a");
    expect(kept).toMatchObject({ kind: "refused", reason: "reserved" });
    expect((await successor.tryAcquire("a")).kind).toBe("acquired");
    expect(other?.isHeld(), "the others stay").toBe(true);
  });

  it("#22 tells a holder whose shard was released by force with its next renewal", async () => {
    await using here = world();
    const name = here.name("forced");
    const group = groupOf(here, name);
    const [a, b] = await leading(group, "a", "b");
    const operator = here.member();
    const forced = await operator.client.group(name).forceRelease("a");
    expect(forced).toEqual({ kind: "released", holder: group.id, token: a?.token });
    expect(operator.http()).toBe(3);
    const [successor] = await leading(operator.client.group(name), "a");
    await until(here, HEARD_MS, "it is told", () => a?.signal.aborted === true);
    const end = { reason: "superseded", by: successor?.holder, token: successor?.token };
    expect(a?.end).toEqual(end);
    expect(await a?.release()).toEqual({ kind: "superseded", by: end.by, token: end.token });
    expect([b?.isHeld(), successor?.isHeld()]).toEqual([true, true]);
  });

  it("changes nothing by a request to nobody, and opens what is reserved", async () => {
    await using here = world();
    const name = here.name("nobody");
    const group = groupOf(here, name);
    expect(await group.requestStepDown("a")).toEqual({ kind: "vacant" });
    expect(await group.forceRelease("a")).toEqual({ kind: "vacant" });
    expect(await rowIn(here, name, shardRow("a"))).toBeUndefined();
    await (await leaseOf(group, "a", { holdAtLeastMs: 60_000 })).release();
    expect(await groupOf(here, name).forceRelease("a")).toEqual({ kind: "opened", reservedFor: "" });
    expect((await groupOf(here, name).tryAcquire("a")).kind).toBe("acquired");
  });

  it("tells who leads what: get, list, status, observe", async () => {
    await using here = world();
    const name = here.name("told");
    const group = groupOf(here, name);
    await leading(group, "b", "a");
    await (await leaseOf(groupOf(here, name), "c")).release();
    const reader = here.member();
    const readers = reader.client.group(name);
    const state = await readers.get("a");
    expect(state).toMatchObject({ kind: "held", name, shard: "a", holder: group.id, transitions: 1 });
    expect(state.expiresAt).toBe((await rowIn(here, name, sessionRow(group.id)))?.expiresAt);
    expect(reader.http()).toBe(2);
    expect(await readers.get("nobody")).toMatchObject({ kind: "vacant", shard: "nobody", token: 0 });
    const listed = await readers.list();
    expect(listed.map(({ shard, kind }) => [shard, kind])).toEqual([
      ["a", "held"],
      ["b", "held"],
      ["c", "vacant"],
    ]);
    const status = await readers.status({ shards: ["c", "d"] });
    expect(status).toMatchObject({ name, unled: ["c", "d"], balanced: false });
    expect(status.workers).toMatchObject([{ id: group.id, isWorker: false, shards: 2 }]);
    const states = readers.observe("a", { intervalMs: 100 });
    expect((await here.within(1_000, states.next())).value).toMatchObject({ kind: "held", shard: "a" });
    await group.close();
    expect((await here.within(2_000, states.next())).value).toMatchObject({ kind: "expired" });
    await states.return?.();
  });

  it("leads an occurrence of a shard once, in both policies", async () => {
    await using here = world();
    const name = here.name("ticks");
    const [group, other] = [groupOf(here, name), groupOf(here, name)];
    const failed = await group
      .run("a", async () => Promise.reject(new Error("no")), { tick: TICK })
      .catch(String);
    expect(failed).toContain("no");
    const done = await other.run("a", async () => 1, { tick: TICK });
    expect(done).toMatchObject({ kind: "led", completed: true });
    const again = { kind: "refused", reason: "tick-done" };
    expect(await group.tryAcquire("a", { tick: TICK })).toMatchObject(again);
    expect((await group.get("a")).tick).toBe(TICK);
    expect((await group.run("b", async () => 1, { tick: TICK })).kind, "of another shard").toBe("led");
    const once = { tick: LATER, tickPolicy: "at-most-once" } as const;
    await group.run("a", async () => Promise.reject(new Error("no")), once).catch(String);
    expect(await other.tryAcquire("a", once)).toMatchObject(again);
    expect(await other.tryAcquire("a", { tick: TICK })).toMatchObject({
      kind: "refused",
      reason: "tick-passed",
    });
    expect(await other.rewindTick("a", TICK)).toMatchObject({ kind: "rewound", from: LATER, to: TICK });
    expect((await other.tryAcquire("a", once)).kind).toBe("acquired");
  });

  it("records the occurrence that was completed also where the whole group closes", async () => {
    await using here = world();
    const name = here.name("completed");
    const group = groupOf(here, name);
    const lease = await leaseOf(group, "a", { tick: TICK });
    await leading(group, "b");
    lease.complete();
    await here.within(3_000, group.close());
    expect(await groupOf(here, name).tryAcquire("a", { tick: TICK })).toMatchObject({ reason: "tick-done" });
  });

  it("keeps a shard for nobody within its minimum hold, and for an affinity's own", async () => {
    await using here = world();
    const name = here.name("kept");
    const group = groupOf(here, name);
    const held = await leaseOf(group, "a", { holdAtLeastMs: 800 });
    await held.release();
    expect(await group.tryAcquire("a")).toMatchObject({ kind: "refused", reason: "reserved" });
    const affinity = { affinity: "eu", affinityMs: 60_000 };
    const eu = await leaseOf(group, "b", affinity);
    await eu.release();
    expect(await groupOf(here, name).tryAcquire("b")).toMatchObject({ kind: "refused", reason: "reserved" });
    const member = here.member();
    await here.pass(5); // So that its claim's token is above the last one.
    await leaseOf(member.client.group(name), "b", affinity);
    expect(member.http(), "a session and a claim: its own leads at once").toBe(2);
    const next = await here.within(800 + SHORT.graceMs + 2_000, groupOf(here, name).acquire("a"));
    expect(next.token).toBeGreaterThan(held.token);
  });
}
