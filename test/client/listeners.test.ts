import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CandidateOptions } from "../../lib/client/candidate.ts";
import { leaseErrorIn } from "../support/failures.ts";
import { manual, never } from "../support/manual.ts";
import { noted, untilStopped } from "../support/candidates.ts";

const uncaught: unknown[] = [];
const note = (error: unknown): void => {
  uncaught.push(error);
};

beforeEach(() => {
  uncaught.length = 0;
  process.on("unhandledRejection", note);
  process.on("uncaughtException", note);
});
afterEach(() => {
  process.off("unhandledRejection", note);
  process.off("uncaughtException", note);
});

const failure = new Error("listener");
const REALM = 'Promise.reject(new Error("of another realm"))';

describe("a listener", () => {
  it.each<readonly [string, () => unknown]>([
    [
      "throws",
      () => {
        throw failure;
      },
    ],
    ["rejects", () => Promise.reject(failure)],
    ["rejects by another realm's promise", () => runInNewContext(REALM)],
    ["never settles", never],
    [
      "returns something that cannot be awaited",
      () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- what a hostile listener may return
        get then() {
          throw failure;
        },
      }),
    ],
  ])("that %s disturbs neither the election, nor the next call, nor the process", async (_, listener) => {
    const { client, clock } = manual();
    const leases = client();
    const called: string[] = [];
    const options: CandidateOptions = {
      onElected: () => (called.push("elected"), listener()),
      onLost: () => (called.push("lost"), listener()),
      onNewLeader: () => (called.push("leader"), listener()),
    };
    const candidate = leases.candidate("a", options);
    const running = candidate.run(untilStopped);
    await clock.advance(0);
    await leases.forceRelease("a");
    await clock.advance(5_000);
    expect(candidate.lease?.isHeld()).toBe(true);
    await candidate.resign();
    await running;
    await clock.advance(0);
    expect(called).toEqual(["elected", "leader", "lost", "elected", "leader", "lost"]);
    expect(uncaught).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each(["onElected", "onLost", "onNewLeader", "onTrouble"])("is a function: %s", (name) => {
    const { client, store } = manual();
    const make = () => client().candidate("a", { [name]: "log" });
    const { message } = leaseErrorIn(make, "INVALID_ARGUMENT");
    expect(message).toBe(`${name} must be a function, not "log" (string)`);
    expect(store.requests).toBe(0);
  });

  it("that gives the lease up as soon as it is told hears of the end after the beginning", async () => {
    const { client, clock, table } = manual();
    const told: string[] = [];
    const candidate = client().candidate("a", {
      onElected: (lease) => {
        told.push("elected");
        void lease.release();
      },
      onLost: ({ reason }) => told.push(`lost ${reason}`),
      onNewLeader: () => told.push("leader"),
    });
    const lease = await candidate.campaign();
    expect(lease.isHeld()).toBe(false);
    await clock.advance(0);
    expect(told).toEqual(["elected", "lost released"]);
    expect(table.peek("a")?.holder).toBeUndefined();
    expect(clock.pendingTimers, "nor does it stand any more").toBe(0);
  });

  it("that campaigns again as soon as it hears of the loss gets a new term at once", async () => {
    const { client, clock } = manual();
    const leases = client();
    const tokens: number[] = [];
    const candidate = leases.candidate("a", {
      onElected: (lease) => tokens.push(lease.token),
      onLost: () => (tokens.length < 3 ? candidate.campaign() : undefined),
    });
    await candidate.campaign();
    for (const round of [2, 3]) {
      await clock.advance(10);
      await candidate.lease?.release();
      await clock.advance(10);
      expect(tokens).toHaveLength(round);
      expect(candidate.lease?.token).toBe(tokens.at(-1));
    }
    expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b));
    await candidate.resign();
    expect(clock.pendingTimers).toBe(0);
  });

  it("is told of each leader once, of itself too, and of no vacancy", async () => {
    const { client, clock } = manual();
    const ann = client({ holder: "ann" });
    const first = await ann.acquire("a");
    const { candidate, told } = noted(client({ holder: "bob" }), "a");
    const running = candidate.run(untilStopped);
    await clock.advance(9_000);
    expect(told).toEqual([`leader ${first.holder}`]);
    await first.release();
    const second = await ann.acquire("a");
    await clock.advance(2_000);
    expect(told.slice(1)).toEqual([`leader ${second.holder}`]);
    await second.release();
    await clock.advance(4_000);
    expect(told.slice(2)).toEqual([`elected ${candidate.lease?.token}`, `leader ${candidate.id}`]);
    await candidate.resign();
    await running;
  });

  it("is told by whom it was superseded before it is told of the new leader", async () => {
    const { client, clock, table } = manual();
    const { candidate, told, ends } = noted(client(), "a");
    const running = candidate.run(untilStopped);
    await clock.advance(0);
    const row = table.peek("a");
    if (row === undefined) throw new Error("no row");
    table.restore({ ...row, holder: "eve", token: row.token + 1, revision: 99, writeId: "w" });
    await clock.advance(5_000);
    expect(told.slice(2)).toEqual(["lost superseded", "leader eve"]);
    expect(ends).toEqual([{ reason: "superseded", by: "eve", token: row.token + 1 }]);
    await candidate.resign();
    await running;
  });
});
