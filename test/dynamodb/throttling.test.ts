import { DynamoDBClient, type DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { LOCAL_AWS } from "../../local/engine.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { hear } from "../support/lease-events.ts";
import { type AskedWrite, throttling, type WriteFate } from "../support/throttling-server.ts";

const TABLE = "throttled";
const SHARDS = ["a", "b", "c"];

/** Waits for ever before it sends again what was throttled, as the SDK's own may for longer than a request lasts. */
const PATIENT: DynamoDBClientConfig["retryStrategy"] = {
  acquireInitialRetryToken: async () => ({ getRetryCount: () => 0, getRetryDelay: () => 0 }),
  refreshRetryTokenForRetry: async (_, { errorType }) => {
    if (errorType === "THROTTLING") await new Promise(() => {});
    throw new Error("no more");
  },
  recordSuccess: () => {},
};

const engine = engineForTests(TABLE);

/** A client whose requests go through a proxy that throttles. */
async function through(
  fateOf: (write: AskedWrite) => WriteFate,
  { requestTimeoutMs = 15_000, ...config }: DynamoDBClientConfig & { requestTimeoutMs?: number } = {},
) {
  const proxy = await throttling(engine.endpoint, fateOf);
  const client = new DynamoDBClient({ ...LOCAL_AWS, endpoint: proxy.endpoint, ...config });
  const leases = new LeaseClient({ tableName: TABLE, client, durationMs: 60_000, requestTimeoutMs });
  return {
    leases,
    proxy,
    /** The ids of the writes to the row of a shard, in the order in which they came first. */
    ids: (shard: string) => [
      ...new Set(proxy.writes.filter(({ row }) => row === `lease#${shard}`).map(({ writeId }) => writeId)),
    ],
    async [Symbol.asyncDispose]() {
      await leases.close();
      client.destroy();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

const isOfAShard = ({ row }: AskedWrite): boolean => row.startsWith("lease#");

describe.concurrent("a write to a shard that is throttled", () => {
  it("is sent again when its turn comes, and does not wait for the SDK until nobody can say what became of it", async () => {
    const twice = (write: AskedWrite) => (isOfAShard(write) && write.before < 2 ? "throttle" : "pass");
    await using to = await through(twice, { retryStrategy: PATIENT });
    using heard = hear("paced");
    const group = to.leases.group("paced");
    const came = await Promise.all(SHARDS.map((shard) => group.tryAcquire(shard)));
    expect(came.map(({ kind }) => kind)).toEqual(SHARDS.map(() => "acquired"));
    for (const shard of SHARDS) expect(to.ids(shard), "one write, sent again").toHaveLength(1);
    expect(to.proxy.throttled()).toBe(2 * SHARDS.length);
    expect(heard.of("requestFailed"), "it was served in time").toEqual([]);
    expect(heard.of("contactRestored")).toEqual([]);
  });

  it("until its time is up was surely not applied: nothing is given up, and the next claim succeeds", async () => {
    let isOver = false;
    const fate = (write: AskedWrite) => (isOfAShard(write) && !isOver ? "throttle" : "pass");
    await using to = await through(fate, { requestTimeoutMs: 1_500 });
    using heard = hear("never-served");
    const group = to.leases.group("never-served");
    const { message, cause } = await leaseErrorOf(group.tryAcquire("a"), "STORE_UNAVAILABLE");
    expect(message).toContain("was not claimed");
    expect(cause).toHaveProperty("cause.name", "ProvisionedThroughputExceededException");
    expect(heard.of("requestFailed"), "told once").toHaveLength(1);
    isOver = true;
    expect((await group.tryAcquire("a")).kind).toBe("acquired");
    expect(to.ids("a"), "the two claims, and nothing to settle the first").toHaveLength(2);
  });

  it("after an attempt that was applied is unknown for all that, and the claim is given up", async () => {
    let claim: string | undefined;
    const fate = (write: AskedWrite): WriteFate => {
      if (!isOfAShard(write)) return "pass";
      claim ??= write.writeId;
      if (write.writeId !== claim) return "pass";
      return write.before === 0 ? "drop" : "throttle";
    };
    await using to = await through(fate, { requestTimeoutMs: 1_500, maxAttempts: 3 });
    const group = to.leases.group("landed");
    const { message } = await leaseErrorOf(group.tryAcquire("a"), "STORE_UNAVAILABLE");
    expect(message).toContain("nobody can say");
    expect((await group.tryAcquire("a")).kind).toBe("acquired");
    expect(to.ids("a").length, "the claim, what gave it up, and the next one").toBeGreaterThan(2);
  });
});

describe("a write to a lease of its own that is throttled", () => {
  it("is sent again by the SDK, as its client is told to", async () => {
    const once = ({ before }: AskedWrite): WriteFate => (before === 0 ? "throttle" : "pass");
    await using to = await through(once, { maxAttempts: 2 });
    expect((await to.leases.tryAcquire("nightly", { renew: "manual" })).kind).toBe("acquired");
    expect(to.proxy.throttled()).toBe(1);
  });
});
