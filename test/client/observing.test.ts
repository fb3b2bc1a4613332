import { getEventListeners, once } from "node:events";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { LeaseError } from "../../lib/core/errors.ts";
import type { LeaseState } from "../../lib/core/record.ts";
import { leaseErrorIn, leaseErrorOf } from "../support/failures.ts";
import { manual, never } from "../support/manual.ts";
import { Gate } from "../support/probe-store.ts";

/** Follows in the background, and notes what it was shown and how that ended. */
function watch(states: AsyncGenerator<LeaseState, void, undefined>) {
  const shown: LeaseState[] = [];
  const outcome = { done: false, error: undefined as unknown };
  const finished = (async () => {
    try {
      for await (const state of states) shown.push(state);
    } catch (error) {
      outcome.error = error;
    }
    outcome.done = true;
  })();
  return { shown, outcome, finished };
}

describe("an observer", () => {
  it("is given the present state first, of a lease without a record, too", async () => {
    const { client, clock, table } = manual();
    const leases = client();
    const { shown, finished } = watch(leases.observe("a"));
    await clock.advance(0);
    expect(shown).toMatchObject([{ name: "a", kind: "vacant", token: 0, revision: 0 }]);
    expect(table.peek("a")).toBeUndefined();
    await leases.close();
    await finished;
  });

  it("looks once per interval and shows changes alone; the latest wins", async () => {
    const { client, clock, store } = manual();
    const leases = client();
    const watching = client();
    const { shown, finished } = watch(watching.observe("a", { intervalMs: 1_000 }));
    await clock.advance(500);
    const first = await leases.acquire("a", { renew: "manual" });
    await first.proclaim("one");
    await first.proclaim("two");
    await clock.advance(9_500);
    expect(store.reads).toBe(11);
    expect(shown.map(({ kind, value }) => [kind, value])).toEqual([
      ["vacant", undefined],
      ["held", "two"],
    ]);
    await first.release();
    await clock.advance(1_000);
    expect(shown.at(-1)).toMatchObject({ kind: "vacant", token: first.token });
    await watching.close();
    await finished;
    expect(clock.pendingTimers).toBe(0);
  });

  it("is shown that a dead leader's term is over, and a request that piggybacks without a revision", async () => {
    const { client, clock } = manual();
    const leases = client();
    const lease = await leases.acquire("a", { renew: "manual" });
    const { shown } = watch(client().observe("a"));
    await clock.advance(0);
    await leases.requestStepDown("a");
    await clock.advance(2_000);
    expect(shown.at(-1)).toMatchObject({ kind: "held", requestedBy: "", revision: shown[0]?.revision });
    await clock.advance(16_000);
    expect(shown.at(-1)).toMatchObject({ kind: "expired", holder: lease.holder, token: lease.token });
    expect(shown).toHaveLength(3);
  });

  it("that is slow is shown what is there when it comes back, never something older", async () => {
    const { client, clock } = manual();
    const leases = client();
    const states = leases.observe("a", { intervalMs: 1_000 });
    expect((await states.next()).value).toMatchObject({ kind: "vacant" });
    const lease = await leases.acquire("a");
    await lease.proclaim("old");
    await clock.advance(60_000);
    await lease.proclaim("new");
    const next = states.next();
    await clock.advance(1);
    expect((await next).value).toMatchObject({ value: "new" });
    await states.return();
    await lease.release();
    expect(clock.pendingTimers).toBe(0);
  });

  it("ends without an error when its signal is aborted: before, in a wait, in a read", async () => {
    const { client, clock, store } = manual();
    const leases = client();
    const before = watch(leases.observe("a", { signal: AbortSignal.abort() }));
    await before.finished;
    expect(before.shown).toEqual([]);
    expect(store.requests).toBe(0);

    for (const during of ["wait", "read"] as const) {
      const ender = new AbortController();
      const { shown, outcome, finished } = watch(leases.observe("a", { signal: ender.signal }));
      await clock.advance(100);
      if (during === "read") {
        store.onRead = never;
        await clock.advance(2_000);
      }
      ender.abort();
      if (during === "read") await clock.advance(3_000);
      await finished;
      expect(outcome).toEqual({ done: true, error: undefined });
      expect(shown).toHaveLength(1);
      expect(clock.pendingTimers).toBe(0);
      expect(getEventListeners(ender.signal, "abort")).toEqual([]);
      store.onRead = undefined;
    }
  });

  it("is shown nothing any more of a read that is answered after the abort", async () => {
    const { client, clock, store } = manual();
    const leases = client();
    const ender = new AbortController();
    const { shown, finished } = watch(client().observe("a", { signal: ender.signal }));
    await clock.advance(0);
    await leases.acquire("a", { renew: "manual" });
    const gate = new Gate();
    store.onRead = () => gate.pass();
    await clock.advance(2_000);
    await gate.reached;
    ender.abort();
    gate.open();
    await finished;
    expect(shown.map(({ kind }) => kind)).toEqual(["vacant"]);
  });

  it("ends when its client is closed, and leaves no timer when it breaks off", async () => {
    const { client, clock } = manual();
    const leases = client();
    const { outcome, finished } = watch(leases.observe("a"));
    await clock.advance(3_000);
    await leases.close();
    await finished;
    expect(outcome.error).toBeUndefined();
    for await (const _ of client().observe("a")) break;
    expect(clock.pendingTimers).toBe(0);
    leaseErrorIn(() => leases.observe("a"), "CLIENT_CLOSED");
  });

  it("outlives a store that is out of reach, silently, at the same pace", async () => {
    const { client, clock, store } = manual();
    const leases = client();
    const { shown, outcome } = watch(client().observe("a"));
    await clock.advance(0);
    store.onRead = async () => Promise.reject(new LeaseError("STORE_UNAVAILABLE", "down"));
    const reads = store.reads;
    await clock.advance(20_000);
    expect(store.reads - reads).toBe(10);
    store.onRead = undefined;
    await leases.acquire("a");
    await clock.advance(2_000);
    expect(outcome.done).toBe(false);
    expect(shown.map(({ kind }) => kind)).toEqual(["vacant", "held"]);
  });

  it.each(["ACCESS_DENIED", "TABLE_NOT_FOUND", "CREDENTIALS_UNAVAILABLE"] as const)(
    "is told of %s before the store has ever answered, and waits while it may pass afterwards",
    async (code) => {
      const { client, clock, store } = manual();
      store.onRead = async () => Promise.reject(new LeaseError(code, "no"));
      await leaseErrorOf(client().observe("a").next(), code);
      store.onRead = undefined;
      const leases = client();
      const { outcome, finished } = watch(leases.observe("a"));
      await clock.advance(0);
      store.onRead = async () => Promise.reject(new LeaseError(code, "no"));
      await clock.advance(60_000);
      expect(outcome.error).toBeUndefined();
      store.onRead = undefined;
      await leases.close();
      await clock.advance(2_000);
      await finished;
      expect(clock.pendingTimers).toBe(0);
    },
  );

  it("is checked before it begins", async () => {
    const { client, store } = manual();
    const leases = client();
    for (const intervalMs of [0, 49, 86_400_001, Number.NaN, "1000"]) {
      const observe = () => leases.observe("a", { intervalMs: intervalMs as number });
      expect(leaseErrorIn(observe, "INVALID_ARGUMENT").message).toMatch(/^intervalMs .*from 50 to 86400000/);
    }
    leaseErrorIn(() => leases.observe(""), "INVALID_ARGUMENT");
    expect(store.requests).toBe(0);
  });

  it.each(["wait", "read"] as const)(
    "settles at once when it is left during a %s, and looks no more",
    async (during) => {
      const { client, clock, store } = manual();
      const states = client().observe("a");
      await states.next();
      const next = states.next();
      const another = states.next();
      if (during === "read") {
        store.onRead = never;
        await clock.advance(2_000);
      }
      const { reads } = store;
      expect(await states.return()).toEqual({ done: true, value: undefined });
      expect(await Promise.all([next, another])).toEqual(
        [1, 2].map(() => ({ done: true, value: undefined })),
      );
      expect(await states.next()).toEqual({ done: true, value: undefined });
      await clock.advance(during === "read" ? 60_000 : 0);
      expect(store.reads).toBe(reads);
      expect(clock.pendingTimers).toBe(0);
    },
  );

  it("settles at once when its signal is aborted during a read that nobody answers", async () => {
    const { client, clock, store } = manual();
    const ender = new AbortController();
    const states = client().observe("a", { signal: ender.signal });
    await states.next();
    store.onRead = never;
    const next = states.next();
    await clock.advance(2_000);
    ender.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it("is left by a stream that is destroyed while it waits, by throw(), and by leaving its block", async () => {
    const { client, clock, store } = manual();
    const leases = client();
    const stream = Readable.from(leases.observe("a"));
    const shown: unknown[] = [];
    stream.on("data", (state) => shown.push(state));
    await clock.advance(100);
    expect(shown).toMatchObject([{ kind: "vacant" }]);
    const closed = once(stream, "close");
    stream.destroy();
    await closed;
    const thrown = leases.observe("a");
    const next = thrown.next();
    await expect(thrown.throw(new Error("mine"))).rejects.toThrow("mine");
    expect(await next).toMatchObject({ done: true });
    {
      await using states = leases.observe("a");
      await states.next();
      void states.next();
    }
    await clock.advance(0);
    const { reads } = store;
    await clock.advance(60_000);
    expect(store.reads).toBe(reads);
    expect(clock.pendingTimers).toBe(0);
  });

  it("of a candidate is the same, and its leader is one strong read", async () => {
    const { client, clock, store } = manual();
    const leases = client();
    const candidate = leases.candidate("a", { register: false });
    const { shown, finished } = watch(candidate.observe({ intervalMs: 500 }));
    await clock.advance(0);
    await candidate.campaign();
    await candidate.proclaim({ port: 1 });
    await clock.advance(500);
    expect(shown.at(-1)).toMatchObject({ kind: "held", holder: candidate.id, value: { port: 1 } });
    const before = store.requests;
    expect(await candidate.leader()).toMatchObject({ holder: candidate.id, value: { port: 1 } });
    expect(store.requests - before).toBe(1);
    await leases.close();
    await finished;
  });
});
