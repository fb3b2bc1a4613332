import { describe, expect, it } from "vitest";
import { isLeaseError } from "../../lib/core/errors.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { manual } from "../support/manual.ts";
import { Gate } from "../support/probe-store.ts";

/** Lets so many turns of the promise queue pass. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

describe("close()", () => {
  it("waits for a claim under way, and leaves no lease behind", async () => {
    const { client, table, store, clock } = manual();
    const a = client();
    const gate = new Gate();
    store.onWrite = async (write, pass) => {
      if (write.kind === "claim") await gate.pass();
      return pass();
    };
    const failed = leaseErrorOf(a.acquire("jobs"), "CLIENT_CLOSED");
    await gate.reached;
    const order: string[] = [];
    const closing = a.close().then(() => order.push("closed"));
    await turns(50);
    expect(order, "the claim may land yet").toEqual([]);
    gate.open();
    await closing;
    await failed;
    expect(table.peek("jobs")).toMatchObject({ revision: 2 });
    expect(table.peek("jobs")).not.toHaveProperty("holder");
    expect(clock.pendingTimers).toBe(0);
  });

  it("abandons a claim that nobody answers, before it resolves", async () => {
    const { client, table, store, clock } = manual();
    const a = client();
    store.onWrite = async (write, pass) => {
      const outcome = await pass();
      return write.kind === "claim" ? new Promise(() => {}) : outcome;
    };
    const failed = leaseErrorOf(a.tryAcquire("jobs"), "STORE_UNAVAILABLE");
    await turns(10);
    const closing = a.close();
    await clock.advance(3_000);
    await closing;
    await failed;
    expect(table.peek("jobs")).not.toHaveProperty("holder");
    expect(clock.pendingTimers).toBe(0);
  });

  it("ends every wait at once, whatever its interval", async () => {
    const { client, clock, store } = manual();
    await client({ holder: "bob" }).acquire("jobs");
    const a = client({ retryIntervalMs: 3_600_000 });
    const waits = [
      leaseErrorOf(a.acquire("jobs"), "CLIENT_CLOSED"),
      leaseErrorOf(a.candidate("jobs").campaign(), "CLIENT_CLOSED"),
      leaseErrorOf(
        a.candidate("jobs").run(async () => {}),
        "CLIENT_CLOSED",
      ),
    ];
    const observed = a.observe("jobs", { intervalMs: 3_600_000 });
    await observed.next();
    const next = observed.next();
    await clock.advance(5_000);
    await a.close();
    await Promise.all(waits);
    expect(await next).toEqual({ done: true, value: undefined });
    const { reads } = store;
    await clock.advance(7_200_000);
    expect(store.reads, "nobody looks any more").toBe(reads);
  });

  it("ends reads under way, and resolves though the store never answers them", async () => {
    const { client, store, clock } = manual();
    const a = client();
    store.onRead = () => new Promise(() => {});
    const read = leaseErrorOf(a.get("jobs"), "CLIENT_CLOSED");
    await turns(10);
    await a.close();
    await read;
    expect(clock.pendingTimers).toBe(0);
  });

  it.each(Array.from({ length: 40 }, (_, turn) => turn))(
    "begins no work in a term that it has released: closed %i turns after the claim was answered",
    async (count) => {
      const { client, store, table, clock } = manual();
      const a = client();
      let closing: Promise<unknown> = Promise.resolve();
      store.onWrite = async (write, pass) => {
        const outcome = await pass();
        if (write.kind === "claim") {
          closing = turns(count).then(() => a.close());
        }
        return outcome;
      };
      const begun: boolean[] = [];
      const running = a.run("jobs", async (lease) => {
        begun.push(lease.end === undefined);
        await clock.advance(1_000);
      });
      const outcome = await running.then(
        () => "led",
        (error: unknown) => {
          expect(isLeaseError(error, "CLIENT_CLOSED"), String(error)).toBe(true);
          return "closed";
        },
      );
      await closing;
      expect(begun).toEqual(outcome === "led" ? [true] : []);
      expect(table.peek("jobs")).not.toHaveProperty("holder");
      expect(clock.pendingTimers).toBe(0);
    },
  );

  it("takes a candidate off the list before it resolves, and sends nothing afterwards", async () => {
    const { client, store, clock } = manual();
    const a = client();
    const candidate = a.candidate("jobs");
    const running = candidate.run(() => new Promise(() => {}));
    void running.catch(() => undefined);
    await clock.advance(10_000);
    expect(await client({ holder: "bob" }).candidates("jobs")).toHaveLength(1);
    await a.close();
    expect(await client({ holder: "bob" }).candidates("jobs")).toHaveLength(0);
    const { length } = store.sent;
    await clock.advance(600_000);
    expect(store.sent).toHaveLength(length);
    expect(clock.pendingTimers).toBe(0);
  });

  it("has a second call wait for the first", async () => {
    const { client, store } = manual();
    const a = client();
    await a.acquire("jobs");
    const gate = new Gate();
    store.onWrite = async (_, pass) => {
      await gate.pass();
      return pass();
    };
    const order: string[] = [];
    const first = a.close().then((results) => order.push(`first ${results.length}`));
    const second = a.close().then((results) => order.push(`second ${results.length}`));
    await gate.reached;
    await turns(20);
    expect(order).toEqual([]);
    gate.open();
    await Promise.all([first, second]);
    expect(order.toSorted()).toEqual(["first 1", "second 0"]);
  });
});
