import { describe, expect, it } from "vitest";
import { kindsOf, leading, led, settling, untilAsked } from "../support/groups.ts";
import { loaded, manual } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";

const DELAY_MS = 60_000;

/** A process whose session has just run out, and is closed for its lock-delay; the table is well again. */
async function closed() {
  const world = manual();
  const client = world.client({ random: loaded(0.5) });
  const group = client.group("jobs", { lockDelayMs: DELAY_MS });
  const semaphore = client.semaphore("few", { permits: 50, lockDelayMs: DELAY_MS });
  await leading(group, "a");
  led(await semaphore.tryAcquire());
  world.store.onWrite = async ({ kind }, pass) => (kind === "renew" ? UNANSWERED : pass());
  await world.clock.advance(16_000);
  world.store.onWrite = undefined;
  const { sent } = world.store;
  const before = sent.length;
  return { world, client, group, semaphore, sentSince: () => sent.slice(before) };
}

describe("while a process's last session is closed for its lock-delay", () => {
  it("every shard is refused it, and it is told until when", async () => {
    const { group } = await closed();
    for (const shard of ["a", "vacant"]) {
      const refused = await group.tryAcquire(shard);
      expect(refused).toMatchObject({ kind: "refused", reason: "held" });
      expect(refused).toMatchObject({ state: { kind: "held", shard, holder: group.id } });
      const { retryAfterMs } = refused as { retryAfterMs: number };
      expect(retryAfterMs).toBeGreaterThan(DELAY_MS - 16_000);
      expect(retryAfterMs).toBeLessThan(DELAY_MS + 1_000);
    }
  });

  it("whoever waits looks and writes nothing, however little trouble it bears, and leads when it is over", async () => {
    const { world, group, sentSince } = await closed();
    const waiting = group.acquire("vacant", { troubleLimitMs: 5_000 });
    await world.clock.advance(50_000);
    expect(sentSince().map(({ kind, row }) => [kind, row])).toEqual([["claim", `session#${group.id}`]]);
    const lease = await settling(world, waiting, DELAY_MS);
    expect(world.clock.now().mono).toBeLessThan(15_000 + DELAY_MS + 6_000);
    await lease.release();
    // The next one is claimed at once again.
    const { reads } = world.store;
    await world.clock.advance(10);
    led(await group.tryAcquire("a"));
    expect(world.store.reads).toBe(reads);
  });

  it("its worker looks and writes nothing, however little trouble it bears, and works when it is over", async () => {
    const world = manual();
    const group = world.client().group("jobs", { lockDelayMs: DELAY_MS });
    const worker = group.worker({ shards: ["a", "b"], troubleLimitMs: 5_000 });
    const stop = new AbortController();
    const over = worker.run(untilAsked, { signal: stop.signal });
    await world.clock.advance(5_000);
    world.store.onWrite = async ({ kind }, pass) => (kind === "renew" ? UNANSWERED : pass());
    await world.clock.advance(16_000);
    world.store.onWrite = undefined;
    const { length } = world.store.sent;
    await world.clock.advance(50_000);
    expect(world.store.sent.slice(length)).toEqual([]);
    expect(worker.status).toMatchObject({ shards: [], lastError: undefined });
    await world.clock.advance(20_000);
    expect(worker.status.shards).toEqual(["a", "b"]);
    stop.abort();
    await settling(world, over);
  });

  it("a permit is asked for once, though many are vacant", async () => {
    const { world, semaphore, sentSince } = await closed();
    for (let tries = 0; tries < 3; tries += 1) {
      const { reads } = world.store;
      expect((await semaphore.tryAcquire()).kind).toBe("refused");
      expect(world.store.reads - reads).toBeLessThanOrEqual(1);
    }
    expect(sentSince().map(({ kind }) => kind)).toEqual(["claim"]);
  });

  it("nothing is left behind by a client that closes", async () => {
    const { world, client, group } = await closed();
    const waiting = group.acquire("vacant");
    waiting.catch(() => undefined);
    await world.clock.advance(3_000);
    await settling(world, client.close());
    await expect(waiting).rejects.toMatchObject({ code: "CLIENT_CLOSED" });
    expect(world.clock.pendingTimers).toBe(0);
    expect(kindsOf(world, `session#${group.id}`).at(-1)).toBe("claim");
  });
});
