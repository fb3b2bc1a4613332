import { describe, expect, it } from "vitest";
import { LeaseError } from "../../lib/core/errors.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { loaded, manual } from "../support/manual.ts";
import { Gate } from "../support/probe-store.ts";
import { noted, untilStopped } from "../support/candidates.ts";

const quiet = { register: false } as const;
/** The interval of a standby that is told of releases. */
const SELDOM_MS = 3_600_000;

/** A leader that renews itself, and a candidate that waits for it. */
async function standby(retryIntervalMs = 2_000, fraction = 0.5) {
  const world = manual();
  const lease = await world.client({ holder: "leader" }).acquire("a");
  const { store } = world;
  const client = world.client({ random: loaded(fraction), holder: "waits", retryIntervalMs });
  const { candidate, told } = noted(client, "a", quiet);
  const before = { reads: store.reads, sent: store.sent.length };
  const campaigning = candidate.campaign();
  campaigning.catch(() => undefined);
  await world.clock.advance(0);
  /** Reads and writes of the standby alone: the leader only renews. */
  const spent = () => ({
    reads: store.reads - before.reads,
    writes: store.sent.slice(before.sent).filter(({ kind }) => kind !== "renew").length,
  });
  return { ...world, lease, candidate, told, campaigning, spent };
}

describe("a standby that polls", () => {
  it("sends one refused claim, then one strong read per retry interval and nothing else", async () => {
    const { clock, spent, candidate } = await standby();
    expect(spent()).toEqual({ reads: 0, writes: 1 });
    await clock.advance(1_000);
    expect(spent(), "the first wait is jittered").toEqual({ reads: 1, writes: 1 });
    await clock.advance(20_000);
    expect(spent()).toEqual({ reads: 11, writes: 1 });
    await candidate.resign();
  });

  it("spreads itself anew after being woken, since many may have been", async () => {
    for (const [fraction, reads] of [
      [0.25, [1, 1, 2]],
      [0.75, [1, 1, 1]],
    ] as const) {
      const { clock, spent, candidate } = await standby(2_000, fraction);
      candidate.notify();
      await clock.advance(100 * fraction - 1);
      expect(spent().reads, "whoever told it may have told a thousand").toBe(0);
      await clock.advance(1);
      expect(spent().reads).toBe(reads[0]);
      await clock.advance(499);
      expect(spent().reads).toBe(reads[1]);
      await clock.advance(1);
      expect(spent().reads, "a quarter of the interval later").toBe(reads[2]);
      await candidate.resign();
    }
  });

  it("leads within one retry interval of a release", async () => {
    const { clock, lease, campaigning, candidate } = await standby();
    await clock.advance(7_777);
    await lease.release();
    await clock.advance(2_000);
    expect(candidate.lease?.isHeld()).toBe(true);
    await (await campaigning).release();
  });

  it("leads within the documented bound of a crash", async () => {
    const world = manual();
    await world.client().acquire("a", { renew: "manual" });
    const { candidate } = noted(world.client({ random: loaded(0.999) }), "a", quiet);
    const campaigning = candidate.campaign();
    await world.clock.advance(15_000 + 1_500 + 1_000 + 2_000);
    expect(candidate.lease?.isHeld()).toBe(true);
    await campaigning;
    await candidate.resign();
  });
});

describe("a notification", () => {
  it("ends the wait, and the candidate leads within 100 ms", async () => {
    for (const intervalMs of [2_000, SELDOM_MS]) {
      const { clock, lease, candidate, campaigning, spent } = await standby(intervalMs);
      await clock.advance(500);
      await lease.release();
      const before = clock.now().mono;
      candidate.notify();
      await clock.advance(50);
      const won = await campaigning;
      expect(clock.now().mono).toBe(before + 50);
      expect(won.isHeld()).toBe(true);
      expect(spent(), "a refused claim, a read, a claim; and the leader's release").toEqual({
        reads: 1,
        writes: 3,
      });
      await candidate.resign();
    }
  });

  it("makes a candidate look within its retry interval where that is shorter than 100 ms", async () => {
    const { clock, lease, candidate, spent } = await standby(50, 0.9);
    await lease.release();
    candidate.notify();
    await clock.advance(44);
    expect(spent().reads).toBe(0);
    await clock.advance(1);
    expect(candidate.lease?.isHeld()).toBe(true);
    await candidate.resign();
  });

  it("does not make a candidate wait for longer than it was told to", async () => {
    const { clock, candidate, campaigning: before } = await standby(SELDOM_MS, 0.9);
    await candidate.resign();
    await leaseErrorOf(before, "ABORTED");
    const campaigning = leaseErrorOf(candidate.campaign({ timeoutMs: 60 }), "ACQUIRE_TIMEOUT");
    await clock.advance(50);
    candidate.notify();
    await clock.advance(10);
    await campaigning;
  });

  it("leaves nothing behind when its client is closed, or it is told to stop, before it looks", async () => {
    for (const end of ["close", "abort"] as const) {
      const { clock, store, client } = manual();
      await client({ holder: "leader" }).acquire("a", { renew: "manual" });
      const timers = clock.pendingTimers;
      const waits = client({ random: loaded(0.5), holder: "waits", retryIntervalMs: SELDOM_MS });
      const candidate = waits.candidate("a", quiet);
      const stop = new AbortController();
      const campaigning = leaseErrorOf(
        candidate.campaign({ signal: stop.signal }),
        end === "close" ? "CLIENT_CLOSED" : "ABORTED",
      );
      await clock.advance(0);
      candidate.notify();
      await clock.advance(49);
      if (end === "close") await waits.close();
      else stop.abort();
      await campaigning;
      expect(clock.pendingTimers).toBe(timers);
      expect(store.requests, "the leader's claim, and the candidate's").toBe(2);
    }
  });

  it("that comes while a look is under way is not lost: another look follows", async () => {
    const { clock, store, lease, candidate, campaigning } = await standby(SELDOM_MS);
    const gate = new Gate();
    candidate.notify();
    store.onRead = () => gate.pass();
    await clock.advance(50);
    await gate.reached;
    candidate.notify(); // Of the release that is about to come.
    store.onRead = undefined;
    gate.open();
    await clock.advance(0);
    await lease.release();
    await clock.advance(50);
    expect(store.reads, "the look that was under way, and one more").toBe(2);
    expect((await campaigning).isHeld()).toBe(true);
    await candidate.resign();
  });

  it("of several at once is one look", async () => {
    const { clock, candidate, spent } = await standby(SELDOM_MS);
    for (let times = 0; times < 10; times += 1) candidate.notify();
    await clock.advance(5_000);
    expect(spent().reads).toBe(1);
    await candidate.resign();
  });

  it("is harmless to a candidate that does not wait: idle, leading, or resigned", async () => {
    const { client, clock, store } = manual();
    const { candidate, told } = noted(client(), "a", quiet);
    candidate.notify();
    expect(store.requests).toBe(0);
    const lease = await candidate.campaign();
    candidate.notify();
    await clock.advance(100);
    expect(lease.isHeld()).toBe(true);
    await candidate.resign();
    candidate.notify();
    await clock.advance(10_000);
    expect(store.sent.map(({ kind }) => kind)).toEqual(["claim", "release"]);
    expect(told).toHaveLength(3);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("a standby that looks seldom", () => {
  it("looks at nothing before it is notified or the leader's term would run out", async () => {
    const { clock, spent, candidate, lease } = await standby(SELDOM_MS, 0.999);
    // The leader renews every 5 s; the record that was seen says 15 s.
    await clock.advance(15_000);
    expect(spent()).toEqual({ reads: 0, writes: 1 });
    await clock.advance(2_500);
    expect(spent(), "it found the term renewed").toEqual({ reads: 1, writes: 1 });
    expect(lease.isHeld()).toBe(true);
    await candidate.resign();
  });

  it("takes over from a leader that died, by its expiry alone, within the documented bound", async () => {
    for (const fraction of [0, 0.999]) {
      const world = manual();
      await world.client().acquire("a", { renew: "manual" });
      const client = world.client({ random: loaded(fraction), retryIntervalMs: 10_000 });
      const { candidate } = noted(client, "a", quiet);
      const campaigning = candidate.campaign();
      await world.clock.advance(15_000 + 1_500 + 1_000 + 1_000);
      expect(candidate.lease?.isHeld(), "its interval has no part in it").toBe(true);
      await campaigning;
      expect(world.store.reads).toBeLessThanOrEqual(4);
      await candidate.resign();
    }
  });

  it("tries again at its interval while the store is out of reach, as it knows of no expiry", async () => {
    const world = manual();
    const { client, clock, store } = world;
    const down = new LeaseError("STORE_UNAVAILABLE", "down");
    store.onWrite = async () => ({ kind: "unknown", cause: down });
    store.onRead = async () => Promise.reject(down);
    const { candidate } = noted(client({ random: loaded(0.5) }), "a", quiet);
    const campaigning = candidate.campaign();
    await clock.advance(9_000);
    expect(store.reads).toBe(5);
    store.onWrite = undefined;
    store.onRead = undefined;
    await clock.advance(2_000);
    expect((await campaigning).isHeld()).toBe(true);
    await candidate.resign();
  });
});

describe("a run that waits", () => {
  it("resumes its beat after a loss, and does not hammer a store that refuses it", async () => {
    const { client, clock, store, table } = manual();
    const { candidate } = noted(client({ random: loaded(0.5) }), "a", quiet);
    const running = candidate.run(untilStopped);
    await clock.advance(0);
    const row = table.peek("a");
    if (row === undefined) throw new Error("no row");
    const stolen = { ...row, holder: "eve", token: row.token + 1, revision: 9, writeId: "w" };
    table.restore({ ...stolen, durationMs: 3_600_000 });
    await clock.advance(5_000);
    const before = store.requests;
    await clock.advance(8_000);
    expect(store.requests - before).toBeLessThanOrEqual(5);
    await candidate.resign();
    await running;
    expect(clock.pendingTimers).toBe(0);
  });

  it("ends in ABORTED for a campaign, with the caller's own reason, however seldom it looks", async () => {
    for (const retryIntervalMs of [2_000, SELDOM_MS]) {
      const { client, clock } = manual();
      const lease = await client().acquire("a");
      const ender = new AbortController();
      const { candidate, told } = noted(client({ retryIntervalMs }), "a");
      const campaigning = leaseErrorOf(candidate.campaign({ signal: ender.signal }), "ABORTED");
      await clock.advance(3_000);
      ender.abort("enough");
      expect((await campaigning).cause).toBe("enough");
      expect(told).toEqual([`leader ${lease.holder}`]);
      await lease.release();
      expect(clock.pendingTimers).toBe(0);
    }
  });
});
