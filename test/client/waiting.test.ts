import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { LeaseError } from "../../lib/core/errors.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { loaded, manual, never } from "../support/manual.ts";

describe("a candidate that waits", () => {
  it.each([
    [0, 1],
    [0.5, 1_000],
    [0.999, 1_998],
  ])("with chance %d looks first after %d ms, then once per interval", async (chance, firstMs) => {
    const { clock, client, store } = manual();
    await client().acquire("a");
    const waiting = client({ random: loaded(chance) }).acquire("a", { timeoutMs: 30_000 });
    waiting.catch(() => {});
    await clock.advance(firstMs - 1);
    expect(store.reads).toBe(0);
    await clock.advance(1);
    expect(store.reads).toBe(1);
    await clock.advance(1_999);
    expect(store.reads).toBe(1);
    await clock.advance(1);
    expect(store.reads).toBe(2);
    await clock.advance(30_000);
    await leaseErrorOf(waiting, "ACQUIRE_TIMEOUT");
  });

  it("leaves no listener on the caller's signal once it leads, and none after its work", async () => {
    const { clock, client } = manual();
    const lease = await client().acquire("a");
    const { signal } = new AbortController();
    const waiting = client().acquire("a", { signal });
    await clock.advance(9_000);
    await lease.release();
    await clock.advance(2_000);
    await (await waiting).release();
    await client().run("b", async () => 1, { signal });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("leads within one look of a release", async () => {
    const { clock, client } = manual();
    const lease = await client().acquire("a");
    const waiting = client().acquire("a");
    await clock.advance(7_300);
    await lease.release();
    await clock.advance(2_000);
    expect((await waiting).isHeld()).toBe(true);
  });

  it("with no time to wait tries once, and with too little looks once more at its end", async () => {
    const { clock, client, store } = manual();
    await client().acquire("a", { durationMs: 60_000 });
    const sent = store.sent.length;
    await leaseErrorOf(client().acquire("a", { timeoutMs: 0 }), "ACQUIRE_TIMEOUT");
    expect(store.sent.length - sent).toBe(1);
    expect(store.reads).toBe(0);
    const waiting = leaseErrorOf(
      client({ random: loaded(0.9) }).acquire("a", { timeoutMs: 100 }),
      "ACQUIRE_TIMEOUT",
    );
    await clock.advance(100);
    await waiting;
    expect(store.reads).toBe(1);
  });

  it.each(["TABLE_NOT_FOUND", "ACCESS_DENIED", "CREDENTIALS_UNAVAILABLE"] as const)(
    "gives up at once on %s, which waiting does not mend",
    async (code) => {
      const { clock, client, store } = manual();
      store.onWrite = async () => Promise.reject(new LeaseError(code, "no"));
      await leaseErrorOf(client().acquire("a"), code);
      expect(store.requests).toBe(1);
      expect(clock.pendingTimers).toBe(0);
    },
  );

  it("leaves no timer and no listener behind when it is aborted", async () => {
    const { clock, client } = manual();
    await client().acquire("a", { renew: "manual" });
    const before = clock.pendingTimers;
    const ender = new AbortController();
    const waiting = leaseErrorOf(client().acquire("a", { signal: ender.signal }), "ABORTED");
    await clock.advance(10_000);
    expect(getEventListeners(ender.signal, "abort").length, "one, however often it looked").toBe(1);
    ender.abort();
    await waiting;
    expect(clock.pendingTimers).toBe(before);
    expect(getEventListeners(ender.signal, "abort")).toEqual([]);
  });

  it("ends in bounded time when the store stops answering while it waits", async () => {
    const { clock, client, store } = manual();
    await client().acquire("a", { renew: "manual" });
    const waiting = leaseErrorOf(client().acquire("a", { timeoutMs: 10_000 }), "ACQUIRE_TIMEOUT");
    store.onRead = never;
    await clock.advance(10_000 + 3_000);
    const error = await waiting;
    expect(error.cause).toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
});

describe("closing a client", () => {
  it("ends its waits, which would otherwise go on for ever, and leaves no timer", async () => {
    const { clock, client, store } = manual();
    const other = client();
    const lease = await other.acquire("a");
    const closing = client();
    let ended: unknown;
    closing.acquire("a").catch((error: unknown) => {
      ended = error;
    });
    await clock.advance(3_000);
    await closing.close();
    await clock.advance(2_100);
    expect(ended).toMatchObject({ code: "CLIENT_CLOSED" });
    const { reads } = store;
    await clock.advance(10_000);
    expect(store.reads).toBe(reads);
    await lease.release();
    expect(clock.pendingTimers).toBe(0);
  });

  it("releases what a claim under way then wins, and says why it does not lead", async () => {
    const { client, store, table } = manual();
    const leases = client();
    let closing: Promise<unknown> | undefined;
    store.onWrite = async (write, pass) => {
      if (write.kind === "claim") closing = leases.close();
      return pass();
    };
    await leaseErrorOf(leases.tryAcquire("a"), "CLIENT_CLOSED");
    await closing;
    expect(table.peek("a")?.holder).toBeUndefined();
  });

  it("happens at the end of its scope", async () => {
    const { clock, client, table } = manual();
    {
      await using leases = client();
      await leases.acquire("a");
    }
    expect(table.peek("a")?.holder).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });
});
