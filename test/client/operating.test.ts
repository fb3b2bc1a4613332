import { describe, expect, it } from "vitest";
import { LeaseError } from "../../lib/core/errors.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { type Manual, manual, never } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";
import { noted, untilStopped } from "../support/candidates.ts";

async function spent({ store }: Manual, step: () => Promise<unknown>): Promise<number> {
  const before = store.requests;
  await step();
  return store.requests - before;
}

const CALLS = ["requestStepDown", "forceRelease"] as const;

describe.each(CALLS)("%s", (call) => {
  it("takes 2 requests where somebody leads, and 1 that changes nothing where nobody does", async () => {
    const world = manual();
    const leases = world.client();
    expect(await spent(world, async () => expect(await leases[call]("a")).toEqual({ kind: "vacant" }))).toBe(
      1,
    );
    expect(world.table.peek("a"), "nor does it make a record").toBeUndefined();
    const lease = await leases.acquire("a");
    const { holder, token } = lease;
    const requests = await spent(world, async () => {
      expect(await leases[call]("a")).toMatchObject({ holder, token });
    });
    expect(requests).toBe(2);
    await lease.release();
    const vacant = world.table.peek("a");
    expect(await spent(world, async () => expect(await leases[call]("a")).toEqual({ kind: "vacant" }))).toBe(
      1,
    );
    expect(world.table.peek("a")).toEqual(vacant);
  });

  it("is done once when its answer was lost, and says of whom", async () => {
    const { client, store } = manual();
    const leases = client();
    const { holder, token } = await leases.acquire("a");
    let lost = 0;
    store.onWrite = async (_, pass) => {
      const outcome = await pass();
      return (lost += 1) === 1 ? UNANSWERED : outcome;
    };
    expect(await leases[call]("a")).toMatchObject({ holder, token });
  });

  it("leaves the successor alone when its answer was lost and the term that it meant is over", async () => {
    const { client, store, table } = manual();
    const leases = client();
    const { holder, token } = await leases.acquire("a", { renew: "manual" });
    const successor = { holder: "eve", token: token + 5, revision: 50, writeId: "w-eve" };
    let lost = 0;
    store.onWrite = async (write, pass) => {
      await pass();
      if ((lost += 1) > 1) return pass();
      const { requestedBy: _, requestedPriority: __, ...row } = table.peek(write.name) ?? {};
      table.restore({ ...row, ...successor } as LeaseRecord);
      return UNANSWERED;
    };
    expect(await leases[call]("a"), "it speaks of the term that it meant").toMatchObject({ holder, token });
    expect(table.peek("a")).toMatchObject(successor);
    expect(table.peek("a"), "and asks nothing of the next").not.toHaveProperty("requestedBy");
  });

  it("follows a holder that changed in between, since it means whoever leads", async () => {
    const { client, store, table } = manual();
    const leases = client();
    await leases.acquire("a", { renew: "manual" });
    let changed = false;
    store.onWrite = async (write, pass) => {
      const row = table.peek(write.name);
      if (!changed && row !== undefined) {
        table.restore({ ...row, holder: "eve", token: row.token + 5, revision: 50, writeId: "w-eve" });
      }
      changed = true;
      return pass();
    };
    expect(await leases[call]("a")).toMatchObject({ holder: "eve" });
  });

  it("says that nobody can say, when nobody can, in bounded time and with what was the matter", async () => {
    for (const answer of [async () => UNANSWERED, never]) {
      const { client, clock, store } = manual();
      const leases = client();
      await leases.acquire("a", { renew: "manual" });
      const timers = clock.pendingTimers;
      store.onWrite = answer;
      const failing = leaseErrorOf(leases[call]("a"), "STORE_UNAVAILABLE");
      await clock.advance(9_000);
      const error = await failing;
      expect(error.lease).toBe("a");
      expect(error.cause).toBeDefined();
      expect(clock.pendingTimers).toBe(timers);
    }
  });

  it("throws what the store refuses, a bad name, and that its client was closed", async () => {
    const { client, store } = manual();
    const leases = client();
    await leases.acquire("a");
    await leaseErrorOf(leases[call](""), "INVALID_ARGUMENT");
    store.onWrite = async () => Promise.reject(new LeaseError("ACCESS_DENIED", "no"));
    await leaseErrorOf(leases[call]("a"), "ACCESS_DENIED");
    store.onWrite = undefined;
    await leases.close();
    await leaseErrorOf(leases[call]("a"), "CLIENT_CLOSED");
  });
});

describe("a request to step down", () => {
  it("reaches any leader, of whatever priority, settled or not, at its next renewal", async () => {
    const { client, clock } = manual();
    const leases = client();
    const strong = { priority: 1_000_000_000, minTermMs: 86_400_000, register: false, drainMs: 0 };
    const { candidate, ends } = noted(client(), "a", strong);
    await candidate.campaign();
    await leases.requestStepDown("a");
    expect(await leases.get("a")).toMatchObject({ kind: "held", requestedBy: "" });
    expect(ends).toEqual([]);
    await clock.advance(5_000);
    expect(ends).toEqual([{ reason: "stepped-down" }]);
  });

  it("twice is one request, and one hand-over", async () => {
    const { client, clock, table } = manual();
    const leases = client();
    const lease = await leases.acquire("a", { drainMs: 0 });
    const first = await leases.requestStepDown("a", { reserveFor: "bob" });
    expect(await leases.requestStepDown("a", { reserveFor: "bob" })).toEqual(first);
    await clock.advance(5_000);
    expect(lease.end).toEqual({ reason: "stepped-down" });
    expect(table.peek("a")).toMatchObject({ reservedFor: "bob" });
  });

  it("for somebody who never comes keeps the lease for its time and no longer", async () => {
    const { client, clock } = manual();
    const leases = client();
    await leases.acquire("a", { drainMs: 0, reserveForMs: 5_000 });
    await leases.requestStepDown("a", { reserveFor: "nobody/1" });
    await clock.advance(5_000);
    expect(await client().tryAcquire("a")).toMatchObject({ kind: "refused", reason: "reserved" });
    await clock.advance(5_000 + 1_500 + 1_000);
    expect((await client().tryAcquire("a")).kind).toBe("acquired");
  });

  it("of a leader that is cut off, or dead, forces nothing and ends with the term", async () => {
    const { client, clock, table } = manual();
    const leases = client();
    const dead = await leases.acquire("a", { renew: "manual" });
    await clock.advance(20_000);
    expect(await leases.requestStepDown("a")).toEqual({
      kind: "requested",
      holder: dead.holder,
      token: dead.token,
    });
    const next = await client().acquire("a", { timeoutMs: 0 });
    expect(table.peek("a")).not.toHaveProperty("requestedBy");
    await clock.advance(10_000);
    expect(next.isHeld(), "the successor was not asked").toBe(true);
  });

  it("is not disturbed by a weaker one, and puts a weaker one aside", async () => {
    const { client, clock, table } = manual();
    const leases = client();
    const { candidate } = noted(leases, "a", { priority: 5, register: false });
    const lease = await leases.acquire("a", { renew: "manual", drainMs: 0 });
    const campaigning = candidate.campaign();
    await clock.advance(0);
    expect(table.peek("a")?.requestedBy).toBe(candidate.id);
    await leases.requestStepDown("a", { reserveFor: "bob" });
    await clock.advance(4_000);
    expect(table.peek("a")?.requestedBy).toBe("bob");
    await lease.renew();
    await clock.advance(0);
    expect(table.peek("a")).toMatchObject({ reservedFor: "bob" });
    await leases.close();
    await leaseErrorOf(campaigning, "CLIENT_CLOSED");
  });

  it.each(["", "x".repeat(641), 7, null, "@eu"])("refuses to keep the lease for %j", async (reserveFor) => {
    const { client, store } = manual();
    const asking = client().requestStepDown("a", { reserveFor: reserveFor as string });
    expect((await leaseErrorOf(asking, "INVALID_ARGUMENT")).message).toMatch(/^reserveFor /);
    expect(store.requests).toBe(0);
  });
});

describe("a holder whose lease was released by force", () => {
  it("is told at its next renewal or proclamation, and its release says what became of the row", async () => {
    for (const by of ["renew", "proclaim"] as const) {
      const { client, table } = manual();
      const leases = client();
      const lease = await client().acquire("a", { renew: "manual" });
      await leases.forceRelease("a");
      expect(lease.isHeld(), "nobody told it yet").toBe(true);
      await leaseErrorOf(by === "renew" ? lease.renew() : lease.proclaim("mine"), "LEASE_LOST");
      expect(lease.end).toEqual({ reason: "revoked" });
      expect(table.peek("a")).not.toHaveProperty("value");
      expect(await lease.release()).toEqual({ kind: "released" });
    }
  });

  it("harms no successor by anything that it still does", async () => {
    const { client, clock, table } = manual();
    const leases = client();
    const { candidate, ends } = noted(client(), "a", { register: false });
    const running = candidate.run(untilStopped);
    await clock.advance(100);
    const token = candidate.lease?.token ?? 0;
    await leases.forceRelease("a");
    const successor = await client().acquire("a", { timeoutMs: 0, durationMs: 60_000 });
    expect(successor.token).toBeGreaterThan(token);
    await leaseErrorOf(candidate.proclaim("mine"), "LEASE_LOST");
    expect(ends).toEqual([{ reason: "superseded", by: successor.holder, token: successor.token }]);
    await clock.advance(5_000);
    expect(table.peek("a")).toMatchObject({ holder: successor.holder, token: successor.token });
    expect(table.peek("a")).not.toHaveProperty("value");
    await candidate.resign();
    await running;
    expect(successor.isHeld()).toBe(true);
  });

  it("releases nothing of a successor when it never learnt of it", async () => {
    const { client, table } = manual();
    const leases = client();
    const lease = await client().acquire("a", { renew: "manual" });
    await leases.forceRelease("a");
    const successor = await client().acquire("a", { timeoutMs: 0 });
    expect(await lease.release()).toEqual({
      kind: "superseded",
      by: successor.holder,
      token: successor.token,
    });
    expect(table.peek("a")?.holder).toBe(successor.holder);
  });
});
