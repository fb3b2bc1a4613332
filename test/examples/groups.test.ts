import { setTimeout as sleep } from "node:timers/promises";
import { type Lease, LeaseClient, type LeaseClientOptions } from "leasehold";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ifAllowed, whenAllowed } from "../../examples/at-most-n.ts";
import { leadTenants } from "../../examples/many-leases.ts";
import { work } from "../../examples/workers.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { ExampleProgram } from "../support/example-program.ts";
import { createLeaseTable } from "../support/lease-tables.ts";

const TABLE = "leases";

const engine = engineForTests(TABLE);

beforeAll(() => {
  vi.spyOn(console, "log").mockImplementation(() => undefined);
});

afterAll(() => vi.restoreAllMocks());

const leasesOf = (options: Partial<LeaseClientOptions> = {}): LeaseClient =>
  new LeaseClient({ tableName: TABLE, client: engine.client, retryIntervalMs: 200, ...options });
const until = (what: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(what, { timeout: 30_000, interval: 20 });

/** Work that goes on until its term, or the test, ends. */
function ended({ signal }: Lease, stop: AbortSignal): Promise<void> {
  const enough = AbortSignal.any([signal, stop]);
  return new Promise((resolve) => {
    if (enough.aborted) resolve();
    else enough.addEventListener("abort", () => resolve());
  });
}

describe("a process that leads many tenants", () => {
  it("leads those that are free, goes on when the work of one throws, and holds nothing afterwards", async () => {
    await using other = leasesOf();
    const held = await other.group("tenants").acquire("t-0");
    await using leases = leasesOf();
    const stop = new AbortController();
    const failed = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const led = new Set<string>();
    const tenants = Array.from({ length: 20 }, (_, nth) => `t-${nth}`);
    const lead = async (lease: Lease): Promise<void> => {
      led.add(lease.shard ?? "");
      if (lease.shard === "t-1") throw new Error("no such tenant");
      await ended(lease, stop.signal);
    };
    const over = leadTenants(leases.group("tenants"), async () => tenants, lead, stop.signal);
    await until(() => expect(led.size).toBe(19));
    expect(led.has("t-0")).toBe(false);
    await until(() => expect(failed).toHaveBeenCalledWith("t-1: Error: no such tenant"));
    stop.abort();
    await over;
    const states = await other.group("tenants").list();
    expect(states.filter(({ kind }) => kind === "held").map(({ shard }) => shard)).toEqual(["t-0"]);
    await held.release();
  });
});

// A starved machine takes its time.
describe("a worker", { timeout: 120_000 }, () => {
  it("leads all shards alone, gives a second its half, and leaves it the rest", async () => {
    const shards = ["s-1", "s-2", "s-3", "s-4"];
    const workers = ["a", "b"].map((holder) => {
      const stop = new AbortController();
      // Whoever is asked for shards hears of it with the next renewal.
      const leases = leasesOf({ holder, durationMs: 5_000 });
      const leads = new Set<string>();
      const step = async ({ shard = "", signal }: Lease): Promise<void> => {
        leads.add(shard);
        await sleep(20, undefined, { signal }).catch(() => undefined);
      };
      return { leases, leads, stop, run: () => work(leases, async () => shards, step, stop.signal) };
    });
    const [a, b] = workers as [(typeof workers)[0], (typeof workers)[0]];
    await using observer = leasesOf();
    const counts = async (): Promise<readonly number[]> => {
      const status = await observer.group("orders").status({ shards });
      return status.unled.length > 0 ? [] : status.workers.map((one) => one.shards);
    };
    const running = a.run();
    await until(async () => expect(await counts()).toEqual([4]));
    const second = b.run();
    await until(async () => expect(await counts()).toEqual([2, 2]));
    expect(a.leads.size).toBe(4);
    // A row tells of a shard before its work has begun.
    await until(() => expect(b.leads.size).toBeGreaterThanOrEqual(2));
    a.stop.abort();
    await running;
    await until(async () => expect(await counts()).toEqual([4]));
    await until(() => expect(b.leads.size).toBe(4));
    b.stop.abort();
    await second;
    expect((await observer.group("orders").status()).workers).toEqual([]);
    await Promise.all(workers.map(({ leases }) => leases.close()));
  });
});

describe("at most so many", () => {
  it("works three at a time and no more, under rising tokens of each permit", async () => {
    const stop = new AbortController();
    const clients = Array.from({ length: 6 }, () => leasesOf());
    const tokens = new Map<string, number[]>();
    let [now, most] = [0, 0];
    const job = async ({ shard = "", token }: Lease): Promise<void> => {
      now += 1;
      most = Math.max(most, now);
      tokens.set(shard, [...(tokens.get(shard) ?? []), token]);
      await until(() => expect(most).toBeGreaterThanOrEqual(3)); // however slow the machine is
      await sleep(100); // a fourth would come
      now -= 1;
    };
    const semaphores = clients.map((leases) => leases.semaphore("exports", { permits: 3 }));
    await Promise.all(semaphores.map((semaphore) => whenAllowed(semaphore, job, stop.signal)));
    expect(most).toBe(3);
    expect([...tokens.keys()].every((permit) => /^permit-0000[1-3]$/.test(permit))).toBe(true);
    for (const given of tokens.values()) expect(given).toEqual(given.toSorted((x, y) => x - y));
    await Promise.all(clients.map((leases) => leases.close()));
  });

  it("skips what is not allowed now", async () => {
    await using leases = leasesOf();
    await using others = leasesOf();
    const one = leases.semaphore("reports", { permits: 1 });
    const other = others.semaphore("reports", { permits: 1 });
    let inner: boolean | undefined;
    expect(await ifAllowed(one, async () => void (inner = await ifAllowed(other, async () => {})))).toBe(
      true,
    );
    expect(inner).toBe(false);
    expect(await ifAllowed(other, async () => {})).toBe(true);
  });
});

/** What each program prints once it works, and once it has nothing to do. */
const PROGRAMS = [
  ["many-leases.ts", /leads 50 tenants/],
  ["workers.ts", /leads shard-\d with token \d+/],
  ["at-most-n.ts", /exports under permit-0000\d, token \d+/],
] as const;

describe.concurrent("a program that is told to stop by Ctrl-C", { timeout: 300_000 }, () => {
  it.each(PROGRAMS)("%s leaves with exit code 0, and holds nothing", async (example, works) => {
    const table = `of-${example.replace(".ts", "")}`;
    await createLeaseTable(engine.client, table);
    const env = { AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint, LEASE_TABLE_NAME: table, TENANTS: "50" };
    await using program = new ExampleProgram(example, env);
    await program.prints(works);
    expect(await program.interrupt()).toMatchObject({ code: 0 });
    await using leases = new LeaseClient({ tableName: table, client: engine.client });
    for (const name of ["tenants", "orders", "exports"])
      expect((await leases.group(name).status()).workers).toEqual([]);
  });
});
