import { expect, it } from "vitest";
import { withLeadership } from "../../lib/client/with-leadership.ts";
import { LeaseClient } from "../../lib/dynamodb/lease-client.ts";
import { DynamoDBLeaseStore } from "../../lib/dynamodb/store.ts";
import { FenceGuard } from "../../lib/fencing/fence-guard.ts";
import { fenceCheck } from "../../lib/fencing/fence-check.ts";
import { fenced } from "../../lib/fencing/fenced.ts";
import { leaderOnly } from "../../lib/middy/leader-only.ts";
import { InMemoryLeaseStore } from "../../lib/testing/in-memory-store.ts";
import { ManualClock } from "../../lib/testing/manual-clock.ts";
import { rehearse } from "../../lib/testing/rehearsal.ts";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";
import { manual } from "../support/manual.ts";

/** As a program in JavaScript gives them. */
const odd = { durationMS: 1 } as never;
const work = async (): Promise<void> => {};

it("are refused by every call that takes options, by name, before anything is sent", async () => {
  const { client, store } = manual();
  const leases = client();
  const candidate = leases.candidate("a");
  const calls: readonly (() => unknown)[] = [
    () => new LeaseClient({ tableName: "leases", ...(odd as object) }),
    () => client(odd),
    () => new DynamoDBLeaseStore(odd),
    () => new FenceGuard(odd),
    async () => leases.tryAcquire("a", odd),
    async () => leases.acquire("a", odd),
    async () => leases.run("a", work, odd),
    () => leases.candidate("a", odd),
    async () => candidate.campaign(odd),
    async () => candidate.run(work, odd),
    () => candidate.healthy(odd),
    () => leases.observe("a", odd),
    () => candidate.observe(odd),
    () => leases.list(odd),
    async () => leases.requestStepDown("a", odd),
    () => withLeadership(work, { leases, name: "a", ...(odd as object) }),
    () => leaderOnly({ leases, name: "a", ...(odd as object) }),
    () => leaderOnly({ leases, name: "a", permits: 2, ...(odd as object) }),
    async () => leases.semaphore("a", { permits: 2 }).tryAcquire(odd),
    () => fenced({ name: "a", token: 1, holder: "h", tableName: "leases" }, odd),
    () => fenceCheck(odd),
    () => new InMemoryLeaseStore(odd),
    () => new ManualClock(odd),
    async () => rehearse(odd),
  ];
  for (const call of calls) {
    const refusal = leaseErrorOf((async () => call())(), "INVALID_ARGUMENT");
    expect((await refusal).message, String(call)).toMatch(/has no option "durationMS"; /);
  }
  expect(store.requests).toBe(0);
});

it("and what is no signal is refused by every call that takes one, before anything is sent", async () => {
  const { client, store } = manual();
  const leases = client();
  const candidate = leases.candidate("a");
  const group = leases.group("g");
  const signals = [new AbortController(), {}, null, "abort"].map((signal) => ({ signal }) as never);
  for (const no of signals) {
    const calls: readonly (() => unknown)[] = [
      async () => leases.acquire("a", no),
      async () => leases.run("a", work, no),
      async () => candidate.campaign(no),
      async () => candidate.run(work, no),
      () => leases.observe("a", no),
      () => candidate.observe(no),
      async () => group.acquire("s", no),
      async () => group.run("s", work, no),
      () => group.observe("s", no),
      async () => leases.semaphore("s", { permits: 2 }).acquire(no),
      async () => leases.semaphore("s", { permits: 2 }).run(work, no),
      async () => group.worker({ shards: ["s"] }).run(work, no),
    ];
    for (const call of calls) {
      const { message } = await leaseErrorOf((async () => call())(), "INVALID_ARGUMENT");
      expect(message, String(call)).toMatch(/^signal must be an AbortSignal, /);
    }
  }
  expect(store.requests).toBe(0);
});

it("are refused by a lease, and by its release only once the term has ended, which records no tick", async () => {
  const { client, table } = manual();
  const leases = client();
  const candidate = leases.candidate("b");
  const lease = await candidate.campaign();
  leaseErrorIn(() => lease.assertHeld(odd), "INVALID_ARGUMENT");
  for (const needMs of [Number.NaN, -1, "5"]) {
    expect(leaseErrorIn(() => lease.assertHeld({ needMs } as never), "INVALID_ARGUMENT").message).toMatch(
      /^needMs /,
    );
  }
  await leaseErrorOf(lease.stepDown(odd), "INVALID_ARGUMENT");
  await leaseErrorOf(candidate.transferTo("c", odd), "INVALID_ARGUMENT");
  expect(lease.isHeld()).toBe(true);

  const result = await leases.tryAcquire("a", { tick: "2026-01-01T00:00:00Z" });
  if (result.kind !== "acquired") throw new Error("refused");
  const complete = { complete: false } as never;
  const error = await leaseErrorOf(result.lease.release(complete), "INVALID_ARGUMENT");
  expect(error.message).toBe('release has no option "complete"; did you mean "completed"?');
  expect(result.lease.end).toEqual({ reason: "released" });
  expect(table.peek("a")?.holder).toBeUndefined();
  expect(table.peek("a")).not.toHaveProperty("tick");
});

it("are not the only thing that may be missing: a client says what it needs", () => {
  const make = (...of: unknown[]) => leaseErrorIn(() => new LeaseClient(of[0] as never), "INVALID_ARGUMENT");
  for (const options of [undefined, {}, { tableName: undefined }]) {
    expect(make(options).message).toMatch(/tableName is undefined.*store/);
  }
  expect(make("leases").message).toMatch(/must be an object/);
  expect(make({ table: "leases" }).message).toMatch(/"table".*tableName/);
  leaseErrorIn(() => new FenceGuard(undefined as never), "INVALID_ARGUMENT");
});
