import { describe, expect, it } from "vitest";
import { StoreLeaseClient } from "../../lib/client/lease-client.ts";
import type { LeaseWrite } from "../../lib/core/lease-write.ts";
import type { Lease } from "../../lib/client/lease.ts";
import type { WorkerOptions } from "../../lib/client/worker.ts";
import { LeaseError } from "../../lib/core/errors.ts";
import { DEFAULT_TIMING } from "../../lib/core/timing.ts";
import { InMemoryLeaseStore, ManualClock } from "../../lib/testing/index.ts";
import { untilStopped } from "../support/candidates.ts";
import { CountedStore, mostInAWindow, writesOf } from "../support/holding/counted-store.ts";

const SHARDS = 160;
const WORKERS = 16;
const INTERVALS = 6;
const RENEW_MS = 5_000;
const RETRY_MS = 2_000;
const MINUTE_MS = 60_000;
const shards = Array.from({ length: SHARDS }, (_, nth) => `shard-${nth}`);

/** A store whose process was killed: it sends nothing any more. */
class SeverableStore extends CountedStore {
  isCut = false;

  override write(...asked: Parameters<CountedStore["write"]>) {
    return this.isCut ? new Promise<never>(() => {}) : super.write(...asked);
  }

  override rows(...asked: Parameters<CountedStore["rows"]>) {
    return this.isCut ? new Promise<never>(() => {}) : super.rows(...asked);
  }
}

/** A table in memory, by a clock that is moved by hand, and workers on it. */
function fleet(count = WORKERS, settings: Partial<WorkerOptions> = {}, work = untilStopped) {
  const clock = new ManualClock();
  const table = new InMemoryLeaseStore({ clock });
  const begun: string[] = [];
  const workers = Array.from({ length: count }, join);

  function join() {
    const store = new SeverableStore(table);
    const leases = new StoreLeaseClient({ store, clock });
    const ender = new AbortController();
    const worker = leases.group("fleet").worker({ shards, drainMs: 0, ...settings });
    const run = worker.run(
      async (lease) => {
        begun.push(lease.shard ?? "");
        await work(lease);
      },
      { signal: ender.signal },
    );
    return { store, worker, ender, run, counts: () => worker.status.shards.length };
  }
  return { clock, table, begun, workers, join };
}

type Member = ReturnType<ReturnType<typeof fleet>["join"]>;

const writesBy = (members: readonly Member[]): Record<string, number> => {
  const sum: Record<string, number> = {};
  for (const { store } of members)
    for (const [kind, count] of Object.entries(store.take().counts)) sum[kind] = (sum[kind] ?? 0) + count;
  return sum;
};
/** How often workers read all rows, and rang, since their counts were taken last. */
function looksBy(members: readonly Member[]) {
  const sums = members.map(({ store }) => store.take().counts);
  const sum = (kind: string): number => sums.reduce((all, counts) => all + (counts[kind] ?? 0), 0);
  return { all: sum("rows of all"), sessions: sum("rows of session"), rings: sum("ring session") };
}

async function stop({ clock }: Pick<ReturnType<typeof fleet>, "clock">, ...members: readonly Member[]) {
  for (const { ender } of members) ender.abort();
  await clock.advance(1_000);
  await Promise.all(members.map(({ run }) => run));
}
const led = (members: readonly Member[]): number => members.reduce((sum, { counts }) => sum + counts(), 0);

describe("16 workers and 160 shards", () => {
  it("ask at rest for one query of sessions and one renewal an interval each; a leave and a join move no more than a share", async () => {
    const { clock, begun, workers, join } = fleet();
    await clock.advance(30_000);
    expect(workers.map(({ counts }) => counts())).toEqual(Array.from({ length: WORKERS }, () => 10));
    expect(begun, "each shard was claimed once or moved to whoever came later").toHaveLength(SHARDS);

    await clock.advance(10_000);
    writesBy(workers);
    await clock.advance(INTERVALS * RENEW_MS);
    for (const { store } of workers) {
      const { counts } = store.take();
      expect(counts["renew session"]).toBeLessThanOrEqual(INTERVALS + 1);
      expect(counts["rows of session"]).toBeLessThanOrEqual((INTERVALS * RENEW_MS) / RETRY_MS + 1);
      expect(counts["rows of all"] ?? 0).toBeLessThanOrEqual(1);
      expect(writesOf(counts)).toBe(counts["renew session"]);
    }

    const leaver = workers.pop() as Member;
    leaver.ender.abort();
    await leaver.run;
    const { counts: parting } = leaver.store.take();
    expect(parting["release session"]).toBe(1);
    expect(parting["release shard"]).toBeUndefined();
    await clock.advance(RETRY_MS + 500);
    expect(led(workers), "within one retry interval").toBe(SHARDS);
    const { "take-over shard": taken = 0 } = writesBy(workers);
    expect(taken).toBe(10);

    begun.length = 0;
    workers.push(join());
    await clock.advance(20_000);
    expect(led(workers)).toBe(SHARDS);
    expect(begun, "a join moves its share").toHaveLength(10);
    const joined = writesBy(workers);
    expect(joined["request shard"]).toBeLessThanOrEqual(10);
    expect(joined["claim shard"]).toBeLessThanOrEqual(10);
    for (const { ender } of workers) ender.abort();
    await Promise.all(workers.map(({ run }) => run));
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("16 workers, four of which are killed", () => {
  it("end each dead session by a write or two and take over its shards by one each, within the bound", async () => {
    const { clock, workers } = fleet();
    await clock.advance(30_000);
    const victims = workers.splice(0, 4);
    for (const { store } of victims) store.isCut = true;
    writesBy(workers);
    const { durationMs, graceMs } = DEFAULT_TIMING;
    await clock.advance(durationMs + graceMs + 1_000 + 2 * RETRY_MS);
    expect(led(workers)).toBe(SHARDS);
    const { "take-over shard": taken, "bury session": buried, "read session": read = 0 } = writesBy(workers);
    expect(taken).toBe(40);
    expect(buried, "workers that saw it at the same moment each try").toBeLessThanOrEqual(4 * workers.length);
    expect(read, "who has buried need not ask").toBeLessThanOrEqual(4 * workers.length);
    for (const { ender } of workers) ender.abort();
    await Promise.all(workers.map(({ run }) => run));
  });
});

describe("a session that is lost with many shards", () => {
  it("sends one write for all of them, and its worker leads them again", async () => {
    const clock = new ManualClock();
    const table = new InMemoryLeaseStore({ clock });
    const store = new CountedStore(table);
    const worker = new StoreLeaseClient({ store, clock }).group("jobs").worker({ shards, drainMs: 0 });
    const ender = new AbortController();
    const run = worker.run(untilStopped, { signal: ender.signal });
    await clock.advance(5_000);
    expect(worker.status.shards).toHaveLength(SHARDS);
    const row = `session#${worker.id}`;
    table.restore({
      ...table.peek("jobs", row),
      holder: undefined,
      revision: 99,
      writeId: "somebody",
    } as never);
    store.take();
    await clock.advance(15_000);
    expect(worker.status.shards).toHaveLength(SHARDS);
    const { counts } = store.take();
    expect(counts["release shard"], "each would say what the session's end says").toBeUndefined();
    expect(counts["take-over shard"]).toBe(SHARDS);
    expect(counts["rows of session"] ?? 0, "not once for each shard that has rested").toBeLessThanOrEqual(12);
    ender.abort();
    await run;
  });
});

describe("a request that has become pointless", () => {
  const asksOf = ({ table }: ReturnType<typeof fleet>, { worker }: Member): number =>
    shards.filter((shard) => {
      const { holder, requestedBy } = table.peek("fleet", `lease#${shard}`) ?? {};
      return holder !== undefined && holder !== worker.id && requestedBy === worker.id;
    }).length;

  it("since who asked has gone, costs its holder one look at all a minute, as ever", async () => {
    const world = fleet(1);
    // Its next renewal, that tells it of the bell, is seconds away.
    await world.clock.advance(21_000);
    const newcomer = world.join();
    await world.clock.advance(300);
    await stop(world, newcomer);
    await world.clock.advance(30_000);
    expect(asksOf(world, newcomer), "its row names it until its term ends").toBe(SHARDS / 2);
    looksBy(world.workers);
    await world.clock.advance(5 * MINUTE_MS);
    const { all, sessions, rings } = looksBy(world.workers);
    expect(all).toBeLessThanOrEqual(6);
    expect(all + sessions).toBeGreaterThanOrEqual((5 * MINUTE_MS) / RETRY_MS - 1);
    expect(rings).toBe(0);
    await stop(world, ...world.workers);
  });

  it("since others have served who asked, costs neither looks at all nor rings", async () => {
    const world = fleet(1);
    const [first] = world.workers as [Member];
    await world.clock.advance(10_000);
    const second = world.join();
    await world.clock.advance(60_000);
    const newcomer = world.join();
    await world.clock.advance(300);
    await stop(world, second);
    await world.clock.advance(2 * MINUTE_MS);
    expect([first.counts(), newcomer.counts()]).toEqual([SHARDS / 2, SHARDS / 2]);
    expect(asksOf(world, newcomer), "its row names it until its term ends").toBeGreaterThan(0);
    looksBy([first, newcomer]);
    await world.clock.advance(5 * MINUTE_MS);
    const { all, rings } = looksBy([first, newcomer]);
    expect(all).toBeLessThanOrEqual(2 * 6);
    expect(rings).toBe(0);
    await stop(world, first, newcomer);
  });
});

describe("a shard that this worker cannot claim", () => {
  it("for want of room costs one look at all a minute, and is led once there is room", async () => {
    const world = fleet(2, { maxShards: 50 });
    await world.clock.advance(30_000);
    expect(led(world.workers)).toBe(100);
    looksBy(world.workers);
    await world.clock.advance(5 * MINUTE_MS);
    expect(looksBy(world.workers).all).toBeLessThanOrEqual(2 * 6);
    const newcomer = world.join();
    await world.clock.advance(1_000);
    expect(newcomer.counts()).toBe(50);
    await stop(world, newcomer);
    const [one] = world.workers as [Member];
    const [shard = ""] = one.worker.status.shards;
    world.begun.length = 0;
    await new StoreLeaseClient({ store: world.table, clock: world.clock }).group("fleet").forceRelease(shard);
    await world.clock.advance(RENEW_MS + RETRY_MS);
    expect(world.begun, "another in its place").toHaveLength(1);
    expect(led(world.workers)).toBe(100);
    await stop(world, ...world.workers);
  });

  it("for want of room is led by the next look after one was lost, whatever its work does", async () => {
    const leases: Lease[] = [];
    let finish = (): void => undefined;
    const over = new Promise<void>((resolve) => (finish = resolve));
    const world = fleet(1, { shards: ["a", "b"], maxShards: 1 }, async (lease) => {
      leases.push(lease);
      await over;
    });
    const { clock, table, workers } = world;
    await clock.advance(30_000);
    const [lease] = leases as [Lease];
    expect(leases).toHaveLength(1);
    const row = { ...table.peek("fleet", `lease#${lease.shard}`), holder: undefined };
    table.restore({ ...row, revision: 99, writeId: "an operator's" } as never);
    await expect(lease.proclaim({ at: "host" })).rejects.toThrow();
    await clock.advance(RETRY_MS + 500);
    const names = new Set(leases.map(({ shard }) => shard));
    expect(names, "its work goes on, and it leads another").toEqual(new Set(["a", "b"]));
    finish();
    await stop(world, ...workers);
  });
});

describe("writes that are throttled", () => {
  it("are sent again, and slower: all shards are claimed, and none is left to be settled", async () => {
    const clock = new ManualClock();
    const kinds: string[] = [];
    let served = 0;
    const table = new InMemoryLeaseStore({ clock });
    const refused = new LeaseError("STORE_UNAVAILABLE", "throttled");
    // Every other write to a shard is throttled at first.
    const store = new (class extends CountedStore {
      override async write(write: LeaseWrite, call: Parameters<CountedStore["write"]>[1]) {
        kinds.push(write.kind);
        served += 1;
        if (write.row?.startsWith("lease#") && served % 2 === 0 && served < 100)
          return { kind: "unknown", cause: refused, answered: true } as const;
        return super.write(write, call);
      }
    })(table);
    const group = new StoreLeaseClient({ store, clock }).group("jobs");
    const claims = Promise.all(shards.map((shard) => group.tryAcquire(shard)));
    await clock.advance(60_000);
    const came = await claims;
    expect(came.every(({ kind }) => kind === "acquired")).toBe(true);
    expect(new Set(kinds)).toEqual(new Set(["claim", "renew"]));
    await group.close();
  });
});

describe("the count of writes in any second", () => {
  it("is that of the busiest window", () => {
    expect(mostInAWindow([0, 10, 990, 1_000, 1_005, 3_000], 1_000)).toBe(4);
    expect(mostInAWindow([], 1_000)).toBe(0);
  });
});
