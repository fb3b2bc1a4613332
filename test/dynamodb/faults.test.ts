import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import type { LeaseErrorCode } from "../../lib/core/errors.ts";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { LOCAL_AWS } from "../../local/engine.ts";
import { bad, blackHole, type Local, type Reply, replying } from "../support/aws-server.ts";
import { leaseErrorOf } from "../support/failures.ts";

/** A client that retries as often as a test says. */
function sdk(endpoint: string, maxAttempts = 1): DynamoDBClient {
  return new DynamoDBClient({ ...LOCAL_AWS, endpoint, maxAttempts });
}

function electing(server: Local, maxAttempts = 1): LeaseClient {
  return new LeaseClient({
    tableName: "leases",
    client: sdk(server.endpoint, maxAttempts),
    durationMs: 3_000,
  });
}

/** What the service answers, what that means, and what the message tells one to do. */
const TURNED_DOWN: readonly (readonly [string, Reply, LeaseErrorCode, RegExp])[] = [
  [
    "there is no such table",
    bad("ResourceNotFoundException"),
    "TABLE_NOT_FOUND",
    / at 127\.0\.0\.1:\d+: .*tableName.*region/,
  ],
  ["access is denied", bad("AccessDeniedException"), "ACCESS_DENIED", /UpdateItem.*grantCampaign/],
  [
    "the table's key is denied",
    bad("AccessDeniedException", "KMS key access denied error: User is not authorized to use the key"),
    "ACCESS_DENIED",
    /key is denied.*grantCampaign.*key's policy/,
  ],
  [
    "access is denied to a role whose name has the letters kms",
    bad("AccessDeniedException", "User: arn:aws:sts::1:assumed-role/kms-admin/x is not authorized"),
    "ACCESS_DENIED",
    /UpdateItem.*grantCampaign/,
  ],
  ["the key is unknown", bad("UnrecognizedClientException"), "ACCESS_DENIED", /access key/],
  ["the signature is wrong", bad("InvalidSignatureException"), "ACCESS_DENIED", /secret key/],
  ["the signature is incomplete", bad("IncompleteSignatureException"), "ACCESS_DENIED", /signature/],
  ["the session has expired", bad("ExpiredTokenException"), "ACCESS_DENIED", /expired/],
  ["nothing was signed", bad("MissingAuthenticationTokenException"), "ACCESS_DENIED", /signature/],
  [
    "the table has other keys",
    bad("ValidationException", "The provided key element does not match the schema"),
    "TABLE_MISCONFIGURED",
    /pk.*sk/,
  ],
  [
    "an index of the table wants another type",
    bad("ValidationException", "Type mismatch for Index Key token Expected: S Actual: N IndexName: byToken"),
    "TABLE_MISCONFIGURED",
    /no index/,
  ],
  [
    "the item grew too large",
    bad("ValidationException", "Item size has exceeded the maximum allowed size"),
    "INVALID_ARGUMENT",
    /large/,
  ],
];

/** What the service answers that tells nothing about whether the write was applied. */
const UNTOLD: readonly (readonly [string, Reply])[] = [
  ["fails", { status: 500, error: "InternalServerError" }],
  ["is unavailable", { status: 503, error: "ServiceUnavailable" }],
  ["throttles", bad("ThrottlingException")],
  ["has no throughput left", bad("ProvisionedThroughputExceededException")],
  ["has too many requests", bad("RequestLimitExceeded")],
  ["is in the middle of a transaction on the row", bad("TransactionConflictException")],
  ["answers with something else", { status: 418, body: { tea: "pot" } }],
];

describe.concurrent("a table that says no", () => {
  it.for(TURNED_DOWN)("because %s is one clear error, and nothing more is sent", async (fault) => {
    const [, reply, code, advice] = fault;
    await using server = await replying(reply);
    const leases = electing(server);
    const error = await leaseErrorOf(leases.tryAcquire("nightly"), code);
    expect(error.lease).toBe("nightly");
    expect(error.message).toContain("nightly");
    expect(error.message).toContain("leases");
    expect(error.message).toMatch(advice);
    expect(error.cause).toMatchObject({ name: reply.error });
    expect(server.asked, "what surely was not applied need not be given up").toEqual(["UpdateItem"]);

    await leaseErrorOf(leases.get("nightly"), code);
    await leaseErrorOf(leases.list().next(), code);
    await leaseErrorOf(leases.acquire("nightly"), code);
    expect(server.asked).toEqual(["UpdateItem", "GetItem", "Scan", "UpdateItem"]);
  });

  it.for(UNTOLD)("that %s is neither a win nor a loss, and a possible claim is given up", async (fault) => {
    await using server = await replying(fault[1]);
    const leases = electing(server);
    const error = await leaseErrorOf(leases.tryAcquire("nightly"), "STORE_UNAVAILABLE");
    expect(error.lease).toBe("nightly");
    expect(error.cause).toMatchObject({ code: "STORE_UNAVAILABLE" });
    const inTheWay = fault[1].error === "TransactionConflictException";
    if (inTheWay) expect(server.asked.length, "as long as its time allows").toBeGreaterThanOrEqual(2 * 4);
    else expect(server.asked.length, "the claim, and giving it up").toBe(2);
    expect(new Set(server.asked)).toEqual(new Set(["UpdateItem"]));
    expect((await leaseErrorOf(leases.get("nightly"), "STORE_UNAVAILABLE")).lease).toBe("nightly");
  });

  it("because a transaction holds the row is asked again until that is over, and then led", async () => {
    const written: Reply = { status: 200, headers: { date: new Date().toUTCString() } };
    const inTheWay = bad("TransactionConflictException");
    await using server = await replying(inTheWay, inTheWay, inTheWay, written);
    const leases = electing(server);
    const result = await leases.tryAcquire("nightly", { renew: "manual" });
    expect(result.kind).toBe("acquired");
    expect(server.asked).toHaveLength(4);
    await leases.close();
  });

  it("because transactions hold the row on and on is asked again for as long as the deadline allows, not less", async () => {
    const written: Reply = { status: 200, headers: { date: new Date().toUTCString() } };
    const inTheWay = Array<Reply>(7).fill(bad("TransactionConflictException"));
    await using server = await replying(written, ...inTheWay, written);
    const client = sdk(server.endpoint);
    const leases = new LeaseClient({ tableName: "leases", client, durationMs: 60_000 });
    const lease = await leases.acquire("nightly", { renew: "manual" });
    const begun = performance.now();
    await lease.renew();
    expect(performance.now() - begun, "well beyond 310 ms").toBeGreaterThan(350);
    expect(server.asked).toHaveLength(1 + 7 + 1);
    await leases.close();
    client.destroy();
  });

  it("because of a transaction until the deadline says so, and not that nobody answered", async () => {
    await using server = await replying(bad("TransactionConflictException"));
    const leases = electing(server);
    const { message, cause } = await leaseErrorOf(leases.tryAcquire("nightly"), "STORE_UNAVAILABLE");
    expect(message).toContain("TransactionConflictException");
    expect(cause).toHaveProperty("cause.name", "TransactionConflictException");
  });

  it("is retried by the SDK while that may help, and then leads nobody astray", async () => {
    const written: Reply = { status: 200, headers: { date: new Date().toUTCString() } };
    await using server = await replying({ status: 503, error: "ServiceUnavailable" }, written);
    const leases = electing(server, 3);
    const result = await leases.tryAcquire("nightly", { renew: "manual" });
    expect(result.kind).toBe("acquired");
    expect(server.asked).toEqual(["UpdateItem", "UpdateItem"]);
    await leases.close();
  });
});

describe.concurrent("a network that is not there", () => {
  it("is said so in bounded time where nothing listens", async () => {
    const server = await replying({ status: 200 });
    await server[Symbol.asyncDispose]();
    const leases = electing(server, 3);
    const begun = performance.now();
    const error = await leaseErrorOf(leases.tryAcquire("nightly"), "STORE_UNAVAILABLE");
    expect(performance.now() - begun).toBeLessThan(2_500);
    expect(error.lease).toBe("nightly");
    const at = server.endpoint.replace("http://", "");
    const why = `no connection; check endpoint and region`;
    const how = `(Error: connect ECONNREFUSED ${at})`;
    expect(error.message, "once the lease, and once what to do").toBe(
      `lease "nightly" may be claimed, nobody can say, so it does not lead, try again: table "leases" at ${at}: ${why} ${how}`,
    );
    const unread = await leaseErrorOf(leases.get("nightly"), "STORE_UNAVAILABLE");
    expect(unread.message).toBe(`lease "nightly" in table "leases" at ${at}: ${why}, try again ${how}`);
  });

  it.for([
    ["has no address", Object.assign(new Error("getaddrinfo ENOTFOUND db"), { code: "ENOTFOUND" })],
    ["has two, and nobody listens", Object.assign(new AggregateError([]), { code: "ECONNREFUSED" })],
  ])("is told with the host that %s", async ([, error]) => {
    const requestHandler = { handle: async (): Promise<never> => Promise.reject(error) };
    const client = new DynamoDBClient({ ...LOCAL_AWS, endpoint: "http://db:8000", requestHandler });
    const leases = new LeaseClient({ tableName: "leases", client });
    const { message } = await leaseErrorOf(leases.get("nightly"), "STORE_UNAVAILABLE");
    expect(message).toMatch(/^lease "nightly" in table "leases" at db:8000: no connection; check endpoint/);
  });

  it("is told with all else that a wait has ended with", async () => {
    const server = await replying({ status: 200 });
    await server[Symbol.asyncDispose]();
    const leases = electing(server);
    const { message } = await leaseErrorOf(leases.acquire("nightly", { timeoutMs: 1 }), "ACQUIRE_TIMEOUT");
    expect(message.match(/nightly|try again/g), message).toEqual(["nightly"]);
    expect(message).toMatch(/not acquired within 1 ms: may be claimed.*: table "leases" at .*no connection/);
  });

  it("is said so in bounded time where connections are taken and nothing is ever answered", async () => {
    await using server = await blackHole();
    const leases = electing(server, 3);
    const begun = performance.now();
    const error = await leaseErrorOf(leases.tryAcquire("nightly"), "STORE_UNAVAILABLE");
    // Two requests, the claim and giving it up, of a fifth of the duration each.
    expect(performance.now() - begun).toBeLessThan(2 * 600 + 800);
    expect(error.lease).toBe("nightly");
    expect(error.cause).toMatchObject({ code: "STORE_UNAVAILABLE", lease: "nightly" });
    await leaseErrorOf(leases.get("nightly"), "STORE_UNAVAILABLE");
    await leaseErrorOf(leases.list({ pageTimeoutMs: 600 }).next(), "STORE_UNAVAILABLE");
    expect(await gone(server), "no socket is left waiting").toBe(true);
  });

  it("does not stretch a wait beyond its time by more than a request", async () => {
    await using server = await blackHole();
    const leases = electing(server);
    const begun = performance.now();
    const error = await leaseErrorOf(leases.acquire("nightly", { timeoutMs: 500 }), "ACQUIRE_TIMEOUT");
    expect(performance.now() - begun).toBeLessThan(500 + 2 * 600 + 800);
    expect(error.cause).toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
});

/** Waits a moment for every connection to be closed. */
async function gone(server: Local): Promise<boolean> {
  for (let tries = 0; tries < 50 && server.connections() > 0; tries += 1) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  return server.connections() === 0;
}

describe("no credentials", () => {
  it("are one clear error, and nothing is sent", async () => {
    await using server = await replying({ status: 200 });
    const client = new DynamoDBClient({
      region: LOCAL_AWS.region,
      endpoint: server.endpoint,
      credentials: async () => {
        throw Object.assign(new Error("Could not load credentials from any providers"), {
          name: "CredentialsProviderError",
          tryNextLink: true,
        });
      },
    });
    const leases = new LeaseClient({ tableName: "leases", client });
    const name = "nightly";
    for (const send of [() => leases.tryAcquire(name), () => leases.get(name), () => leases.acquire(name)]) {
      const error = await leaseErrorOf(send(), "CREDENTIALS_UNAVAILABLE");
      expect(error.lease).toBe("nightly");
      expect(error.message).toMatch(/credentials/);
      expect(error.cause).toMatchObject({ name: "CredentialsProviderError" });
    }
    expect(server.asked).toEqual([]);
  });
});
