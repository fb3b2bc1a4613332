import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { LOCAL_AWS } from "../../local/engine.ts";
import { type Reply, replying } from "../support/aws-server.ts";
import { leaseErrorOf } from "../support/failures.ts";

const HOUR_MS = 3_600_000;

/** What the service says of a signature from a clock that is an hour behind. */
const tooOld = (now: number): Reply => ({
  status: 400,
  error: "InvalidSignatureException",
  message: "Signature expired: 20260101T000000Z is now earlier than 20260101T005500Z",
  headers: { date: new Date(now).toUTCString() },
});
const served = (now: number): Reply => ({ status: 200, headers: { date: new Date(now).toUTCString() } });

describe.each([
  ["the SDK's default of attempts", undefined],
  ["one attempt", 1],
] as const)("a clock that was set, with %s", (_, maxAttempts) => {
  const sdk = (endpoint: string): DynamoDBClient =>
    new DynamoDBClient({ ...LOCAL_AWS, endpoint, ...(maxAttempts && { maxAttempts }) });

  it("costs one more request, by the offset that the SDK has learnt, and no error", async () => {
    const now = Date.now() + HOUR_MS;
    await using server = await replying(tooOld(now), served(now));
    const client = sdk(server.endpoint);
    const leases = new LeaseClient({ tableName: "leases", client });
    expect((await leases.tryAcquire("a", { renew: "manual" })).kind).toBe("acquired");
    expect(Math.abs((await offsetOf(client)) - HOUR_MS)).toBeLessThan(60_000);
    expect(server.asked.slice(0, 2)).toEqual(["UpdateItem", "UpdateItem"]);
    await using reading = await replying(tooOld(now), served(now));
    const reader = sdk(reading.endpoint);
    await new LeaseClient({ tableName: "leases", client: reader }).get("a");
    expect(reading.asked).toEqual(["GetItem", "GetItem"]);
    reader.destroy();
    client.destroy();
  });

  it("is an error after the second signature, which says what to check", async () => {
    await using server = await replying(tooOld(Date.now() + HOUR_MS));
    const client = sdk(server.endpoint);
    const leases = new LeaseClient({ tableName: "leases", client });
    const error = await leaseErrorOf(leases.get("a"), "ACCESS_DENIED");
    expect(error.message).toMatch(/clock/);
    // The SDK's own attempts, twice.
    expect(server.asked.length).toBeGreaterThanOrEqual(2);
    if (maxAttempts === 1) expect(server.asked).toHaveLength(2);
    client.destroy();
  });
});

async function offsetOf(client: DynamoDBClient): Promise<number> {
  return client.config.systemClockOffset;
}
