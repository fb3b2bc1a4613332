import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { SQSClient } from "@aws-sdk/client-sqs";
import { FenceGuard } from "leasehold";
import { InMemoryLeaseStore, ManualClock } from "leasehold/testing";
import { describe, expect, it } from "vitest";
import { announcePrices, priceListener } from "../../examples/fencing/eventbridge.ts";
import { receiveOrders, sendOrder } from "../../examples/fencing/sqs.ts";
import { LOCAL_AWS } from "../../local/engine.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { Gate, ProbeStore, UNANSWERED } from "../support/probe-store.ts";
import { eventBus, fifoQueue } from "./fencing-servers.ts";

/** Two terms of one lease. */
const OLD = { name: "job", token: 5 };
const NEW = { name: "job", token: 9 };

function guardInMemory(): { readonly guard: FenceGuard; readonly store: ProbeStore } {
  const store = new ProbeStore(new InMemoryLeaseStore({ clock: new ManualClock() }));
  return { guard: new FenceGuard({ store }), store };
}

describe("the SQS recipe", () => {
  async function queue() {
    const fifo = await fifoQueue();
    const sqs = new SQSClient({ ...LOCAL_AWS, endpoint: fifo.endpoint });
    const url = `${fifo.endpoint}/123456789012/orders.fifo`;
    const acted: string[] = [];
    const { guard, store } = guardInMemory();
    return {
      fifo,
      store,
      acted,
      send: (term: typeof OLD, id: string) => sendOrder(sqs, term, url, { id }),
      receive: (act = async ({ id }: { readonly id: string }): Promise<void> => void acted.push(id)) =>
        receiveOrders(sqs, url, guard, act),
      async [Symbol.asyncDispose]() {
        sqs.destroy();
        await fifo[Symbol.asyncDispose]();
      },
    };
  }

  it("acts in order, and drops what a predecessor sent after its successor", async () => {
    await using world = await queue();
    for (const id of ["a", "b"]) await world.send(OLD, id);
    await world.send(NEW, "c");
    await world.send(OLD, "late");
    await world.send(NEW, "d");
    await world.receive();
    expect(world.acted).toEqual(["a", "b", "c", "d"]);
    expect(world.fifo.waiting()).toEqual([]);
  });

  it("takes a successor's message although its predecessor sent the same order, and drops a repeated one", async () => {
    await using world = await queue();
    await world.send(OLD, "a");
    await world.send(OLD, "a");
    await world.send(NEW, "a");
    await world.receive();
    expect(world.acted).toEqual(["a", "a"]);
    world.fifo.pass(300_000); // longer than the queue remembers
    await world.send(NEW, "a");
    await world.receive();
    expect(world.acted).toEqual(["a", "a", "a"]);
  });

  it("leaves what it could not do, and what is behind it, to come again in order", async () => {
    await using world = await queue();
    for (const id of ["a", "b", "c"]) await world.send(OLD, id);
    const failing = async ({ id }: { readonly id: string }): Promise<void> => {
      if (id === "b") throw new Error("not now");
      world.acted.push(id);
    };
    await expect(world.receive(failing)).rejects.toThrow("not now");
    await world.receive();
    expect(world.acted).toEqual(["a"]); // the group is closed while they are in flight
    world.fifo.pass(30_000);
    await world.receive();
    expect(world.acted).toEqual(["a", "b", "c"]);
  });

  it("hands out no successor's message while a predecessor's is being worked on", async () => {
    await using world = await queue();
    await world.send(OLD, "a");
    const working = new Gate();
    const first = world.receive(async ({ id }) => {
      await working.pass();
      world.acted.push(id);
    });
    await working.reached;
    await world.send(NEW, "b");
    await world.receive();
    expect(world.acted).toEqual([]);
    working.open();
    await first;
    await world.receive();
    expect(world.acted).toEqual(["a", "b"]);
  });

  it("neither acts nor drops when nobody can say whether the message is current", async () => {
    await using world = await queue();
    await world.send(OLD, "a");
    world.store.onWrite = async () => UNANSWERED;
    await leaseErrorOf(world.receive(), "STORE_UNAVAILABLE");
    expect([world.acted.length, world.fifo.waiting().length]).toEqual([0, 1]);
  });
});

describe("the EventBridge recipe", () => {
  async function bus() {
    const service = await eventBus();
    const events = new EventBridgeClient({ ...LOCAL_AWS, endpoint: service.endpoint });
    const heard: unknown[] = [];
    const { guard, store } = guardInMemory();
    const listener = priceListener(guard, async (prices, token) => void heard.push([token, prices]));
    return {
      service,
      heard,
      store,
      announce: (term: typeof OLD, price: number) => announcePrices(events, term, { tea: price }),
      deliver: async (...order: number[]) => {
        const results: boolean[] = [];
        for (const nth of order) {
          const { detail } = service.events[nth] ?? expect.fail("no such event");
          results.push((await listener({ detail })).applied);
        }
        return results;
      },
      async [Symbol.asyncDispose]() {
        events.destroy();
        await service[Symbol.asyncDispose]();
      },
    };
  }

  it("applies what is not older than what was heard, in whatever order and however often it is delivered", async () => {
    await using world = await bus();
    await world.announce(OLD, 1);
    await world.announce(NEW, 2);
    await world.announce(OLD, 3);
    expect(await world.deliver(0, 0, 1, 2, 0, 1)).toEqual([true, true, true, false, false, true]);
    const [old, recent] = [
      [5, { tea: 1 }],
      [9, { tea: 2 }],
    ];
    expect(world.heard).toEqual([old, old, recent, recent]);
  });

  it("fails where the bus has not taken the event, and where nobody can say whether it is current", async () => {
    await using world = await bus();
    world.service.throttled = true;
    await expect(world.announce(OLD, 1)).rejects.toThrow("too many");
    world.service.throttled = false;
    await world.announce(OLD, 1);
    world.store.onWrite = async () => UNANSWERED;
    await leaseErrorOf(world.deliver(0), "STORE_UNAVAILABLE");
    expect(world.heard).toEqual([]);
  });
});
