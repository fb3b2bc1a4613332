import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { StoreClientOptions } from "../../lib/client/client-core.ts";
import { StoreLeaseClient } from "../../lib/client/lease-client.ts";
import { systemClock } from "../../lib/client/system-ports.ts";
import type { Clock, LeaseStore } from "../../lib/core/ports.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { DynamoDBLeaseStore } from "../../lib/dynamodb/store.ts";
import { InMemoryLeaseStore } from "../../lib/testing/in-memory-store.ts";
import { ManualClock } from "../../lib/testing/manual-clock.ts";
import { engineClient } from "../../local/engine.ts";
import { createLeaseTable, deleteRow, putRow, rowOf } from "./lease-tables.ts";
import { ProbeStore } from "./probe-store.ts";
import { ProcessClock } from "./process-clock.ts";

/** A row of the table, by the names of the table format. */
export type Row = Record<string, unknown>;

/** Timings short enough to wait for and long enough for two busy cores. */
export const SHORT = {
  durationMs: 2_000,
  renewIntervalMs: 600,
  requestTimeoutMs: 700,
  retryIntervalMs: 200,
  serviceClockErrorMs: 50,
  graceMs: 1_100,
} as const;

/** Longest that a crashed holder's work stays without a leader under {@link SHORT}, with room for a busy machine. */
export const RECOVERY_MS = 2_000 + 1_100 + 1_000 + 200 + 700;

/** One process that contends: its client, what it sends and its clocks. */
export interface Member {
  readonly client: StoreLeaseClient;
  readonly store: ProbeStore;
  readonly clock: ProcessClock;
  /** Requests really sent: over HTTP where there is a wire, else calls of the store. */
  readonly http: () => number;
}

/** A table, the processes around it, and time. Disposing it releases whatever they hold. */
export interface World extends AsyncDisposable {
  /** The store itself, as a process sees it. */
  readonly store: LeaseStore;
  /** A lease name that no other test uses. */
  readonly name: (label: string) => string;
  readonly member: (options?: Partial<StoreClientOptions>) => Member;
  /** Lets time pass, in ms. */
  readonly pass: (ms: number) => Promise<void>;
  /** Lets time pass until a promise settles, at most `ms`. */
  readonly within: <T>(ms: number, promise: Promise<T>) => Promise<T>;
  /** Puts a row in place past the store. */
  readonly put: (row: Row & { readonly name: string }) => Promise<void>;
  /** Deletes a row past the store. */
  readonly remove: (name: string) => Promise<void>;
  /** Reads a row past the store. */
  readonly row: (name: string) => Promise<Row | undefined>;
}

/** What all the worlds of one test file stand on. */
export interface Ground extends AsyncDisposable {
  readonly world: () => World;
}

let named = 0;
const run = randomBytes(4).toString("hex");

function uniqueName(label: string): string {
  named += 1;
  return `${label}-${run}-${named}`;
}

function members(clock: Clock, store: () => { readonly probe: ProbeStore; readonly http: () => number }) {
  const clients: StoreLeaseClient[] = [];
  return {
    member: (options: Partial<StoreClientOptions> = {}): Member => {
      const { probe, http } = store();
      const own = new ProcessClock(clock);
      const client = new StoreLeaseClient({ ...SHORT, store: probe, clock: own, ...options });
      clients.push(client);
      return { client, store: probe, clock: own, http };
    },
    close: async (): Promise<void> => {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

/** Worlds in memory, each with a clock of its own that stands still unless moved. */
export function inMemoryGround(): Ground {
  return { world: inMemoryWorld, [Symbol.asyncDispose]: async () => {} };
}

function inMemoryWorld(): World {
  const clock = new ManualClock({ startAt: 1_767_225_600_437 });
  const store = new InMemoryLeaseStore({ clock });
  const { member, close } = members(clock, () => {
    const probe = new ProbeStore(store);
    return { probe, http: () => probe.requests };
  });
  const within = async <T>(ms: number, promise: Promise<T>): Promise<T> => {
    const state = { settled: false };
    const settle = (): void => {
      state.settled = true;
    };
    promise.then(settle, settle);
    for (let passed = 0; !state.settled && passed <= ms; passed += 20) await clock.advance(20);
    if (!state.settled) throw new Error(`not settled within ${ms} ms`);
    return promise;
  };
  return {
    store,
    name: uniqueName,
    member,
    pass: (ms) => clock.advance(ms),
    within,
    put: async (row) => store.restore(row as unknown as LeaseRecord),
    remove: async (name) => store.delete(name),
    row: async (name) => {
      const record = store.peek(name);
      return record && { ...record };
    },
    async [Symbol.asyncDispose]() {
      await within(60_000, close());
    },
  };
}

/**
 * Worlds on one table of a DynamoDB engine, in real time. `onClient` is shown each client that
 * elects there.
 */
export async function engineGround(
  endpoint: string,
  onClient: (client: DynamoDBClient) => void = () => {},
): Promise<Ground> {
  const table = `contract-${run}-${process.pid}`;
  const admin = engineClient(endpoint);
  await createLeaseTable(admin, table);
  await warmUp(admin, table);
  return {
    world: () => engineWorld(endpoint, admin, table, onClient),
    async [Symbol.asyncDispose]() {
      admin.destroy();
    },
  };
}

/** An engine that was just started may take a second for its first answers, and the terms here are short. */
async function warmUp(admin: DynamoDBClient, table: string): Promise<void> {
  const store = new DynamoDBLeaseStore({ tableName: table, client: admin });
  const call = { signal: new AbortController().signal };
  const write = { kind: "claim", clear: ["value"], beginsTerm: true } as const;
  const set = { holder: "warm-up", token: 1, durationMs: 1 };
  for (let round = 0; round < 15; round += 1) {
    const names = Array.from({ length: 12 }, (_, at) => `warm-up-${at}`);
    await Promise.all(
      names.map(async (name) => {
        await store.write({ ...write, name, writeId: `w-${round}`, expects: { vacant: true }, set }, call);
        await store.read(name, call);
      }),
    );
  }
}

function engineWorld(
  endpoint: string,
  admin: DynamoDBClient,
  table: string,
  onClient: (client: DynamoDBClient) => void,
): World {
  const clients: DynamoDBClient[] = [];
  const store = new DynamoDBLeaseStore({ tableName: table, client: admin });
  const { member, close } = members(systemClock, () => {
    const client = engineClient(endpoint);
    clients.push(client);
    onClient(client);
    const probe = new ProbeStore(new DynamoDBLeaseStore({ tableName: table, client }));
    return { probe, http: countRequests(client) };
  });
  return {
    store,
    name: uniqueName,
    member,
    pass: (ms) => delay(ms),
    within: async (ms, promise) => {
      const ender = new AbortController();
      const late = delay(ms, undefined, { signal: ender.signal }).then(() => {
        throw new Error(`not settled within ${ms} ms`);
      });
      late.catch(() => {});
      try {
        return await Promise.race([promise, late]);
      } finally {
        ender.abort();
      }
    },
    put: ({ name, ...row }) => putRow(admin, table, { ...row, pk: name, sk: "lease" }),
    remove: (name) => deleteRow(admin, table, name),
    row: async (name) => {
      const row = await rowOf(admin, table, name);
      if (row === undefined) return undefined;
      const { pk, sk: _, ...rest } = row;
      return { ...rest, name: pk };
    },
    async [Symbol.asyncDispose]() {
      await close();
      for (const client of clients) client.destroy();
    },
  };
}

/** Counts what an SDK client puts on the wire, its own retries included. */
export function countRequests(client: DynamoDBClient): () => number {
  let requests = 0;
  client.middlewareStack.add(
    (next) => (args) => {
      requests += 1;
      return next(args);
    },
    { step: "finalizeRequest", name: "countRequests", priority: "low" },
  );
  return () => requests;
}
