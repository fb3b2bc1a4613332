import { type Lease, LeaseClient, type LeaseStore } from "leasehold";
import { InMemoryLeaseStore, ManualClock, SeededRandom } from "leasehold/testing";
import { describe, expect, it } from "vitest";
import { read, rowsOf } from "../support/pages.ts";

const MANY = "docs/guides/many-leases.md";
const WORKERS = "docs/guides/shards-and-workers.md";
const [PER_WRITE, PER_READ] = [0.625 / 1_000_000, 0.125 / 1_000_000];
const MINUTES_PER_MONTH = 43_800;
const HOLDS_UNTIL_ASKED = async ({ handover }: Lease): Promise<void> => void (await handover);

/** A store that counts what is asked of it, and clients of it. */
function counting() {
  const clock = new ManualClock();
  const store = new InMemoryLeaseStore({ clock });
  let counts = { writes: 0, reads: 0, sessions: 0, all: 0 };
  const counted: LeaseStore = {
    write: (write) => {
      counts.writes += 1;
      return store.write(write);
    },
    read: (name, call, row) => {
      counts.reads += 1;
      return store.read(name, call, row);
    },
    list: () => store.list(),
    rows: (name, prefix) => {
      counts[prefix === "session#" ? "sessions" : "all"] += 1;
      return store.rows(name, prefix);
    },
  };
  let seed = 0;
  return {
    clock,
    client: () => new LeaseClient({ store: counted, clock, random: new SeededRandom((seed += 1)) }),
    /** What was asked since the last time. */
    since: () => {
      const before = counts;
      counts = { writes: 0, reads: 0, sessions: 0, all: 0 };
      return before;
    },
  };
}

describe("what a group costs", () => {
  it("is what the guide says: to open, to claim, to hold, to try what is held, to close", async () => {
    const { clock, client, since } = counting();
    const [leases, others] = [client(), client()];
    const group = leases.group("tenants");
    const claimed = Promise.all(Array.from({ length: 100 }, (_, nth) => group.acquire(`tenant-${nth}`)));
    await clock.advance(1_000); // claims are paced
    await claimed;
    expect(since()).toEqual({ writes: 1 + 100, reads: 0, sessions: 0, all: 0 });
    await clock.advance(3_600_000);
    const { writes, reads, all } = since();
    expect(Math.abs(writes - 720)).toBeLessThanOrEqual(1);
    expect({ reads, all }).toEqual({ reads: 0, all: 60 });

    const other = others.group("tenants");
    await other.tryAcquire("tenant-1");
    expect(since()).toMatchObject({ writes: 3, reads: 1 }); // its own session is opened, and closed
    await other.acquire("another");
    since();
    await other.tryAcquire("tenant-2");
    expect(since()).toMatchObject({ writes: 1, reads: 0 });
    await group.close();
    expect(since()).toMatchObject({ writes: 1, reads: 0 });
    await Promise.all([leases.close(), others.close()]);
  });

  it("of a process that died is one read and one write for all its shards, then one write for each", async () => {
    const { clock, client, since } = counting();
    const dead = client();
    const lost = dead.group("tenants");
    for (const shard of ["a", "b", "c"]) await lost.acquire(shard);
    clock.freeze(60_000); // it is over by the service's clock
    const leases = client();
    const group = leases.group("tenants");
    await leases.get("anything"); // so that it has heard the clock
    since();
    await group.acquire("a");
    // The claim that is refused, the session that is ended, its own that is opened, and the take-over.
    expect(since()).toMatchObject({ writes: 4, reads: 1 });
    await group.acquire("b");
    expect(since()).toMatchObject({ writes: 2, reads: 0 });
    await leases.close();
  });

  it("a month is what the table says", () => {
    const number = (cell = ""): number => Number(/[\d.,]+/.exec(cell)?.[0].replaceAll(",", ""));
    const rows = rowsOf(MANY, /^[\d,]+$/);
    expect(rows.map(([shards]) => number(shards))).toEqual([100, 1_000, 10_000]);
    for (const [shards, renewals, looks, usd, own] of rows) {
      const units = Math.ceil((number(shards) * 210) / 4_096);
      expect(number(renewals)).toBe((MINUTES_PER_MONTH * 60) / 5);
      expect(number(looks)).toBe(MINUTES_PER_MONTH * units);
      expect((number(renewals) * PER_WRITE + number(looks) * PER_READ).toFixed(2)).toBe(usd);
      expect(Math.round(number(shards) * number(renewals) * PER_WRITE)).toBe(number(own));
    }
  });
});

describe("what workers cost", () => {
  it("is a look at the sessions per interval, a renewal per interval, and a look at all once a minute", async () => {
    const { clock, client, since } = counting();
    const stop = new AbortController();
    const clients = [client(), client()];
    const shards = ["a", "b", "c", "d"];
    const running = clients.map((leases) =>
      leases.group("orders").worker({ shards }).run(HOLDS_UNTIL_ASKED, { signal: stop.signal }),
    );
    await clock.advance(60_000);
    since();
    await clock.advance(600_000);
    const { writes, sessions, all, reads } = since();
    expect(Math.abs(writes / 2 - 120)).toBeLessThanOrEqual(1);
    expect(Math.abs((sessions + all) / 2 - 300)).toBeLessThanOrEqual(10);
    expect(all / 2).toBeLessThanOrEqual(11);
    expect(reads).toBe(0);
    stop.abort();
    await clock.advance(1_000);
    await Promise.all(running);
    await Promise.all(clients.map((leases) => leases.close()));
  });

  it("is what the guide adds up", () => {
    const [, usd = "", four = ""] =
      /a month, ([\d.]+) USD, and the look.*?cost ([\d.]+) USD/s.exec(read(WORKERS)) ?? [];
    const each = 525_600 * PER_WRITE + 1_314_000 * PER_READ;
    expect(each.toFixed(2)).toBe(usd);
    const units = Math.ceil((64 * 210 + 4 * 275) / 4_096);
    // A look at all takes the place of one at the sessions.
    expect((4 * (each + MINUTES_PER_MONTH * (units - 1) * PER_READ)).toFixed(2)).toBe(four);
  });
});

describe("what a semaphore costs", () => {
  it("is a read and four writes for one job, and a read per look of whoever waits", async () => {
    const { clock, client, since } = counting();
    const leases = client();
    const semaphore = leases.semaphore("exports", { permits: 2 });
    await semaphore.run(async () => undefined);
    expect(since()).toEqual({ writes: 4, reads: 0, sessions: 0, all: 1 });
    const permits = [await semaphore.acquire(), await semaphore.acquire()];
    since();
    const waits = client();
    const stop = new AbortController();
    const waiting = waits
      .semaphore("exports", { permits: 2 })
      .acquire({ signal: stop.signal })
      .catch(() => undefined);
    await clock.advance(50_000);
    const { all, reads } = since();
    expect(Math.abs(all - 25)).toBeLessThanOrEqual(2);
    expect(reads).toBe(0);
    stop.abort();
    await clock.advance(1_000);
    await waiting;
    expect(new Set(permits.map(({ shard }) => shard))).toEqual(new Set(["permit-00001", "permit-00002"]));
    await Promise.all([leases.close(), waits.close()]);
  });
});

describe("the limits of groups", () => {
  const most = (first: string): number => {
    const [, , cell = ""] =
      rowsOf("docs/guides/limits.md", /./).find(([what = ""]) => what.startsWith(first)) ?? [];
    return Number(/^[\d,]+/.exec(cell)?.[0].replaceAll(",", ""));
  };
  const leases = counting().client();

  it("of a shard's name are the group's own", async () => {
    const group = leases.group("tenants");
    const bytes = most("name of a shard");
    await expect(group.tryAcquire("x".repeat(bytes))).resolves.toMatchObject({ kind: "acquired" });
    await expect(group.tryAcquire("x".repeat(bytes + 1))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it.each([
    ["`permits`", (permits: number) => leases.semaphore("exports", { permits })],
    ["`weight`", (weight: number) => leases.group("g").worker({ shards: [], weight })],
    ["`maxShards`", (maxShards: number) => leases.group("g").worker({ shards: [], maxShards })],
    [
      "`shardsIntervalMs`",
      (shardsIntervalMs: number) => leases.group("g").worker({ shards: [], shardsIntervalMs }),
    ],
  ])("of %s are the client's own", (option, make) => {
    expect(() => make(most(option))).not.toThrow();
    expect(() => make(most(option) + 1)).toThrow(/must be/);
  });
});
