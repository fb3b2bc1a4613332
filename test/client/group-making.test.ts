import { describe, expect, it } from "vitest";
import { StoreLeaseClient } from "../../lib/client/lease-client.ts";
import { leading, led, settling, untilAsked } from "../support/groups.ts";
import { loaded, manual } from "../support/manual.ts";

describe("what takes part in a group", () => {
  it("is made without an id, and goes on with the options that it was made with", async () => {
    const world = manual();
    let drawn = 0;
    const chance = loaded(0.5);
    const random = { fraction: () => chance.fraction(), id: () => ((drawn += 1), chance.id()) };
    const client = world.client({ random });
    const own = { durationMs: 10_000, holder: "first" };
    const options = { ...own, permits: 1 };
    const group = client.group("jobs", own);
    const semaphore = client.semaphore("few", options);
    const ofWorker = { shards: ["a"] };
    const worker = group.worker(ofWorker);
    expect(drawn).toBe(0);
    for (const changed of [own, options]) Object.assign(changed, { durationMs: 30_000, holder: "second" });
    Object.assign(ofWorker, { shards: ["b"] });
    await leading(group, "c");
    led(await semaphore.tryAcquire());
    const running = worker.run(untilAsked);
    running.catch(() => undefined);
    await world.clock.advance(1_000);
    const sessions = ["jobs", "few"].flatMap((name) =>
      world.store.sent.filter(({ name: of, row }) => of === name && row?.startsWith("session#")),
    );
    expect(new Set(sessions.map(({ row }) => row)).size).toBe(3);
    for (const { row, set } of sessions) {
      expect(row).toMatch(/^session#first\//);
      expect(set.durationMs).toBe(10_000);
    }
    expect(worker.status.shards).toEqual(["a"]);
    await settling(world, client.close());
    await settling(world, running);
  });
});

it("takes a worker's options from its class, too, and calls them as its own", async () => {
  const world = manual();
  class Mine {
    readonly #names = ["a"];
    readonly #failed: string[] = [];
    shards(): string[] {
      return this.#names;
    }
    onWorkFailed(_: unknown, shard: string): void {
      this.#failed.push(shard);
    }
    static failedOf(mine: Mine): readonly string[] {
      return mine.#failed;
    }
  }
  const mine = new Mine();
  const client = world.client();
  const running = client
    .group("jobs")
    .worker(mine)
    .run(() => Promise.reject(new Error("no")));
  await world.clock.advance(1_000);
  expect(Mine.failedOf(mine)).toEqual(["a"]);
  await settling(world, client.close());
  await settling(
    world,
    running.catch(() => undefined),
  );
});

it("leaves a client with the options that it was made with, whatever their object says later", async () => {
  const { store, clock } = manual();
  const options = { store, clock, retentionMs: 86_400_000 };
  await using client = new StoreLeaseClient(options);
  Object.assign(options, { retentionMs: 864_000_000 });
  const lease = led(await client.tryAcquire("a", { durationMs: 10_000 }));
  expect(store.sent[0]?.set.ttl).toBe(Math.ceil((clock.now().wall + 10_000 + 86_400_000) / 1_000));
  await lease.release();
});
