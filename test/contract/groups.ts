import { expect, it } from "vitest";
import type { Group } from "../../lib/client/group.ts";
import { sessionRow, shardRow } from "../../lib/core/names.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { until } from "../support/candidates.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { leading, led } from "../support/groups.ts";
import { UNANSWERED } from "../support/probe-store.ts";
import { type Member, RECOVERY_MS, SHORT, type World } from "../support/worlds.ts";
import type { MakeWorld } from "./contract.ts";
import { call, literal, written } from "./literals.ts";

/** Reads a row of a group past its members. */
export async function rowIn(here: World, name: string, row: string): Promise<LeaseRecord | undefined> {
  return (await here.store.read(name, call, row)).record;
}

/** Lets a member's process fall silent: nothing that it sends arrives any more. */
function dies({ store }: Member): void {
  store.onWrite = async () => UNANSWERED;
}

/** Groups: many leases, and one session that is renewed. */
export function groupClaims(world: MakeWorld): void {
  it("leads shards through a session: its row says the times, theirs say the session", async () => {
    await using here = world();
    const name = here.name("group");
    const group = here.member().client.group(name, { lockDelayMs: 300 });
    const [a, b] = await leading(group, "a", "b");
    expect(a).toMatchObject({ name, shard: "a", holder: group.id });
    const session = await rowIn(here, name, sessionRow(group.id));
    expect(session).toMatchObject({ holder: group.id, durationMs: 2_300, lockDelayMs: 300 });
    for (const lease of [a, b]) {
      const row = await rowIn(here, name, shardRow(lease?.shard ?? ""));
      const says = { holder: group.id, token: lease?.token, sessionToken: session?.token, durationMs: 0 };
      expect(row).toMatchObject({ ...says, revision: 1, transitions: 1 });
      for (const none of ["expiresAt", "ttl", "lockDelayMs"]) expect(row).not.toHaveProperty(none);
    }
    expect(a?.remainingMs()).toBeGreaterThan(1_000);
    expect(a?.remainingMs(), "less the lock-delay").toBeLessThanOrEqual(2_000);
  });

  it("is refused a shard that another holds, and leads it when that is released", async () => {
    await using here = world();
    const name = here.name("refused");
    const [lease] = await leading(here.member().client.group(name), "a");
    const other = here.member().client.group(name);
    const refused = await other.tryAcquire("a");
    expect(refused).toMatchObject({ kind: "refused", reason: "held" });
    expect(refused.kind === "refused" && refused.state).toMatchObject({ shard: "a", holder: lease?.holder });
    const waiting = other.acquire("a");
    await here.pass(300);
    await lease?.release();
    const next = await here.within(1_500, waiting);
    expect(next.token).toBeGreaterThan(lease?.token ?? Infinity);
    const run = await here.within(
      1_500,
      here
        .member()
        .client.group(name)
        .run("b", async ({ shard }) => shard),
    );
    expect(run).toMatchObject({ kind: "led", value: "b", completed: true });
  });

  it("#4 renews one row, however many shards it holds", async () => {
    await using here = world();
    const name = here.name("renewed");
    const member = here.member();
    const group = member.client.group(name);
    const leases = await leading(group, "a", "b", "c", "d", "e");
    const sent = member.store.sent.length;
    await here.pass(3 * SHORT.durationMs);
    const renewals = member.store.sent.slice(sent);
    expect(new Set(renewals.map(({ row }) => row))).toEqual(new Set([sessionRow(group.id)]));
    expect(renewals.length).toBeLessThanOrEqual((3 * SHORT.durationMs) / SHORT.renewIntervalMs + 1);
    expect(leases.every((lease) => lease.isHeld())).toBe(true);
    expect((await rowIn(here, name, shardRow("a")))?.revision).toBe(1);
  });

  it("takes over from a process that died: its session is ended once, for all of its shards", async () => {
    await using here = world();
    const name = here.name("dead");
    const dead = here.member();
    const group = dead.client.group(name);
    const leases = await leading(group, "a", "b", "c");
    dies(dead);
    const heir = here.member();
    const heirs = heir.client.group(name);
    const first = await here.within(RECOVERY_MS, heirs.acquire("a"));
    const others = await leading(heirs, "b", "c");
    for (const [nth, lease] of [first, ...others].entries())
      expect(lease.token).toBeGreaterThan(leases[nth]?.token ?? Infinity);
    const buried = heir.store.sent.filter(({ kind }) => kind === "bury");
    expect(buried.map(({ row }) => row)).toEqual([sessionRow(group.id)]);
    expect(await rowIn(here, name, sessionRow(group.id))).not.toHaveProperty("holder");
    expect(leases.map((lease) => lease.isHeld())).toEqual([false, false, false]);
  });

  it("frees all with one write when it closes, and the next leads with one request each", async () => {
    await using here = world();
    const name = here.name("closed");
    const member = here.member();
    const group = member.client.group(name);
    await leading(group, "a", "b", "c");
    const sent = member.store.sent.length;
    expect(await group.close()).toEqual({ kind: "released" });
    expect(member.store.sent.slice(sent).map(({ kind }) => kind)).toEqual(["release"]);
    await leading(here.member().client.group(name), "a", "b", "c");
  });

  it("loses all of its leases with its session, each with the reason", async () => {
    await using here = world();
    const name = here.name("lost");
    const member = here.member();
    const leases = await leading(member.client.group(name), "a", "b");
    dies(member);
    await until(here, 3_000, "both end", () => leases.every((lease) => lease.signal.aborted));
    for (const lease of leases) {
      expect(lease.end).toMatchObject({ reason: "expired" });
      await leaseErrorOf(lease.renew(), "LEASE_LOST");
    }
  });

  it("publishes a value per shard, and drops it with the term", async () => {
    await using here = world();
    const name = here.name("value");
    const group = here.member().client.group(name);
    const [a, b] = await leading(group, "a", "b");
    await a?.proclaim({ url: "http://a" });
    const reader = here.member().client.group(name);
    expect((await reader.get("a")).value).toEqual({ url: "http://a" });
    expect((await reader.get("b")).value).toBeUndefined();
    await a?.proclaim(undefined);
    expect((await reader.get("a")).value).toBeUndefined();
    await b?.proclaim("x");
    await b?.release();
    expect((await reader.get("b")).value).toBeUndefined();
    await leaseErrorOf(b?.proclaim("y") ?? Promise.resolve(), "LEASE_LOST");
  });

  it("with a stable id has its shards back at once; what the dead process still sends changes nothing", async () => {
    await using here = world();
    const name = here.name("stable");
    const dead = here.member();
    const late: (() => Promise<unknown>)[] = [];
    const before = dead.client.group(name, { id: "pod-0" });
    const [a] = await leading(before, "a");
    dead.store.onWrite = async (_, passOn) => {
      late.push(passOn);
      return UNANSWERED;
    };
    await leaseErrorOf(before.tryAcquire("b"), "STORE_UNAVAILABLE");
    await until(here, 2_000, "it renews", () => dead.store.sent.some(({ kind }) => kind === "renew"));
    expect((await a?.release())?.kind).toBe("unknown");
    const after = here.member().client.group(name, { id: "pod-0" });
    const [again, other] = await leading(after, "a", "b");
    expect(again?.token).toBeGreaterThan(a?.token ?? Infinity);
    expect((await rowIn(here, name, shardRow("a")))?.transitions).toBe(2);
    const rows = async () =>
      Promise.all(["session#pod-0", "lease#a", "lease#b"].map((row) => rowIn(here, name, row)));
    const [session, ...shards] = await rows();
    expect(late.length).toBeGreaterThanOrEqual(4);
    for (const passOn of late) await passOn();
    const [now, ...then] = await rows();
    expect(then).toEqual(shards);
    expect(now?.token).toBe(session?.token);
    expect([again?.isHeld(), other?.isHeld()]).toEqual([true, true]);
  });

  it("with a stable id keeps the lock-delay that the process before it has promised", async () => {
    await using here = world();
    const name = here.name("promised");
    const dead = here.member();
    await leading(dead.client.group(name, { id: "pod-0", lockDelayMs: 60_000 }), "a", "b");
    dies(dead);
    const promised = await rowIn(here, name, sessionRow("pod-0"));
    // It promises none itself.
    const next = here.member().client.group(name, { id: "pod-0" });
    await here.within(5_000, leaseErrorOf(next.acquire("a", { timeoutMs: 600 }), "ACQUIRE_TIMEOUT"));
    expect(await rowIn(here, name, sessionRow("pod-0"))).toEqual(promised);
    expect((await here.member().client.group(name).tryAcquire("b")).kind).toBe("refused");
  });

  it("reads all rows of a large group, page by page", async () => {
    await using here = world();
    const name = here.name("large");
    const shards = Array.from({ length: 8 }, (_, nth) => `s${nth}`);
    for (const shard of shards) {
      const set = { token: 5, value: shard.repeat(80_000), sessionToken: 5 };
      await written(here.store, {
        ...literal(name, `w-${shard}`, { set, expects: { vacant: true } }),
        row: shardRow(shard),
      });
    }
    const { client, store, http } = here.member();
    const listed = await client.group(name).list();
    expect(listed.map(({ shard }) => shard)).toEqual(shards);
    expect(listed.every(({ value }) => String(value).length === 160_000)).toBe(true);
    expect(http()).toBe(store.tableName === undefined ? 1 : 2);
    const { records, next } = await here.store.rows(name, "lease#", call, shardRow("s6"));
    if (store.tableName !== undefined) expect(records.map(({ row }) => row)).toEqual([shardRow("s7")]);
    expect(next).toBeUndefined();
  });
}

/** Makes a group of another process. */
export const groupOf = (here: World, name: string): Group => here.member().client.group(name);

/** A lease of a shard that is led at once. */
export const leaseOf = async (
  group: Group,
  shard: string,
  options: Parameters<Group["tryAcquire"]>[1] = {},
) => led(await group.tryAcquire(shard, options));
