import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetCommand } from "@aws-sdk/lib-dynamodb";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { FenceGuard } from "../../lib/fencing/fence-guard.ts";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { InMemoryLeaseStore } from "../../lib/testing/in-memory-store.ts";
import { ManualClock } from "../../lib/testing/manual-clock.ts";
import { engineClient, LOCAL_AWS } from "../../local/engine.ts";
import { blackHole, losing } from "../support/aws-server.ts";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";
import { hear } from "../support/lease-events.ts";
import { rowOf } from "../support/lease-tables.ts";
import { never } from "../support/manual.ts";
import { ProbeStore, UNANSWERED } from "../support/probe-store.ts";
import { type FencedGround, fencedGround, LEASES } from "./ground.ts";

let ground: FencedGround;

beforeAll(async () => {
  ground = await fencedGround();
});

afterAll(() => ground[Symbol.asyncDispose]());

const guardOfTable = (): FenceGuard => new FenceGuard({ tableName: LEASES, client: ground.admin });

async function markOf(resource: string): Promise<Record<string, unknown> | undefined> {
  const Key = { pk: resource, sk: "fence" };
  const { Item } = await ground.documents.send(
    new GetCommand({ TableName: LEASES, Key, ConsistentRead: true }),
  );
  return Item;
}

describe.each([
  ["in a table", guardOfTable],
  ["in memory", () => new FenceGuard({ store: new InMemoryLeaseStore({ clock: new ManualClock() }) })],
])("a fence guard %s", (_, guardOf) => {
  it("admits a token again and again, and every higher one", async () => {
    const guard = guardOf();
    for (const token of [5, 5, 6, 1_767_225_600_437, 1_767_225_600_437]) await guard.admit("mail", token);
  });

  it("refuses every token below the highest admitted, saying which that is, also to other guards", async () => {
    const guard = guardOf();
    using heard = hear("printer");
    await guard.admit("printer", 5);
    await guard.admit("printer", 9);
    for (const token of [8, 5, 1]) {
      const error = await leaseErrorOf(guard.admit("printer", token), "FENCED");
      expect(error.token).toBe(9);
      expect(error.message).toMatch(
        new RegExp(`"printer" has admitted token 9, so token ${token} is refused; do not act`),
      );
    }
    await guard.admit("printer", 9);
    expect(heard.all[0]).toEqual({
      event: "fenced",
      lease: "printer",
      holder: undefined,
      token: 8,
      by: "guard",
      winner: 9,
    });
    expect(heard.all.map(({ token }) => token)).toEqual([8, 5, 1]);
  });

  it("keeps resources apart", async () => {
    const guard = guardOf();
    await guard.admit("one", 9);
    await guard.admit("other", 5);
  });

  it("admits exactly those of any sequence that are not below what came before", async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 12 }), async (tokens) => {
        const [guard, resource] = [guardOf(), `sequence ${(runs += 1)}`];
        let highest = 0;
        for (const token of tokens) {
          const admitted = await guard.admit(resource, token).then(
            () => true,
            () => false,
          );
          expect(admitted).toBe(token >= highest);
          highest = Math.max(highest, token);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("lets the highest of many at once stand", async () => {
    const guard = guardOf();
    const tokens = [3, 9, 1, 7, 9, 2, 8];
    await Promise.allSettled(tokens.map((token) => guard.admit("crowd", token)));
    await leaseErrorOf(guard.admit("crowd", 8), "FENCED");
    await guard.admit("crowd", 9);
  });
});

describe("the mark of a fence guard", () => {
  it("is a row beside the lease's own, which it leaves alone, and has no TTL", async () => {
    const { admin, unique } = ground;
    const name = unique();
    await using leases = new LeaseClient({ tableName: LEASES, client: admin });
    await using guard = guardOfTable();
    const lease = await leases.acquire(name, { renew: "manual" });
    const before = await rowOf(admin, LEASES, name);
    await guard.admit(name, lease.token);
    expect(await rowOf(admin, LEASES, name)).toEqual(before);
    const mark = await markOf(name);
    expect(mark).toMatchObject({ pk: name, sk: "fence", token: lease.token });
    expect(mark).not.toHaveProperty("ttl");
    expect(mark).not.toHaveProperty("holder");
    const listed: string[] = [];
    for await (const state of leases.list()) listed.push(state.name);
    expect(listed.filter((listedName) => listedName === name)).toHaveLength(1);
  });
});

describe("a fence guard without a clear answer", () => {
  it("says STORE_UNAVAILABLE and not to act, and nothing is decided: the token is admitted later", async () => {
    const store = new ProbeStore(new InMemoryLeaseStore({ clock: new ManualClock() }));
    const guard = new FenceGuard({ store });
    store.onWrite = async () => UNANSWERED;
    const error = await leaseErrorOf(guard.admit("mail", 5), "STORE_UNAVAILABLE");
    expect(error.message).toMatch(
      /nobody can say whether token 5 was admitted; do not act, admit it again: the response was lost$/,
    );
    expect(error.cause).toBe((UNANSWERED as { cause: unknown }).cause);
    store.onWrite = undefined;
    await guard.admit("mail", 4);
    await guard.admit("mail", 5);
  });

  it("gives a silent store up after requestTimeoutMs", async () => {
    const clock = new ManualClock();
    const store = new ProbeStore(new InMemoryLeaseStore({ clock }));
    store.onWrite = never;
    const guard = new FenceGuard({ store, clock, requestTimeoutMs: 400 });
    const refused = leaseErrorOf(guard.admit("mail", 5), "STORE_UNAVAILABLE");
    await clock.advance(400);
    await refused;
  });

  it("gives a network that swallows everything up in time", async () => {
    await using hole = await blackHole();
    const client = engineClient(hole.endpoint);
    const guard = new FenceGuard({ tableName: LEASES, client, requestTimeoutMs: 200 });
    await leaseErrorOf(guard.admit("mail", 5), "STORE_UNAVAILABLE");
    client.destroy();
  });

  it("is not misled by a lost response: the retry admits the token that the lost attempt recorded", async () => {
    await using proxy = await losing(ground.engine.endpoint, (_, nth) => (nth === 1 ? "drop" : "pass"));
    const client = engineClient(proxy.endpoint);
    const resource = ground.unique();
    await new FenceGuard({ tableName: LEASES, client }).admit(resource, 5);
    expect(proxy.asked).toHaveLength(2);
    expect(await markOf(resource)).toMatchObject({ token: 5 });
    client.destroy();
  });

  it("passes on what the store is sure of", async () => {
    const guard = new FenceGuard({ tableName: "nowhere", client: ground.admin });
    await leaseErrorOf(guard.admit("mail", 5), "TABLE_NOT_FOUND");
  });
});

describe("a fence guard", () => {
  it.each([
    ["", 5, /^resource/],
    ["x".repeat(2_049), 5, /^resource/],
    ["mail", 0, /^token/],
    ["mail", 0.5, /^token/],
    ["mail", Number.NaN, /^token/],
    ["mail", Number.MAX_SAFE_INTEGER, /^token must be .* from 1 to 9007199254740990, not/],
    ["mail", "5" as never, /^token must be .*, not "5" \(string\)$/],
    ["mail", Object.create(null) as never, /^token must be .* \(object\)$/],
  ])("sends nothing for resource %j and token %j", async (resource, token, message) => {
    const store = new ProbeStore(new InMemoryLeaseStore({ clock: new ManualClock() }));
    const error = await leaseErrorOf(new FenceGuard({ store }).admit(resource, token), "INVALID_ARGUMENT");
    expect(error.message).toMatch(message);
    expect(store.requests).toBe(0);
  });

  it("takes a table or a store, and a timeout within bounds", () => {
    const store = new InMemoryLeaseStore({ clock: new ManualClock() });
    for (const options of [{}, { store, tableName: LEASES }, { store, requestTimeoutMs: 49 }]) {
      leaseErrorIn(() => new FenceGuard(options), "INVALID_ARGUMENT");
    }
  });

  it("makes its own client from the environment, and destroys that one alone", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", ground.engine.endpoint);
    vi.stubEnv("AWS_REGION", LOCAL_AWS.region);
    vi.stubEnv("AWS_ACCESS_KEY_ID", LOCAL_AWS.credentials.accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", LOCAL_AWS.credentials.secretAccessKey);
    const resource = ground.unique();
    const own = new FenceGuard({ tableName: LEASES });
    await own.admit(resource, 5);
    vi.unstubAllEnvs();
    const destroyed = vi.spyOn(DynamoDBClient.prototype, "destroy");
    await guardOfTable()[Symbol.asyncDispose]();
    expect(destroyed).not.toHaveBeenCalled();
    await own[Symbol.asyncDispose]();
    expect(destroyed).toHaveBeenCalledOnce();
    destroyed.mockRestore();
    expect(await markOf(resource)).toMatchObject({ token: 5 });
  });
});
