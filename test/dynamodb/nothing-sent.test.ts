import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import type { LeaseErrorCode } from "../../lib/core/errors.ts";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { LOCAL_AWS } from "../../local/engine.ts";
import { replying } from "../support/aws-server.ts";
import { leaseErrorOf } from "../support/failures.ts";

const { credentials } = LOCAL_AWS;

/** What keeps the SDK from making a request at all, what that comes to, and what the message says. */
const UNSENT: readonly (readonly [string, () => DynamoDBClient, LeaseErrorCode, RegExp])[] = [
  [
    "no region",
    () =>
      new DynamoDBClient({
        credentials,
        region: () => Promise.reject<string>(new Error("Region is missing")),
      }),
    "INVALID_ARGUMENT",
    /nothing was sent.*Region is missing/,
  ],
  [
    "an endpoint with a protocol",
    () => new DynamoDBClient({ ...LOCAL_AWS, endpoint: "dynamodb.local:8000" }),
    "INVALID_ARGUMENT",
    /nothing was sent.*endpoint begins with "dynamodb.local:"/,
  ],
  [
    "an endpoint that is one",
    () =>
      new DynamoDBClient({
        ...LOCAL_AWS,
        endpoint: (): Promise<never> => Promise.reject(new TypeError("Invalid URL")),
      }),
    "INVALID_ARGUMENT",
    /nothing was sent.*endpoint.*Invalid URL/,
  ],
  [
    "no answer from where credentials come from",
    () =>
      new DynamoDBClient({
        ...LOCAL_AWS,
        credentials: async () =>
          Promise.reject(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })),
      }),
    "CREDENTIALS_UNAVAILABLE",
    /nothing was sent.*ECONNREFUSED/,
  ],
  [
    "a role that may not be assumed",
    () =>
      new DynamoDBClient({
        ...LOCAL_AWS,
        credentials: async () =>
          Promise.reject(
            Object.assign(new Error("not authorized to perform sts:AssumeRole"), {
              name: "AccessDenied",
              $fault: "client",
              $metadata: { httpStatusCode: 403 },
            }),
          ),
      }),
    "CREDENTIALS_UNAVAILABLE",
    /nothing was sent.*AssumeRole/,
  ],
];

describe.concurrent("a request that the SDK cannot make, for want of", () => {
  it.for(UNSENT)("%s, is a definite error at once, from every call", async ([, made, code, message]) => {
    const client = made();
    const leases = new LeaseClient({ tableName: "leases", client, durationMs: 3_000 });
    const begun = performance.now();
    const calls: readonly (() => Promise<unknown>)[] = [
      () => leases.tryAcquire("a"),
      () => leases.acquire("a"),
      () => leases.run("a", async () => undefined),
      () => leases.get("a"),
      () => leases.list().next(),
      () => leases.observe("a").next(),
      () => leases.candidates("a"),
      () => leases.requestStepDown("a"),
      () => leases.forceRelease("a"),
      () => leases.candidate("a").campaign(),
      () => leases.candidate("a").run(async () => undefined),
    ];
    for (const call of calls) {
      const error = await leaseErrorOf(call(), code);
      expect(error.message).toMatch(message);
    }
    expect(performance.now() - begun).toBeLessThan(3_000);
    await leases.close();
    client.destroy();
  });

  it("a value that can be stored, changes nothing about the term", async () => {
    const written = { status: 200, headers: { date: new Date().toUTCString() } };
    await using server = await replying(written);
    const client = new DynamoDBClient({ ...LOCAL_AWS, endpoint: server.endpoint });
    const leases = new LeaseClient({ tableName: "leases", client });
    const lease = await leases.acquire("a", { renew: "manual" });
    const sent = server.asked.length;
    await leaseErrorOf(lease.proclaim({ at: new URL("http://localhost") }), "INVALID_ARGUMENT");
    expect(server.asked).toHaveLength(sent);
    expect(lease.isHeld()).toBe(true);
    await leases.close();
    client.destroy();
  });
});

describe("a client that was destroyed", () => {
  it("is answered or refused in bounded time, never waited for", async () => {
    await using server = await replying({ status: 200, headers: { date: new Date().toUTCString() } });
    const client = new DynamoDBClient({ ...LOCAL_AWS, endpoint: server.endpoint, maxAttempts: 1 });
    const leases = new LeaseClient({ tableName: "leases", client, durationMs: 3_000 });
    await leases.get("a");
    client.destroy();
    const begun = performance.now();
    await leases.get("a").catch((error: unknown) => expect(error).toHaveProperty("code"));
    expect(performance.now() - begun).toBeLessThan(1_000);
    client.destroy();
  });
});
