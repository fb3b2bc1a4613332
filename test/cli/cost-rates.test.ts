import { type AttributeValue, ScanCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import { ROW_BYTES, type Plan, requestsOf } from "../../lib/cli/cost/requests.ts";
import { StoreLeaseClient } from "../../lib/client/lease-client.ts";
import { LeaseClient } from "../../lib/index.ts";
import { InMemoryLeaseStore, ManualClock } from "../../lib/testing/index.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { CountedStore } from "../support/holding/counted-store.ts";
import { untilStopped } from "../support/candidates.ts";
import { planOf } from "../support/cost-plans.ts";

/** A table in memory that counts, by a clock that is moved by hand. */
function counted() {
  const clock = new ManualClock();
  const store = new CountedStore(new InMemoryLeaseStore({ clock }));
  const clients: StoreLeaseClient[] = [];
  const client = () => {
    const leases = new StoreLeaseClient({ store, clock });
    clients.push(leases);
    return leases;
  };
  /** How many writes and reads there were in so long, by what they are for. */
  const during = async (ms: number, meanwhile: () => unknown = () => undefined) => {
    store.take();
    void meanwhile();
    await clock.advance(ms);
    const { counts } = store.take();
    const sum = (of: RegExp): number =>
      Object.entries(counts).reduce((so, [kind, count]) => (of.test(kind) ? so + count : so), 0);
    return { writes: sum(/^(?!read|rows)/), reads: sum(/^(read|rows)/), counts };
  };
  const close = async () => {
    const closing = Promise.all(clients.map((one) => one.close()));
    await clock.advance(60_000);
    await closing;
  };
  return { clock, client, during, close };
}

/** How many writes and reads a plan has in so long. */
function reckoned(plan: Plan, ms: number) {
  const of = (operation: "write" | "read"): number =>
    requestsOf(plan)
      .filter((requests) => requests.operation === operation)
      .reduce((so, { perSecond }) => so + (perSecond * ms) / 1_000, 0);
  return { writes: of("write"), reads: of("read") };
}

const MINUTES = 10;
const FOR_MS = MINUTES * 60_000;

/** Within a hundredth, and one for each who sends, since nobody begins with the first second. */
function near(actual: number, expected: number, senders: number): void {
  expect(Math.abs(actual - expected), `${actual} were sent, ${expected} reckoned`).toBeLessThanOrEqual(
    expected / 100 + senders,
  );
}

describe("what is reckoned is what the library sends", () => {
  it.each([
    ["waiting by acquire", false],
    ["candidates that register", true],
  ])("for leases of their own, held all the time: %s", async (_, listed) => {
    const { client, clock, during, close } = counted();
    const names = ["a", "b", "c"];
    const STANDBYS = 2;
    const stop = new AbortController();
    const standing: Promise<unknown>[] = [];
    for (let nth = 0; nth <= STANDBYS; nth += 1) {
      const leases = client();
      for (const name of names)
        standing.push(
          (listed
            ? leases.candidate(name).run(untilStopped, { signal: stop.signal })
            : leases.acquire(name, { signal: stop.signal })
          ).catch(() => undefined),
        );
      await clock.advance(1_000);
    }
    await clock.advance(60_000);
    const registrationMs = listed ? 60_000 : undefined;
    const plan = planOf(names.length, { as: "single", standbys: STANDBYS, registrationMs });
    const { writes, reads } = await during(FOR_MS);
    const expected = reckoned(plan, FOR_MS);
    near(writes, expected.writes, names.length * (listed ? 4 : 1));
    near(reads, expected.reads, names.length * STANDBYS);
    stop.abort();
    await close();
    await Promise.all(standing);
  });

  it("for a scheduled function with a duplicate at each tick", async () => {
    const { client, clock, during, close } = counted();
    const [one, other] = [client(), client()];
    const workMs = 12_000;
    const work = () => new Promise<void>((resolve) => void clock.timer(workMs, resolve));
    const shape = { as: "schedule", everyMs: 60_000, standbys: 1, workMs } as const;
    let [writes, reads] = [0, 0];
    for (let tick = 0; tick < MINUTES; tick += 1) {
      const sent = await during(60_000, () => Promise.all([one.run("job", work), other.run("job", work)]));
      writes += sent.writes;
      reads += sent.reads;
    }
    expect({ writes, reads }).toEqual(reckoned(planOf(1, shape), FOR_MS));
    await close();
  });

  it.each([4, 40])("for a group of %i shards that one process holds", async (leases) => {
    const { client, clock, during, close } = counted();
    const group = client().group("jobs");
    const claiming = Promise.all(
      Array.from({ length: leases }, (_, nth) => group.tryAcquire(`shard-${nth}`)),
    );
    await clock.advance(60_000);
    await claiming;
    const { writes, reads } = await during(FOR_MS);
    const expected = reckoned(planOf(leases, { as: "group", groups: 1 }), FOR_MS);
    near(writes, expected.writes, 1);
    // One look a minute at most: it goes with a renewal, so it may be one interval late.
    expect(reads).toBeLessThanOrEqual(expected.reads);
    expect(reads).toBeGreaterThanOrEqual(expected.reads * 0.85);
    await close();
  });

  it("for workers", async () => {
    const { client, clock, during, close } = counted();
    const shards = Array.from({ length: 40 }, (_, nth) => `shard-${nth}`);
    const stop = new AbortController();
    const running = Array.from({ length: 3 }, () =>
      client().group("jobs").worker({ shards, drainMs: 0 }).run(untilStopped, { signal: stop.signal }),
    );
    await clock.advance(120_000);
    const { writes, reads } = await during(FOR_MS);
    const expected = reckoned(planOf(40, { as: "workers", groups: 1, workers: 3 }), FOR_MS);
    near(writes, expected.writes, 3);
    near(reads, expected.reads, 6);
    stop.abort();
    await clock.advance(5_000);
    await Promise.all(running);
    await close();
  });
});

describe("the rows that are reckoned with", () => {
  const engine = engineForTests("leases");

  /** What DynamoDB counts of an attribute, in bytes: text as UTF-8, a number as half its digits and one. */
  const bytesOf = ([name, value]: [string, AttributeValue]): number =>
    Buffer.byteLength(name) +
    (value.S === undefined ? Math.ceil((value.N ?? "").length / 2) + 1 : Buffer.byteLength(value.S));

  it("are as long as those that a client writes", async () => {
    const leases = new LeaseClient({ tableName: "leases", client: engine.client });
    await leases.acquire("nightly-close");
    await leases.group("tenants").tryAcquire("tenant-4711");
    const { Items = [] } = await engine.client.send(new ScanCommand({ TableName: "leases" }));
    const sizes = Object.fromEntries(
      Items.map((item) => {
        const row = item["sk"]?.S ?? "";
        const kind = row.startsWith("session#") ? "session" : row.startsWith("lease#") ? "shard" : "lease";
        return [kind, Object.entries(item).reduce((sum, attribute) => sum + bytesOf(attribute), 0)];
      }),
    );
    expect(Object.keys(sizes).sort()).toEqual(["lease", "session", "shard"]);
    for (const [kind, bytes] of Object.entries(ROW_BYTES))
      expect(Math.abs((sizes[kind] ?? 0) / bytes - 1), `${kind}: ${sizes[kind]}`).toBeLessThan(0.15);
    await leases.close();
  });
});
