import { describe, expect, it } from "vitest";
import { onLeaseEvent } from "../../lib/diagnostics/channels.ts";
import { type Manual, manual, never } from "../support/manual.ts";
import { Gate, ProbeStore } from "../support/probe-store.ts";
import { shifted } from "../support/shifted-clock.ts";
import { untilStopped } from "../support/candidates.ts";

const LEADER = { register: false, minTermMs: 0, drainMs: 0 } as const;
const STRONG = { id: "strong", priority: 5, register: false } as const;

/** For how many of so many seconds none of some candidates led. */
async function leaderless(
  { clock }: Manual,
  seconds: number,
  candidates: readonly { readonly lease: unknown }[],
): Promise<number> {
  let gap = 0;
  for (let second = 0; second < seconds; second += 1) {
    await clock.advance(1_000);
    if (candidates.every(({ lease }) => lease === undefined)) gap += 1;
  }
  return gap;
}

describe("a hand-over", () => {
  it("waits for the minimum hold: before it the lease could be kept for nobody", async () => {
    const world = manual();
    const weak = world.client().candidate("jobs", { ...LEADER, holdAtLeastMs: 120_000 });
    const strong = world.client().candidate("jobs", STRONG);
    await weak.campaign();
    const won = strong.campaign();
    expect(await leaderless(world, 119, [weak, strong])).toBe(0);
    expect(weak.lease).toBeDefined();
    expect(await leaderless(world, 20, [weak, strong])).toBeLessThanOrEqual(2);
    expect((await won).isHeld()).toBe(true);
    await strong.resign();
  });

  it("goes to whom the leader names, also when another's request drains already", async () => {
    const { clock, client, table } = manual();
    const leader = client().candidate("jobs", { ...LEADER, drainMs: 5_000 });
    await leader.campaign();
    const asking = client().candidate("jobs", STRONG).campaign();
    asking.catch(() => undefined);
    await clock.advance(6_000);
    const stepping = leader.stepDown({ reserveFor: "bob", reserveForMs: 60_000 });
    await clock.advance(6_000);
    expect(await stepping).toEqual({ kind: "released" });
    expect(table.peek("jobs")).toMatchObject({ reservedFor: "bob", durationMs: 60_000 });
  });

  it("is not missed by a candidate that looks seldom and is told of the release", async () => {
    const world = manual();
    const { client } = world;
    const long = { durationMs: 60_000, renewIntervalMs: 5_000 };
    const leader = client(long).candidate("jobs", LEADER);
    await leader.campaign();
    const strong = client({ ...long, retryIntervalMs: 600_000 }).candidate("jobs", STRONG);
    const won = strong.campaign();
    using _heard = onReleased(() => strong.notify());
    expect(await leaderless(world, 20, [leader, strong])).toBeLessThanOrEqual(2);
    expect((await won).isHeld()).toBe(true);
    await strong.resign();
  });

  it("keeps the lease for two looks of a candidate that looks seldom", async () => {
    const { client, table } = manual();
    const lease = await client({ retryIntervalMs: 60_000 }).acquire("jobs");
    await lease.stepDown({ reserveFor: "bob", drainMs: 0 });
    expect(table.peek("jobs")).toMatchObject({ reservedFor: "bob", durationMs: 120_000 });
  });

  it("is accepted as the operator said last", async () => {
    const { client, table } = manual();
    const leases = client();
    const { holder, token } = await leases.acquire("jobs");
    await leases.requestStepDown("jobs");
    expect(await leases.requestStepDown("jobs", { reserveFor: "bob" })).toEqual({
      kind: "requested",
      holder,
      token,
    });
    expect(table.peek("jobs")?.requestedBy).toBe("bob");
  });
});

describe("a release", () => {
  it("by a listener does not mark an occurrence as done whose work has failed", async () => {
    const { client, store, table } = manual();
    const work = client().run(
      "jobs",
      async (lease) => {
        lease.signal.addEventListener("abort", () => void lease.release());
        throw new Error("failed");
      },
      { tick: "2026-01-01T00:00Z" },
    );
    await expect(work).rejects.toThrow("failed");
    expect(store.sent.filter(({ kind }) => kind === "release")).toHaveLength(1);
    expect(table.peek("jobs")?.tick).toBeUndefined();
  });

  it("leaves no timer behind when a listener steps down", async () => {
    const { clock, client } = manual();
    const lease = await client().acquire("jobs");
    lease.signal.addEventListener("abort", () => void lease.stepDown());
    await lease.release();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("a resigning candidate", () => {
  it("waits for no backlog of registrations that a silent store has left", async () => {
    const { clock, client, store } = manual();
    const candidate = client().candidate("jobs", { registrationMs: 1_000 });
    await candidate.campaign();
    store.onWrite = (write, pass) => (write.kind === "register" ? never() : pass());
    await clock.advance(120_000);
    let resigned = false;
    void candidate.resign().then(() => (resigned = true));
    await clock.advance(10_000);
    expect(resigned).toBe(true);
  });

  it("does not strike its own next campaign off the list", async () => {
    const { clock, client, store } = manual();
    const leases = client();
    const candidate = leases.candidate("jobs");
    await candidate.campaign();
    const gate = new Gate();
    store.onWrite = async (write, pass) => {
      if (write.kind === "release") await gate.pass();
      return pass();
    };
    const resigning = candidate.resign();
    await clock.advance(10);
    const again = candidate.campaign();
    await clock.advance(10);
    gate.open();
    await Promise.all([resigning, again]);
    await clock.advance(100_000);
    expect((await leases.candidates("jobs")).map(({ id }) => id)).toEqual([candidate.id]);
  });

  it("waits for its release, at whatever moment of the campaign it comes", async () => {
    const { clock, client, store } = manual();
    for (let turns = 0; turns < 40; turns += 1) {
      const candidate = client().candidate(`jobs-${turns}`, { register: false });
      const gate = new Gate();
      let underWay = false;
      store.onWrite = async (write, pass) => {
        underWay = write.kind === "release";
        if (underWay) await gate.pass();
        underWay = false;
        return pass();
      };
      const campaigning = candidate.campaign().catch(() => undefined);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      const resigning = candidate.resign().then(() => underWay);
      await clock.advance(10);
      gate.open();
      expect(await resigning, `after ${turns} turns`).toBe(false);
      await campaigning;
    }
  });
});

it("waits without reading, where nothing vouches for its clock, until it has watched long enough", async () => {
  const { clock, client, table } = manual();
  const leader = client();
  const running = leader.run("jobs", untilStopped);
  const store = new ProbeStore(table);
  store.dateHeader = false;
  const other = client({ clock: shifted(clock, 300_000), store, retryIntervalMs: 600_000 });
  const candidate = other.candidate("jobs", { register: false });
  const campaigning = candidate.campaign().catch(() => undefined);
  await clock.advance(60_000);
  expect(store.reads).toBeLessThanOrEqual(4);
  await candidate.resign();
  await campaigning;
  await leader.close();
  await running;
});

/** Calls back at each release, until it is disposed. */
function onReleased(callback: () => void): Disposable {
  const forget = onLeaseEvent((event) => {
    if (event === "released") callback();
  });
  return { [Symbol.dispose]: forget };
}
