import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { StoreLeaseClient } from "../../lib/client/lease-client.ts";
import { LeaseError } from "../../lib/core/errors.ts";
import type { CallOptions, LeaseStore, ListPage } from "../../lib/core/ports.ts";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { FenceGuard } from "../../lib/fencing/fence-guard.ts";
import type { ManualClock } from "../../lib/testing/manual-clock.ts";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";
import { manual, never } from "../support/manual.ts";

describe("reading a lease", () => {
  it("says expired by the service's clock to who sees it for the first time", async () => {
    const { clock, client } = manual();
    await client().acquire("a", { renew: "manual" });
    await clock.advance(15_000 + 1_500 - 437);
    expect((await client().get("a")).kind, "the header does not show the next second yet").toBe("held");
    await clock.advance(1_000);
    expect((await client().get("a")).kind).toBe("expired");
  });

  it("says expired by observation where there is no header", async () => {
    const { clock, client, store } = manual();
    store.dateHeader = false;
    await client().acquire("a", { renew: "manual" });
    const reader = client();
    expect((await reader.get("a")).kind).toBe("held");
    await clock.advance(15_100);
    expect((await client().get("a")).kind, "a first sighting is fresh").toBe("held");
    await clock.advance(60);
    expect((await reader.get("a")).kind).toBe("expired");
  });

  it("gathers evidence for who tries later", async () => {
    const { clock, client, store } = manual();
    await client().acquire("a", { renew: "manual" });
    store.dateHeader = false;
    const reader = client();
    await reader.get("a");
    await clock.advance(15_200);
    expect((await reader.tryAcquire("a")).kind).toBe("acquired");
  });

  it("ends in bounded time when nobody answers, and says which lease it was about", async () => {
    const { clock, client, store } = manual();
    store.onRead = never;
    const reading = leaseErrorOf(client().get("hung"), "STORE_UNAVAILABLE");
    await clock.advance(3_000);
    expect((await reading).lease).toBe("hung");
    expect(clock.pendingTimers).toBe(0);
  });

  it("throws on what the store says", async () => {
    const { client, store } = manual();
    const denied = new LeaseError("ACCESS_DENIED", "no", { lease: "a" });
    store.onRead = async () => Promise.reject(denied);
    await expect(client().get("a")).rejects.toBe(denied);
  });
});

/** A store without its ways to list. */
const lookingAt = (table: LeaseStore): Omit<LeaseStore, "list"> => ({
  write: (...of) => table.write(...of),
  read: (...of) => table.read(...of),
  rows: (...of) => table.rows(...of),
});

async function* slowPages(clock: ManualClock, ms: number): AsyncGenerator<ListPage> {
  await new Promise<void>((resolve) => clock.timer(ms, resolve));
  const unwritten = { token: 0, revision: 0, writeId: "", durationMs: 0, transitions: 0 };
  yield { records: [{ name: "late", ...unwritten }], servedAt: undefined };
}

describe("listing leases", () => {
  it("tells the state of each, and may be left early", async () => {
    const { clock, client } = manual();
    const leases = client();
    await leases.acquire("dead", { renew: "manual" });
    await leases.acquire("alive");
    await (await leases.acquire("vacant")).release();
    await clock.advance(18_000);
    const found: Record<string, string> = {};
    for await (const { name, kind } of client().list()) found[name] = kind;
    expect(found).toEqual({ dead: "expired", alive: "held", vacant: "vacant" });
    for await (const _ of client().list()) break;
    await leases.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it("has a deadline of its own for each page, however short the lease's requests", async () => {
    const { clock, client, table } = manual();
    const slow = { ...lookingAt(table), list: () => slowPages(clock, 20_000) };
    const leases = client({ store: slow, durationMs: 1_000 });
    const listed = leases.list().next();
    await clock.advance(20_000);
    expect((await listed).value).toMatchObject({ name: "late", kind: "vacant" });
    const late = leaseErrorOf(leases.list({ pageTimeoutMs: 19_000 }).next(), "STORE_UNAVAILABLE");
    await clock.advance(19_000);
    const { message, lease } = await late;
    expect(message).toMatch(/^the list of leases: no answer within 19000 ms/);
    expect(lease).toBeUndefined();
    for (const pageTimeoutMs of [49, 600_001, "x"]) {
      const list = () => leases.list({ pageTimeoutMs } as never);
      expect(leaseErrorIn(list, "INVALID_ARGUMENT").message).toMatch(/^pageTimeoutMs /);
    }
  });

  it("ends at once when it is left while it waits for a page, whose request is given up", async () => {
    const { client, table } = manual();
    const given: AbortSignal[] = [];
    const list = async function* (call: CallOptions): AsyncGenerator<ListPage> {
      given.push(call.signal);
      await once(call.signal, "abort");
      yield { records: [], servedAt: undefined };
    };
    const states = client({ store: { ...lookingAt(table), list } }).list();
    const next = states.next();
    await new Promise(setImmediate);
    expect(await states.return()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
    expect(given.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it("ends the store's own iteration when it is left, or given up, and not once that has ended", async () => {
    const { client, clock, table } = manual();
    let returned = 0;
    const pages = (last: boolean): AsyncIterable<ListPage> => ({
      [Symbol.asyncIterator]: () => {
        let given = 0;
        return {
          next: async () => {
            if (given > 0 && last) return { done: true, value: undefined };
            if (given > 0) return never();
            given += 1;
            return { done: false, value: (await table.list().next()).value as ListPage };
          },
          return: async () => {
            returned += 1;
            throw new Error("the store's own");
          },
        };
      },
    });
    await client().acquire("a");
    const listing = (last: boolean) =>
      client({ store: { ...lookingAt(table), list: () => pages(last) } }).list();
    for await (const _ of listing(false)) break;
    await new Promise(setImmediate);
    expect(returned).toBe(1);
    const names: string[] = [];
    for await (const { name } of listing(true)) names.push(name);
    expect(names).toEqual(["a"]);
    await new Promise(setImmediate);
    expect(returned).toBe(1);
    const states = listing(false);
    await states.next();
    const late = leaseErrorOf(states.next(), "STORE_UNAVAILABLE");
    await clock.advance(30_000);
    await late;
    await new Promise(setImmediate);
    expect(returned).toBe(2);
  });

  it("is refused after the client was closed", async () => {
    const { client } = manual();
    const leases = client();
    await leases.close();
    await leaseErrorOf(leases.list().next(), "CLIENT_CLOSED");
  });
});

describe("a client", () => {
  it.each([
    ["durationMs", 0],
    ["durationMs", "15000"],
    ["renewIntervalMs", 7_500],
    ["holder", ""],
    ["holder", 7],
    ["graceMs", 10],
  ])("is not made with %s of %j, and the error names the option", (option, value) => {
    const { store } = manual();
    const make = () => new StoreLeaseClient({ store, [option]: value });
    expect(leaseErrorIn(make, "INVALID_ARGUMENT").message).toContain(option);
    expect(store.requests).toBe(0);
  });

  it.each([
    [null, /^store must be a LeaseStore, not "null" \(object\)/],
    ["leases", /^store must be a LeaseStore, not "leases" \(string\)/],
    [{}, /^store must be a LeaseStore: it has no function "write"/],
    [{ write: never, read: never, rows: never }, /^store must be a LeaseStore: it has no function "list"/],
  ])("is not made of the store %o, and no guard either", (store, message) => {
    for (const Made of [StoreLeaseClient, LeaseClient, FenceGuard]) {
      const make = () => new Made({ store: store as never });
      expect(leaseErrorIn(make, "INVALID_ARGUMENT").message).toMatch(message);
    }
  });

  it("is not made of nothing, nor of both a table and a store", () => {
    const { store } = manual();
    expect(leaseErrorIn(() => new LeaseClient({}), "INVALID_ARGUMENT").message).toContain("tableName");
    const empty = () => new LeaseClient({ tableName: "" });
    expect(leaseErrorIn(empty, "INVALID_ARGUMENT").message).toContain("tableName");
    const both = () => new LeaseClient({ tableName: "leases", store });
    expect(leaseErrorIn(both, "INVALID_ARGUMENT").message).toMatch(/tableName.*store/);
    const odd = () => new LeaseClient({ tableName: "leases", client: {} as never });
    expect(leaseErrorIn(odd, "INVALID_ARGUMENT").message).toContain("client");
  });

  it("of a store of one's own elects like any other, on the system's clocks and chance", async () => {
    const { table } = manual();
    await using leases = new LeaseClient({ store: table, durationMs: 60_000 });
    const [first, second] = await Promise.all([leases.tryAcquire("a"), leases.tryAcquire("b")]);
    if (first.kind !== "acquired" || second.kind !== "acquired") throw new Error("refused");
    expect(first.lease.holder).not.toBe(second.lease.holder);
    expect(first.lease.holder).toMatch(/^.+\/[0-9a-f]{32}$/);
  });
});
