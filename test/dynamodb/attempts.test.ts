import { DynamoDBClient, type DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { LOCAL_AWS } from "../../local/engine.ts";
import { bad, type Local, type Reply, replying } from "../support/aws-server.ts";
import { leaseErrorOf } from "../support/failures.ts";

const failed: Reply = { status: 500, error: "InternalServerError" };
const early = bad("InvalidSignatureException", "Signature not yet current: 2 is still later than 1");

type RetryStrategy = Extract<NonNullable<DynamoDBClientConfig["retryStrategy"]>, { retry: unknown }>;

/** Tries twice, and says of no error how often. */
const twice: RetryStrategy["retry"] = async (send, args) => {
  try {
    return await send(args);
  } catch {
    return send(args);
  }
};

/** Answers to a claim whose first attempt may have been applied, and what else the client has. */
const MAY_HAVE_LANDED: readonly (readonly [string, Reply[], ((server: Local) => DynamoDBClientConfig)?])[] = [
  [
    "after a failure, and a transaction in the way",
    [failed, bad("TransactionConflictException"), bad("AccessDeniedException")],
  ],
  ["after a failure, and a wrong clock", [failed, early, bad("ExpiredTokenException")]],
  [
    "after credentials that were signed too early, and a failure",
    [failed, bad("AccessDeniedException")],
    () => {
      const tooEarly = new Error("Signature expired: 1 is now earlier than 2");
      const refusals = [Object.assign(tooEarly, { name: "InvalidSignatureException" })];
      return {
        credentials: async () => {
          const refusal = refusals.pop();
          if (refusal !== undefined) throw refusal;
          return LOCAL_AWS.credentials;
        },
      };
    },
  ],
  [
    "after a failure that a strategy of the first kind tried again",
    [failed, bad("AccessDeniedException")],
    () => ({ retryStrategy: { mode: "own", retry: twice } }),
  ],
  [
    "after a failure, and credentials that could not be had",
    [failed, bad("TransactionConflictException"), bad("AccessDeniedException")],
    ({ asked }) => ({
      credentials: async () => {
        const denied = { name: "AccessDenied", $fault: "client", $metadata: { httpStatusCode: 403 } };
        if (asked.length > 1) throw Object.assign(new Error("not authorized to assume the role"), denied);
        return { ...LOCAL_AWS.credentials, expiration: new Date(0) };
      },
    }),
  ],
];

describe.concurrent("a write that was sent more than once", () => {
  it("after a failure is unknown, and a possible claim is given up", async () => {
    const replies = [failed, bad("AccessDeniedException")];
    await using server = await replying(...replies);
    const client = new DynamoDBClient({ ...LOCAL_AWS, endpoint: server.endpoint, maxAttempts: 2 });
    const leases = new LeaseClient({ tableName: "leases", client, durationMs: 3_000 });
    await leaseErrorOf(leases.tryAcquire("nightly"), "STORE_UNAVAILABLE");
    expect(server.asked.length, "two attempts to claim, then one to give it up").toBe(3);
  });

  it.for(MAY_HAVE_LANDED)("%s, is unknown, whatever it says at last", async ([, replies, more]) => {
    await using server = await replying(...replies);
    const client = new DynamoDBClient({
      ...LOCAL_AWS,
      endpoint: server.endpoint,
      maxAttempts: 2,
      ...more?.(server),
    });
    const leases = new LeaseClient({ tableName: "leases", client, durationMs: 3_000 });
    await leaseErrorOf(leases.tryAcquire("nightly"), "STORE_UNAVAILABLE");
    client.destroy();
  });

  it("after a transaction that was in the way is one clear error all the same", async () => {
    await using server = await replying(bad("TransactionConflictException"), bad("AccessDeniedException"));
    const client = new DynamoDBClient({ ...LOCAL_AWS, endpoint: server.endpoint, maxAttempts: 1 });
    const leases = new LeaseClient({ tableName: "leases", client });
    await leaseErrorOf(leases.tryAcquire("nightly"), "ACCESS_DENIED");
    expect(server.asked, "nothing was applied, so nothing is given up").toHaveLength(2);
  });
});
