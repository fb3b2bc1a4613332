import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DynamoDBDocumentClient, PutCommand, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import type { Context } from "aws-lambda";
import * as dynamodb from "../../lib/dynamodb.ts";
import type { Candidate, LeaderContext, Lease } from "../../lib/index.ts";
import * as leasehold from "../../lib/index.ts";
import * as middleware from "../../lib/middy/index.ts";
import { Group } from "../../lib/client/group.ts";
import { Semaphore } from "../../lib/client/semaphore.ts";
import { Worker } from "../../lib/client/worker.ts";
import { call, firstClaim } from "../contract/literals.ts";
import { withMiddy, withWrapper } from "../middy/invocations.ts";
import { type Call, first, type Ground, NOTHING, OPERATES, operates, reads, writes } from "./calls.ts";
import { GROUP_CALLS } from "./group-calls.ts";

export type { Call, Role } from "./calls.ts";

/** Leads, has the lease do something, and lets go. */
const whileLeading =
  (act: (lease: Lease, ground: Ground) => Promise<unknown>): Call["play"] & object =>
  async (ground) => {
    const lease = await ground.leases.acquire(ground.name);
    await act(lease, ground);
    await lease.release();
  };

/** Leads as a candidate that stays, has it do something, and stands down. */
const asCandidate =
  (act: (candidate: Candidate, ground: Ground) => Promise<unknown>): Call["play"] & object =>
  async (ground) => {
    const candidate = ground.leases.candidate(ground.name, { drainMs: 0, minTermMs: 0 });
    await candidate.campaign();
    await act(candidate, ground);
    await candidate.resign();
  };

/**
 * Waits for a lease that another holds, and takes part in a hand-over: looks, registers, asks,
 * claims.
 */
async function followsAnother({ admin, leases, name }: Ground, leads: () => Promise<unknown>): Promise<void> {
  const other = admin.candidate(name, { priority: 1, drainMs: 0, minTermMs: 0 });
  await other.campaign();
  await leads();
  await other.resign();
  await leases.close();
}

const invocation = { awsRequestId: "1", getRemainingTimeInMillis: () => 10_000 } as unknown as Context;

/** Every call of the package, by the name that the guides call it by. */
export const CALLS: Readonly<Record<string, Call>> = {
  "leases.tryAcquire": writes(async ({ leases, name }) => leases.tryAcquire(name)),
  "leases.acquire": writes(async (ground) => {
    const { leases, name } = ground;
    await followsAnother(ground, async () => {
      const waits = leases.acquire(name).then((lease) => lease.release());
      await Promise.all([waits, ground.asked("GetItem").then(() => ground.admin.forceRelease(name))]);
    });
  }, "GetItem"),
  "leases.run": writes(async ({ leases, name }) => leases.run(name, async () => 1)),
  "leases.candidate": NOTHING,
  "leases.get": reads("GetItem", ({ leases, name }) => leases.get(name)),
  "leases.observe": reads("GetItem", ({ leases, name }) => first(leases.observe(name))),
  "leases.list": { grants: [], actions: ["Scan"], play: ({ leases }) => leases.list().next() },
  "leases.candidates": reads("Query", ({ leases, name }) => leases.candidates(name)),
  "leases.requestStepDown": operates(async ({ admin, leases, name }) => {
    const lease = await admin.acquire(name);
    await leases.requestStepDown(name);
    await lease.release();
  }),
  "leases.forceRelease": operates(async ({ admin, leases, name }) => {
    await admin.acquire(name, { renew: "manual" });
    await leases.forceRelease(name);
    await admin.run(name, async () => 1, { holdAtLeastMs: 60_000 });
    await leases.forceRelease(name); // lifts the reservation
  }),
  "leases.rewindTick": operates(async ({ admin, leases, name }) => {
    await admin.run(name, async () => 1, { tick: "2026-01-02T00:00:00Z" });
    await leases.rewindTick(name, "2026-01-01T00:00:00Z");
    await leases.rewindTick(name);
  }),
  "leases.group": NOTHING,
  "leases.semaphore": NOTHING,
  "leases.close": NOTHING,
  ...GROUP_CALLS,

  "candidate.campaign": writes(
    (ground) =>
      followsAnother(ground, async () => {
        const strong = ground.leases.candidate(ground.name, { priority: 2, drainMs: 0, minTermMs: 0 });
        await strong.campaign(); // it registers, asks, and is handed the lease
        await strong.resign();
      }),
    "GetItem",
  ),
  "candidate.run": writes(
    (ground) =>
      followsAnother(ground, async () => {
        const ended = new AbortController();
        const strong = ground.leases.candidate(ground.name, { priority: 2, drainMs: 0, minTermMs: 0 });
        await strong.run(async () => ended.abort(), ended); // as above
      }),
    "GetItem",
  ),
  "candidate.resign": writes(asCandidate(async () => {})),
  "candidate.proclaim": writes(asCandidate((candidate) => candidate.proclaim("here"))),
  "candidate.leader": reads("GetItem", ({ leases, name }) => leases.candidate(name).leader()),
  "candidate.observe": reads("GetItem", ({ leases, name }) => first(leases.candidate(name).observe())),
  "candidate.transferTo": writes(
    asCandidate(async (candidate, { admin, name }) => {
      const successor = admin.candidate(name);
      const elected = successor.campaign();
      await expectToStand(admin, name, successor.id);
      await candidate.transferTo(successor.id);
      await elected;
      await successor.resign();
    }),
    "Query",
  ),
  "candidate.stepDown": writes(asCandidate((candidate) => candidate.stepDown())),
  "candidate.notify": NOTHING,
  "candidate.healthy": NOTHING,
  "candidate.status": NOTHING,

  "lease.remainingMs": NOTHING,
  "lease.isHeld": NOTHING,
  "lease.assertHeld": NOTHING,
  "lease.complete": NOTHING,
  "lease.renew": writes(whileLeading((lease) => lease.renew())),
  "lease.proclaim": writes(whileLeading((lease) => lease.proclaim("here"))),
  "lease.stepDown": writes(whileLeading((lease) => lease.stepDown({ drainMs: 0 }))),
  "lease.release": writes(whileLeading(async () => {})),

  // A mark holds nothing but what operators write as well, so IAM cannot keep them from it.
  "guard.admit": {
    grants: OPERATES,
    actions: ["UpdateItem"],
    play: ({ tableName, client, name }) => new leasehold.FenceGuard({ tableName, client }).admit(name, 1),
  },
  "guard.close": NOTHING,
  fenceCheck: writes(
    whileLeading((lease, { client }) => {
      const { tableName = "" } = lease;
      const checks = [leasehold.fenceCheck({ tableName, lease })];
      return DynamoDBDocumentClient.from(client).send(new TransactWriteCommand({ TransactItems: checks }));
    }),
    "ConditionCheckItem",
  ),
  fenced: writes(
    whileLeading((lease, { client, ownTable: TableName, name }) => {
      const write = new PutCommand({ TableName, Item: { id: name } });
      return DynamoDBDocumentClient.from(client).send(leasehold.fenced(lease)(write));
    }),
    "ConditionCheckItem",
  ),
  withLeadership: writes(({ leases, name }) => invoke(withWrapper, leases, name)),
  leaderOnly: writes(({ leases, name }) => invoke(withMiddy, leases, name)),
  onLeaseEvent: NOTHING,
  scheduledTick: NOTHING,
  isLeaseError: NOTHING,
  recoveryBoundMs: NOTHING,
  leaseEnvironment: NOTHING,

  "store.read": reads("GetItem", (ground) => storeOf(ground).read(ground.name, call)),
  "store.rows": reads("Query", (ground) => storeOf(ground).rows(ground.name, "candidate#", call)),
  "store.list": { grants: [], actions: ["Scan"], play: (ground) => storeOf(ground).list(call).next() },
  "store.write": writes((ground) => storeOf(ground).write(firstClaim(ground.name), call)),
  "store.destroy": NOTHING,
};

/** The names of all that the package offers to call, read off the package itself. */
export function publicCalls(): string[] {
  const { LeaseClient, Candidate: Stays, FenceGuard, ...more } = leasehold;
  const classes = {
    leases: LeaseClient,
    candidate: Stays,
    group: Group,
    semaphore: Semaphore,
    worker: Worker,
    guard: FenceGuard,
    store: dynamodb.DynamoDBLeaseStore,
  };
  const functions = { ...more, ...dynamodb, ...middleware };
  return [
    ...Object.entries(classes).flatMap(([prefix, { prototype }]) => methodsOf(prototype, prefix)),
    ...Object.entries(functions).flatMap(([name, value]) =>
      typeof value === "function" && !/^[A-Z]/.test(name) ? [name] : [],
    ),
    ...methodsOfLease(),
  ];
}

/** A lease's handle can do more than it shows; what it shows is the interface. */
function methodsOfLease(): string[] {
  const source = readFileSync(join(import.meta.dirname, "../../lib/client/lease.ts"), "utf8");
  const shown = source.slice(source.indexOf("export interface Lease "));
  return [...shown.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => `lease.${name}`);
}

function methodsOf(prototype: object, prefix: string): string[] {
  const names = new Set<string>();
  for (let type = prototype; type !== Object.prototype; type = Object.getPrototypeOf(type) as object) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(type))) {
      if (typeof value === "function" && name !== "constructor") names.add(`${prefix}.${name}`);
    }
  }
  return [...names];
}

async function invoke(elect: typeof withMiddy, leases: leasehold.LeaseClient, name: string): Promise<void> {
  const work = async (_: unknown, { lease }: LeaderContext<Context>): Promise<boolean> => lease.isHeld();
  await elect(work, { leases, name })({ tick: "2026-01-01T00:00:00Z" }, invocation);
}

function storeOf({ tableName, client }: Ground): dynamodb.DynamoDBLeaseStore {
  return new dynamodb.DynamoDBLeaseStore({ tableName, client });
}

async function expectToStand(admin: leasehold.LeaseClient, name: string, id: string): Promise<void> {
  for (let looks = 0; looks < 100; looks += 1) {
    if ((await admin.candidates(name)).some((candidate) => candidate.id === id)) return;
    await delay(50);
  }
  throw new Error(`${id} does not stand for ${name}`);
}
