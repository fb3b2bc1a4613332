import { describe, expect, it } from "vitest";
import type { Lease } from "../../lib/client/lease.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { manual } from "../support/manual.ts";

const TICK = "2026-01-01T12:00:00.000Z";

describe("guarded work", () => {
  it("gets a lease that is held, and its result comes back with the token and how the term ended", async () => {
    const { client, clock, table } = manual();
    let during: Lease | undefined;
    const result = await client().run("a", async (lease) => {
      during = lease;
      expect(lease.isHeld()).toBe(true);
      return 42;
    });
    const { token } = during as Lease;
    const end = { reason: "released" };
    expect(result).toEqual({ kind: "led", value: 42, token, completed: true, end });
    expect(during?.isHeld()).toBe(false);
    expect(table.peek("a")?.holder).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  it("does not run while another leads; the leader is told", async () => {
    const { client } = manual();
    const lease = await client().acquire("a");
    let ran = false;
    const result = await client().run("a", async () => {
      ran = true;
    });
    expect(ran).toBe(false);
    expect(result).toMatchObject({ kind: "followed", reason: "held", state: { holder: lease.holder } });
  });

  it("that throws releases without counting its tick as done, and throws on the same error", async () => {
    const { client, table, clock } = manual();
    const failure = new Error("half done");
    for (const work of [
      () => Promise.reject(failure),
      () => {
        throw failure;
      },
    ]) {
      await expect(client().run("a", work, { tick: TICK })).rejects.toBe(failure);
      expect(table.peek("a")?.holder).toBeUndefined();
      expect(table.peek("a")?.tick).toBeUndefined();
      expect(clock.pendingTimers).toBe(0);
      await clock.advance(10);
    }
  });

  it("that resolves counts its tick as done", async () => {
    const { client, table } = manual();
    await client().run("a", async () => 1, { tick: TICK });
    expect(table.peek("a")?.tick).toBe(TICK);
  });

  it("that was asked to stop does not count its tick as done, and is told so by the result", async () => {
    const { client, table } = manual();
    const ender = new AbortController();
    let seen: unknown;
    const result = await client().run(
      "a",
      async (lease) => {
        ender.abort(new Error("shutdown"));
        seen = lease.signal.reason;
        expect(lease.isHeld(), "it is still the leader while it winds up").toBe(true);
        return "stopped";
      },
      { tick: TICK, signal: ender.signal },
    );
    expect(seen).toMatchObject({ code: "ABORTED", cause: new Error("shutdown") });
    expect(result).toMatchObject({ kind: "led", value: "stopped", end: { reason: "stepped-down" } });
    expect(table.peek("a")?.tick).toBeUndefined();
    expect(table.peek("a")?.holder).toBeUndefined();
  });

  it("that outlives its term is told by the signal, and the result says that it did", async () => {
    const { client, clock } = manual();
    const running = client().run(
      "a",
      async (lease) => {
        await new Promise((resolve) => {
          lease.signal.addEventListener("abort", resolve);
        });
        return "late";
      },
      { renew: "manual" },
    );
    await clock.advance(15_000);
    expect(await running).toMatchObject({ kind: "led", value: "late", end: { reason: "expired" } });
    expect(clock.pendingTimers).toBe(0);
  });

  it("that returns after its lease went to another leaves the successor alone, its tick too", async () => {
    const { client, clock, table } = manual();
    const successor = client();
    let token = 0;
    const running = client().run(
      "a",
      async (lease) => {
        await new Promise((resolve) => {
          clock.timer(20_000, () => resolve(undefined));
        });
        token = lease.token;
      },
      { renew: "manual", tick: TICK },
    );
    await clock.advance(18_000);
    const next = await successor.acquire("a");
    await clock.advance(2_000);
    expect(await running).toMatchObject({ kind: "led", end: { reason: "expired" } });
    expect(next.token).toBeGreaterThan(token);
    expect(next.isHeld()).toBe(true);
    expect(table.peek("a")).toMatchObject({ holder: next.holder });
    expect(table.peek("a")?.tick).toBeUndefined();
  });

  it("is refused before anything is sent when it is no function", async () => {
    const { client, store } = manual();
    const none = undefined as unknown as () => Promise<void>;
    await leaseErrorOf(client().run("a", none), "INVALID_ARGUMENT");
    expect(store.requests).toBe(0);
  });

  it("hears of an abort at whatever moment it comes, or does not begin", async () => {
    // The abort comes 0, 1, 2, ... turns of the promise queue after the claim was answered.
    for (let turns = 0; turns < 40; turns += 1) {
      const { client, store, clock, table } = manual();
      let began = false;
      const ender = new AbortController();
      store.onWrite = async (write, pass) => {
        const outcome = await pass();
        if (write.kind === "claim") void abortAfter(turns, ender);
        return outcome;
      };
      let deaf = false;
      const work = async (lease: Lease): Promise<void> => {
        began = true;
        await new Promise((resolve) => {
          lease.signal.addEventListener("abort", resolve);
          if (lease.signal.aborted) resolve(undefined);
          clock.timer(1_000, () => {
            deaf = !lease.signal.aborted;
            resolve(undefined);
          });
        });
      };
      const running = client().run("a", work, { signal: ender.signal });
      const settled = running.catch((error: unknown) => error);
      await clock.advance(1_000);
      const outcome = await settled;
      expect(outcome).toMatchObject(began ? { end: { reason: "stepped-down" } } : { code: "ABORTED" });
      expect(deaf, `an abort ${turns} turns after the claim`).toBe(false);
      expect(table.peek("a")?.holder).toBeUndefined();
    }
  });
});

async function abortAfter(turns: number, ender: AbortController): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
  ender.abort();
}
