import { setTimeout as delay } from "node:timers/promises";
import { DeleteItemCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { StoreClientOptions } from "../../lib/client/client-core.ts";
import { StoreLeaseClient } from "../../lib/client/lease-client.ts";
import { systemClock } from "../../lib/client/system-ports.ts";
import { admit } from "../../lib/core/auxiliary-writes.ts";
import type { Clock } from "../../lib/core/ports.ts";
import { DynamoDBLeaseStore } from "../../lib/dynamodb/store.ts";
import { deleteRow, putRow } from "../support/lease-tables.ts";
import { ProbeStore, UNANSWERED } from "../support/probe-store.ts";
import { shifted } from "../support/shifted-clock.ts";
import { SHORT } from "../support/worlds.ts";

/** A request that times out leaves a claim to be given up, which would be an event more: so none does, on a busy machine either. */
const PATIENT = { ...SHORT, durationMs: 20_000, renewIntervalMs: 6_000, requestTimeoutMs: 5_000 } as const;

/** A table of an engine, and who contends for its leases. */
interface Stage {
  readonly client: (holder: string, clock?: Clock) => StoreLeaseClient;
  /** A client whose terms are short enough to wait for their end. */
  readonly hasty: (holder: string) => StoreLeaseClient;
  /** A client that tells what it writes, and whose answers may be lost. */
  readonly probe: (holder: string) => { readonly client: StoreLeaseClient; readonly store: ProbeStore };
  readonly remove: (name: string) => Promise<void>;
  /** Deletes a candidate's row, as TTL does when it has lapsed. */
  readonly clear: (name: string, candidate: string) => Promise<void>;
  readonly put: (name: string, row: Record<string, unknown>) => Promise<void>;
  readonly mark: (resource: string, token: number) => Promise<void>;
}

const HASTY = { ...SHORT, durationMs: 1_500, renewIntervalMs: 300, requestTimeoutMs: 600 } as const;
const MANUAL = { renew: "manual" } as const;
const POD = { ...MANUAL, id: "pod-0" } as const;

type Play = (name: string, stage: Stage) => Promise<void>;

/** What happens to a lease of that name. All of them are played at once. */
const PLAYS: Readonly<Record<string, Play>> = {
  async terms(name, { client }) {
    const first = await client("a").acquire(name, MANUAL);
    await first.renew();
    await first.proclaim({ endpoint: "10.0.0.7:8080" });
    await first.renew();
    await first.release();
    const second = await client("b").acquire(name, MANUAL);
    await second.release();
  },
  async resumed(name, { client }) {
    await client("before").candidate(name, POD).campaign();
    const after = client("after").candidate(name, POD);
    await (await after.campaign()).renew();
    await after.resign();
  },
  async requested(name, { client }) {
    const leader = client("leader").candidate(name, { ...MANUAL, drainMs: 0 });
    await leader.campaign();
    await client("operator").requestStepDown(name, { reserveFor: "favourite/1" });
    await leader.stepDown({ reserveFor: "favourite/1" });
  },
  async forced(name, { client }) {
    await client("stuck").acquire(name, MANUAL);
    await client("operator").forceRelease(name);
  },
  async corrected(name, { client }) {
    const lease = await client("late", shifted(systemClock, -60_000)).acquire(name, MANUAL);
    await lease.renew();
    await lease.release();
  },
  async abandoned(name, { probe }) {
    const { client, store } = probe("unlucky");
    store.onWrite = async (write, pass) => {
      const answer = await pass();
      return write.kind === "claim" ? UNANSWERED : answer;
    };
    await client.tryAcquire(name).catch(() => undefined);
    await client.close();
  },
  async ticks(name, { client }) {
    const own = client("nightly");
    const result = await own.tryAcquire(name, { ...MANUAL, tick: "2026-01-31T02:00:00.000Z" });
    if (result.kind === "acquired") await result.lease.release({ completed: true });
    await own.rewindTick(name, "2026-01-30T02:00:00.000Z");
  },
  async reserved(name, { client }) {
    const held = await client("minimum").acquire(name, { ...MANUAL, holdAtLeastMs: 60_000 });
    await held.release();
    await client("operator").forceRelease(name); // It lifts the reservation: nobody held it.
  },
  async affine(name, { client }) {
    const lease = await client("east").acquire(name, { ...MANUAL, affinity: "east", affinityMs: 60_000 });
    await lease.release();
  },
  async deleted(name, { client, remove }) {
    await client("a").acquire(name, MANUAL);
    await remove(name);
    const again = await client("b").acquire(name, MANUAL);
    await again.release();
    await remove(name); // Nobody held it.
  },
  async "by hand"(name, { client, put }) {
    await put(name, { token: 41 });
    const lease = await client("a").acquire(name, MANUAL);
    await lease.release();
  },
  async many(name, { client }) {
    const own = client("again");
    for (let term = 1; term <= 11; term += 1) await (await own.acquire(name, MANUAL)).release();
  },
  async beside(name, { client, mark, clear }) {
    const leader = client("leader").candidate(name, MANUAL);
    const standby = client("standby").candidate(name, MANUAL);
    await leader.campaign();
    const stop = new AbortController();
    const waiting = standby.campaign({ signal: stop.signal }).catch(() => undefined);
    while ((await client("looks").candidates(name)).length < 2) await delay(50);
    await mark(name, 1);
    await mark(name, 2);
    stop.abort();
    await waiting;
    await clear(name, standby.id);
    await leader.resign();
  },
};

/** Of these nothing is told. */
export const UNTOLD: Readonly<Record<string, Play>> = {
  async group(name, { client }) {
    const group = client("worker").group(name);
    await group.tryAcquire("7");
    await client("operator").group(name).requestStepDown("7");
    await group.close();
  },
};

/** Played when all the others are over and the engine is warm. */
const LAST: Readonly<Record<string, Play>> = {
  async "taken over"(name, { hasty }) {
    await hasty("dead").acquire(name, MANUAL);
    const heir = hasty("heir").candidate(name, { ...MANUAL, priority: 3, register: false });
    await heir.campaign(); // It asks the dead for a hand-over meanwhile.
    await heir.resign();
  },
};

/** The names of the leases that are played. */
export const PLAYED: readonly string[] = Object.keys({ ...PLAYS, ...LAST });

/** Plays all, on a table that has a stream. */
export async function playAll(admin: DynamoDBClient, tableName: string): Promise<void> {
  const clients: StoreLeaseClient[] = [];
  const store = new DynamoDBLeaseStore({ tableName, client: admin });
  const made = (options: StoreClientOptions): StoreLeaseClient => {
    const client = new StoreLeaseClient(options);
    clients.push(client);
    return client;
  };
  const stage: Stage = {
    client: (holder, clock = systemClock) => made({ ...PATIENT, store, clock, holder }),
    hasty: (holder) => made({ ...HASTY, store, clock: systemClock, holder }),
    probe: (holder) => {
      const probed = new ProbeStore(store);
      return { client: made({ ...PATIENT, store: probed, clock: systemClock, holder }), store: probed };
    },
    remove: (name) => deleteRow(admin, tableName, name),
    clear: async (name, candidate) => {
      const Key = { pk: { S: name }, sk: { S: `candidate#${candidate}` } };
      await admin.send(new DeleteItemCommand({ TableName: tableName, Key }));
    },
    put: (name, row) => putRow(admin, tableName, { pk: name, sk: "lease", ...row }),
    mark: async (resource, token) => {
      const call = { signal: new AbortController().signal };
      await store.write(admit(resource, `mark-${token}`, token), call);
    },
  };
  for (const plays of [{ ...PLAYS, ...UNTOLD }, LAST]) {
    await Promise.all(Object.entries(plays).map(([name, play]) => play(name, stage)));
  }
  await Promise.all(clients.map((one) => one.close()));
}
