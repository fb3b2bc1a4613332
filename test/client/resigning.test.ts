import { describe, expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";
import { type Manual, manual } from "../support/manual.ts";
import { Gate } from "../support/probe-store.ts";
import { noted } from "../support/candidates.ts";

function expectNothingLeft({ clock, table }: Manual): void {
  expect(table.peek("a")?.holder).toBeUndefined();
  expect(clock.pendingTimers).toBe(0);
}

describe("resigning", () => {
  it("from a campaign ends it, and waits until nothing of it is left", async () => {
    const world = manual();
    const gate = new Gate();
    world.store.onWrite = async (write, pass) => {
      const outcome = await pass();
      if (write.kind === "claim") await gate.pass();
      return outcome;
    };
    const { candidate, told } = noted(world.client(), "a");
    const campaigning = leaseErrorOf(candidate.campaign(), "ABORTED");
    await gate.reached;
    let resigned = false;
    const resigning = candidate.resign().finally(() => {
      resigned = true;
    });
    await world.clock.advance(0);
    expect(resigned, "a claim is under way that may have won").toBe(false);
    gate.open();
    await resigning;
    expectNothingLeft(world);
    await campaigning;
    expect(told).toEqual([]);
  });

  it("from a campaign waits until it has left the list, also while that takes its time", async () => {
    const { client, clock, store } = manual();
    const rival = await client().acquire("a");
    const leases = client();
    const candidate = leases.candidate("a");
    const campaigning = leaseErrorOf(candidate.campaign(), "ABORTED");
    await clock.advance(100);
    expect(await leases.candidates("a")).toHaveLength(1);
    const gate = new Gate();
    store.onWrite = async (write, pass) => {
      if (write.kind === "register") await gate.pass();
      return pass();
    };
    let resigned = false;
    const resigning = candidate.resign().finally(() => {
      resigned = true;
    });
    await gate.reached;
    await clock.advance(0);
    expect(resigned, "it is still listed").toBe(false);
    gate.open();
    await resigning;
    expect(await leases.candidates("a")).toEqual([]);
    await campaigning;
    await rival.release();
    expect(clock.pendingTimers).toBe(0);
  });

  it("leads nowhere at whatever moment it comes, and every term that was told of is told to have ended", async () => {
    for (let turns = 0; turns < 40; turns += 1) {
      const world = manual();
      const { candidate, told } = noted(world.client(), "a");
      let resigning: Promise<unknown> | undefined;
      world.store.onWrite = async (write, pass) => {
        const outcome = await pass();
        if (write.kind === "claim") resigning = afterTurns(turns).then(() => candidate.resign());
        return outcome;
      };
      const campaigning = candidate.campaign().then(
        (lease) => lease,
        (error: unknown) => error,
      );
      await world.clock.advance(100);
      await resigning;
      const outcome = await campaigning;
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: "ABORTED" });
      else expect((outcome as Lease).isHeld()).toBe(false);
      expect(candidate.lease, `${turns} turns after the claim`).toBeUndefined();
      expectPaired(told);
      expectNothingLeft(world);
    }
  });

  it("twice at once releases once", async () => {
    const world = manual();
    const candidate = world.client().candidate("a");
    await candidate.campaign();
    const sent = world.store.sent.length;
    const results = await Promise.all([candidate.resign(), candidate.resign()]);
    expect(results[0]).toEqual({ kind: "released" });
    expect(world.store.sent.slice(sent).filter(({ kind }) => kind === "release")).toHaveLength(1);
    expectNothingLeft(world);
  });

  it("by an aborted signal leaves no claim at whatever moment it comes, or a lease in the caller's hands", async () => {
    for (let turns = 0; turns < 40; turns += 1) {
      const world = manual();
      const { candidate, told } = noted(world.client(), "a");
      const ender = new AbortController();
      world.store.onWrite = async (write, pass) => {
        const outcome = await pass();
        if (write.kind === "claim") void afterTurns(turns).then(() => ender.abort());
        return outcome;
      };
      const outcome: unknown = await candidate.campaign({ signal: ender.signal }).catch((error) => error);
      if (outcome instanceof Error) {
        expect(outcome).toMatchObject({ code: "ABORTED" });
        expectPaired(told);
      } else {
        expect((outcome as Lease).isHeld()).toBe(true);
        expect(told).toHaveLength(2);
        await candidate.resign();
      }
      expectNothingLeft(world);
    }
  });
});

describe("closing the client", () => {
  it("tells a leading candidate that its term was released, and leaves no timer", async () => {
    const world = manual();
    const leases = world.client();
    const { candidate, told, ends } = noted(leases, "a");
    await candidate.campaign();
    await leases.close();
    expect(ends).toEqual([{ reason: "released" }]);
    expect(told.at(-1)).toBe("lost released");
    expectNothingLeft(world);
    await leaseErrorOf(candidate.campaign(), "CLIENT_CLOSED");
    await leaseErrorOf(candidate.leader(), "CLIENT_CLOSED");
    leaseErrorIn(() => candidate.observe(), "CLIENT_CLOSED");
  });

  it("ends a campaign at once, not at its next look", async () => {
    const world = manual();
    const { client, clock } = world;
    await client().acquire("a", { renew: "manual" });
    const timers = clock.pendingTimers;
    const leases = client();
    const campaigning = leaseErrorOf(leases.candidate("a").campaign(), "CLIENT_CLOSED");
    await clock.advance(3_000);
    await leases.close();
    await campaigning;
    expect(clock.pendingTimers).toBe(timers);
  });

  it("at whatever moment of an election leaves no timer, and tells of no term without its end", async () => {
    for (let turns = 0; turns < 40; turns += 1) {
      const world = manual();
      const leases = world.client();
      const { candidate, told } = noted(leases, "a");
      let closing: Promise<unknown> | undefined;
      world.store.onWrite = async (write, pass) => {
        const outcome = await pass();
        if (write.kind === "claim") closing = afterTurns(turns).then(() => leases.close());
        return outcome;
      };
      const campaigning = candidate.campaign().catch((error: unknown) => error);
      await world.clock.advance(100);
      await closing;
      await campaigning;
      expectPaired(told);
      expect(candidate.lease, `closed ${turns} turns after the claim`).toBeUndefined();
      await world.clock.advance(0);
      expectNothingLeft(world);
    }
  });
});

/** A term may never have been told of; if it was, then from its beginning to its end. */
function expectPaired(told: readonly string[]): void {
  const events = told.map((line) => line.split(" ")[0]).filter((event) => event !== "leader");
  expect(events).toEqual(events.length === 0 ? [] : ["elected", "lost"]);
  if (told.length > 0) expect(told.at(-1)).toMatch(/^lost/);
}

async function afterTurns(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
}
