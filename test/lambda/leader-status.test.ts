import { type AttributeValue, PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { APIGatewayProxyStructuredResultV2, Context, LambdaFunctionURLEvent } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { LeaseClient } from "../../lib/index.ts";
import { LOCAL_AWS } from "../../local/engine.ts";
import { freePort } from "../../local/harness/ports.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { granted, LEASES } from "../support/grants.ts";
import { putRow } from "../support/lease-tables.ts";
import { type Gate, underPolicy } from "../support/under-policy.ts";

type Handler = (
  event: LambdaFunctionURLEvent,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;

const engine = engineForTests(LEASES);
let gate: Gate;
let leases: LeaseClient;
let handler: Handler;

/** Loads the handler as Lambda does: it reads its environment then. */
async function deploy(endpoint: string, table: string = LEASES): Promise<Handler> {
  vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", endpoint);
  vi.stubEnv("LEASE_TABLE_NAME", table);
  vi.resetModules();
  return (await import("../../lambda/leader-status.ts")).handler;
}

beforeAll(async () => {
  leases = new LeaseClient({ tableName: LEASES, client: engine.client, durationMs: 10_000 });
  vi.stubEnv("AWS_REGION", LOCAL_AWS.region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", LOCAL_AWS.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", LOCAL_AWS.credentials.secretAccessKey);
  vi.stubEnv("POWERTOOLS_LOG_LEVEL", "SILENT");
  gate = await underPolicy(engine.endpoint, granted((table, role) => table.grantObserve(role)).statements());
  handler = await deploy(gate.endpoint);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await leases.close();
  await gate[Symbol.asyncDispose]();
});

/** An event of a function URL, as far as the handler reads it. */
function event(target: string, method = "GET"): LambdaFunctionURLEvent {
  const [rawPath = "", rawQueryString = ""] = target.split("?");
  return {
    version: "2.0",
    rawPath,
    rawQueryString,
    requestContext: { http: { method } },
  } as LambdaFunctionURLEvent;
}

const context = { getRemainingTimeInMillis: () => 15_000 } as Context;

async function ask(target: string, method?: string, by: Handler = handler, given = context) {
  const { statusCode, headers, body = "" } = await by(event(target, method), given);
  expect(headers).toMatchObject({
    "cache-control": "no-store",
    "content-type": "application/json; charset=utf-8",
  });
  return { statusCode, headers, body, json: JSON.parse(body) };
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe("who leads one lease", () => {
  it("is told with since when, under which token, until when, and what the leader proclaims", async () => {
    const lease = await leases.acquire("writer");
    await lease.proclaim({ endpoint: "10.0.0.7:8080" });
    const { statusCode, json } = await ask("/?name=writer");
    expect(statusCode).toBe(200);
    expect(json).toEqual({
      asOf: expect.stringMatching(INSTANT),
      lease: {
        name: "writer",
        state: "held",
        holder: lease.holder,
        token: lease.token,
        since: expect.stringMatching(INSTANT),
        renewedAt: expect.stringMatching(INSTANT),
        until: expect.stringMatching(INSTANT),
        remainingMs: expect.any(Number),
        requestedBy: null,
        reservedFor: null,
        tick: null,
        value: { endpoint: "10.0.0.7:8080" },
      },
    });
    const { since, until, remainingMs } = json.lease;
    expect(Date.parse(until) - Date.parse(json.asOf)).toBe(remainingMs);
    expect(remainingMs).toBeGreaterThan(0);
    expect(remainingMs).toBeLessThanOrEqual(12_000);
    expect(Date.parse(since)).toBeLessThanOrEqual(Date.parse(json.asOf) + 1_000);
    await lease.release();
  });

  it("is told by a path as well, whatever the name", async () => {
    for (const name of ["with/slash", "ä b?&#%", "favicon.ico"]) {
      await leases.run(name, async () => {});
      expect((await ask(`/${encodeURIComponent(name)}`)).json.lease).toMatchObject({ name, state: "vacant" });
      expect((await ask(`/?name=${encodeURIComponent(name)}`)).json.lease.name).toBe(name);
    }
    expect((await ask("/with/slash")).json.lease.name).toBe("with/slash");
  });

  it("is nobody, where the lease is vacant: not since when, and until when only where it is reserved", async () => {
    await leases.run("free", async () => {}, { tick: "2026-01-01T02:00:00Z" });
    expect((await ask("/free")).json.lease).toMatchObject({
      state: "vacant",
      holder: null,
      since: null,
      renewedAt: null,
      until: null,
      remainingMs: null,
      reservedFor: null,
      tick: "2026-01-01T02:00:00.000Z",
      value: null,
    });
    await leases.run("kept", async () => {}, { holdAtLeastMs: 60_000 });
    const { json } = await ask("/kept");
    expect(json.lease).toMatchObject({ state: "vacant", holder: null, reservedFor: "" });
    expect(json.lease.remainingMs).toBeGreaterThan(50_000);
  });

  it("is told as expired once the term is over, with nothing left of it", async () => {
    const expiresAt = Date.now() - 60_000;
    const row = { pk: "dead", sk: "lease", holder: "h", token: 7, revision: 3, durationMs: 1_000, expiresAt };
    await putRow(engine.client, LEASES, { ...row, writeId: "w" });
    expect((await ask("/dead")).json.lease).toMatchObject({
      state: "expired",
      holder: "h",
      token: 7,
      remainingMs: 0,
      until: new Date(expiresAt).toISOString(),
    });
  });

  it("ends, as told, when the holder stops, which a lock-delay puts before the row's expiry", async () => {
    const row = { pk: "delayed", sk: "lease", holder: "h", token: 7, revision: 3, writeId: "w" };
    const expiresAt = Date.now() + 60_000;
    await putRow(engine.client, LEASES, { ...row, durationMs: 60_000, expiresAt, lockDelayMs: 20_000 });
    expect((await ask("/delayed")).json.lease.until).toBe(new Date(expiresAt - 20_000).toISOString());
  });

  it("is told with what JSON has not as lists and base64, and with no instants where there are none", async () => {
    const value: AttributeValue = {
      M: {
        names: { SS: ["a", "b"] },
        bytes: { B: new Uint8Array([1, 2, 255]) },
        list: { L: [{ NS: ["1"] }, { NULL: true }] },
      },
    };
    const numbers = { token: { N: "5" }, revision: { N: "1" }, durationMs: { N: "1000" } };
    const Item = {
      pk: { S: "odd" },
      sk: { S: "lease" },
      holder: { S: "h" },
      writeId: { S: "w" },
      ...numbers,
    };
    await engine.client.send(
      new PutItemCommand({ TableName: LEASES, Item: { ...Item, value, expiresAt: { N: "9e99" } } }),
    );
    const { lease } = (await ask("/odd")).json;
    expect(lease.value).toEqual({ names: ["a", "b"], bytes: "AQL/", list: [[1], null] });
    expect(lease).toMatchObject({ since: null, until: null, remainingMs: null });
  });
});

describe("the list of all leases", () => {
  it("has each with its leader, by name, and not what they proclaim", async () => {
    const lease = await leases.acquire("a-first");
    await lease.proclaim("not for the list");
    const { json, body } = await ask("/");
    const names: string[] = json.leases.map(({ name }: { name: string }) => name);
    expect(names).toEqual([...names].sort((a, b) => (a < b ? -1 : 1)));
    expect(names.length).toBeGreaterThan(5);
    expect(json).toMatchObject({ complete: true, asOf: expect.stringMatching(INSTANT) });
    expect(json.leases[0]).toMatchObject({ name: "a-first", holder: lease.holder, token: lease.token });
    expect(body).not.toContain("not for the list");
    await lease.release();
  });

  it("is bounded, and says so where there are more", async () => {
    const { json } = await ask("/?limit=2");
    expect(json.leases).toHaveLength(2);
    expect(json.complete).toBe(false);
    const all = (await ask("/?limit=1000")).json;
    expect(all.complete).toBe(true);
    expect((await ask(`/?limit=${all.leases.length}`)).json.complete).toBe(true);
  });

  it("ends early where the invocation is about to end", async () => {
    const late = { getRemainingTimeInMillis: () => 1_000 } as Context;
    const { statusCode, json } = await ask("/", "GET", handler, late);
    expect([statusCode, json.complete, json.leases]).toEqual([200, false, []]);
  });
});

describe("an answer that is none", () => {
  const tooLong = "x".repeat(2_049);
  const wrong = [
    ["/?name=", /name has 0 bytes/],
    [`/?name=${tooLong}`, /name has 2049 bytes; it must have 1 to 2048/],
    ["/a?name=b", /both in the path and by \?name=/],
    ["/?name=a&name=b", /name is given twice/],
    ["/?lease=a", /no parameter "lease"/],
    ["/%E0%A4%A", /not percent-encoded/],
    ["/?limit=0", /limit must be a whole number from 1 to 1000/],
    ["/?limit=1001", /limit must be/],
    ["/?limit=1e2", /limit must be/],
    ["/?limit=", /limit must be/],
    ["/a?limit=1", /limit is for the list/],
  ] as const;

  const cases = wrong.map(([target, message]) => ({ target, message, shown: target.slice(0, 24) }));

  it.each(cases)("is 400 for $shown, and nothing is asked of the table", async ({ target, message }) => {
    const before = gate.judged.length;
    const { statusCode, json } = await ask(target);
    expect(statusCode).toBe(400);
    expect(json.error).toEqual({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
    expect(gate.judged).toHaveLength(before);
  });

  it("is 404 for a name without a record", async () => {
    const { statusCode, json } = await ask("/?name=never-heard-of");
    expect([statusCode, json.error.code]).toEqual([404, "LEASE_NOT_FOUND"]);
  });

  it("is 405 for anything that could change something", async () => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
      const { statusCode, headers } = await ask("/?name=writer", method);
      expect([statusCode, headers?.["allow"]]).toEqual([405, "GET, HEAD"]);
    }
    expect((await ask("/", "HEAD")).statusCode).toBe(200);
  });

  it("is 503 with the code where the table cannot be read, and tells nothing else of it", async () => {
    gate.setRole([]);
    const denied = await ask("/?name=writer");
    gate.setRole(granted((table, role) => table.grantObserve(role)).statements());
    const missing = await ask("/", "GET", await deploy(engine.endpoint, "elsewhere"));
    const away = await ask("/?name=writer", "GET", await deploy(`http://127.0.0.1:${await freePort()}`));
    await putRow(engine.client, LEASES, { pk: "broken", sk: "lease", holder: 7, token: 1, revision: 1 });
    const broken = await ask("/broken");
    const answers = [denied, missing, away, broken];
    expect(answers.map(({ statusCode, json }) => [statusCode, json.error.code])).toEqual([
      [503, "ACCESS_DENIED"],
      [503, "TABLE_NOT_FOUND"],
      [503, "STORE_UNAVAILABLE"],
      [503, "RECORD_INVALID"],
    ]);
    for (const { body } of answers) expect(body).not.toMatch(/127\.0\.0\.1|elsewhere|arn:|\n|\bat \/|\.ts/);
  });

  it("writes nothing, whatever it was asked", () => {
    expect(gate.judged.length).toBeGreaterThan(10);
    const actions = new Set(gate.judged.map(({ action }) => action));
    expect([...actions].sort()).toEqual(["dynamodb:GetItem", "dynamodb:Scan"]);
  });
});
