import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import type { CallOptions } from "../../lib/core/ports.ts";
import { epochMs } from "../../lib/core/units.ts";
import type { LeaseWrite } from "../../lib/core/lease-write.ts";
import { DynamoDBLeaseStore } from "../../lib/dynamodb/store.ts";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { LOCAL_AWS } from "../../local/engine.ts";
import { type Fate, losing } from "../support/aws-server.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { hear } from "../support/lease-events.ts";
import { createTable, putRow, rowOf } from "../support/lease-tables.ts";

const TABLE = "engine-faults";
const TIMING = { durationMs: 4_000, renewIntervalMs: 1_300, requestTimeoutMs: 1_300 };
const call: CallOptions = { signal: new AbortController().signal };

const engine = engineForTests(TABLE);

const row = (name: string) => rowOf(engine.client, TABLE, name);

/** A client whose requests go through a proxy that loses responses. */
async function through(fate: Fate, maxAttempts = 3) {
  const proxy = await losing(engine.endpoint, fate);
  const client = new DynamoDBClient({ ...LOCAL_AWS, endpoint: proxy.endpoint, maxAttempts });
  const leases = new LeaseClient({ tableName: TABLE, client, ...TIMING });
  return {
    client,
    leases,
    proxy,
    async [Symbol.asyncDispose]() {
      await leases.close();
      client.destroy();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

const claimOf = (name: string): LeaseWrite => ({
  kind: "claim",
  name,
  writeId: `w-${name}`,
  expects: { vacant: true, tokenBelow: 5 },
  set: { holder: "ann", token: 5, durationMs: 1_000, renewedAt: epochMs(1) },
  clear: ["value"],
  beginsTerm: true,
});

describe("a response that is lost after the write was applied", () => {
  it("is recognised when the SDK retries: the outcome is written, and the token before cannot be told", async () => {
    await using to = await through((_, nth) => (nth === 1 ? "drop" : "pass"));
    const store = new DynamoDBLeaseStore({ tableName: TABLE, client: to.client });
    const outcome = await store.write(claimOf("retried"), call);
    expect(to.proxy.asked).toEqual(["UpdateItem", "UpdateItem"]);
    expect(outcome).toMatchObject({ kind: "written", tokenBefore: undefined });
    expect(outcome).toMatchObject({ record: { holder: "ann", token: 5, revision: 1, writeId: "w-retried" } });
    expect((await row("retried"))?.["revision"], "it was applied once").toBe(1);
  });

  it("does not keep a candidate from leading, and costs nobody's lease", async () => {
    await using to = await through((_, nth) => (nth === 1 ? "drop" : "pass"));
    using heard = hear("lost-claim");
    const lease = await to.leases.acquire("lost-claim", { renew: "manual" });
    expect(lease.isHeld()).toBe(true);
    expect((await row("lost-claim"))?.["holder"]).toBe(lease.holder);
    expect(heard.of("acquired")).toHaveLength(1);
  });

  it("#18 #19 does not fail a renewal, a proclamation or a release", async () => {
    await using to = await through((_, nth) => (nth % 2 === 0 ? "drop" : "pass"));
    using heard = hear("lost-renewals");
    const lease = await to.leases.acquire("lost-renewals", { renew: "manual" });
    await lease.renew();
    await lease.proclaim("here");
    expect((await row("lost-renewals"))?.["value"]).toBe("here");
    expect(await lease.release()).toEqual({ kind: "released" });
    expect(await row("lost-renewals")).not.toHaveProperty("holder");
    expect(heard.of("renewalFailed")).toEqual([]);
    expect(heard.of("lost")).toEqual([]);
  });

  it("for good is neither a win nor a loss, and the claim is vacated", async () => {
    await using to = await through((_, nth) => (nth === 1 ? "drop" : "pass"), 1);
    await leaseErrorOf(to.leases.tryAcquire("lost-for-good"), "STORE_UNAVAILABLE");
    const left = await row("lost-for-good");
    expect(left?.["token"]).toBeGreaterThan(0);
    expect(left).not.toHaveProperty("holder");
  });

  it("because it never comes ends by the deadline, and the claim is vacated", async () => {
    await using to = await through((_, nth) => (nth === 1 ? "withhold" : "pass"));
    const begun = performance.now();
    await leaseErrorOf(to.leases.tryAcquire("withheld"), "STORE_UNAVAILABLE");
    expect(performance.now() - begun).toBeLessThan(1_300 + 1_300);
    expect(await row("withheld")).not.toHaveProperty("holder");
  });

  it("leaves a holder the term it had when it was a renewal's, and the next one recovers it", async () => {
    await using to = await through((_, nth) => (nth === 2 ? "drop" : "pass"), 1);
    const lease = await to.leases.acquire("lost-renewal", { renew: "manual" });
    await leaseErrorOf(lease.renew(), "STORE_UNAVAILABLE");
    expect((await row("lost-renewal"))?.["revision"]).toBe(2);
    expect(lease.isHeld()).toBe(true);
    await lease.renew();
    expect((await row("lost-renewal"))?.["revision"]).toBe(3);
  });
});

describe("a table that is not one of leases", () => {
  it("because it does not exist is named, with what to do", async () => {
    const leases = new LeaseClient({ tableName: "no-such-table", client: engine.client });
    for (const send of [() => leases.tryAcquire("a"), () => leases.get("a"), () => leases.acquire("a")]) {
      const error = await leaseErrorOf(send(), "TABLE_NOT_FOUND");
      expect(error.lease).toBe("a");
      expect(error.message).toContain("no-such-table");
    }
  });

  it.each([
    ["another partition key", "id", "sk"],
    ["another sort key", "pk", "range"],
    ["no sort key", "pk", undefined],
  ])("because it has %s is said so, with what to do", async (label, partitionKey, sortKey) => {
    const table = `keys-${label.replaceAll(" ", "-")}`;
    await createTable(engine.client, table, partitionKey, sortKey);
    const leases = new LeaseClient({ tableName: table, client: engine.client });
    const error = await leaseErrorOf(leases.tryAcquire("a"), "TABLE_MISCONFIGURED");
    expect(error.lease).toBe("a");
    expect(error.message).toMatch(/pk.*sk/);
    expect((await leaseErrorOf(leases.get("a"), "TABLE_MISCONFIGURED")).message).toContain(table);
  });
});

describe("a value that is too large for an item", () => {
  it("is refused, and the term goes on", async () => {
    await using leases = new LeaseClient({ tableName: TABLE, client: engine.client, ...TIMING });
    const lease = await leases.acquire("large");
    const error = await leaseErrorOf(lease.proclaim("x".repeat(500_000)), "INVALID_ARGUMENT");
    expect(error.lease).toBe("large");
    expect(error.message).toMatch(/large/);
    expect(lease.isHeld()).toBe(true);
    await lease.proclaim("small");
    expect((await row("large"))?.["value"]).toBe("small");
  });
});

describe("a row that this protocol did not write", () => {
  it("is a vacant lease, and what it holds beside is left alone", async () => {
    await putRow(engine.client, TABLE, { pk: "foreign", sk: "lease", note: "by hand" });
    await using leases = new LeaseClient({ tableName: TABLE, client: engine.client, ...TIMING });
    expect(await leases.get("foreign")).toMatchObject({ kind: "vacant", token: 0, revision: 0 });
    const lease = await leases.acquire("foreign");
    expect(await row("foreign")).toMatchObject({ note: "by hand", holder: lease.holder, token: lease.token });
  });

  it("with nothing but a token from the future is taken with a higher one", async () => {
    const token = Date.now() + 3_600_000;
    await putRow(engine.client, TABLE, { pk: "raised", sk: "lease", token });
    await using leases = new LeaseClient({ tableName: TABLE, client: engine.client, ...TIMING });
    const result = await leases.tryAcquire("raised");
    if (result.kind !== "acquired") throw new Error(`${result.reason} by ${result.state.holder ?? "nobody"}`);
    expect(result.lease.token).toBeGreaterThan(token);
  });
});
