import { describe, expect, it } from "vitest";
import { epochMs } from "../../lib/core/units.ts";
import {
  type FaultRates,
  FaultyLeaseStore,
  InMemoryLeaseStore,
  ManualClock,
  SeededRandom,
} from "../../lib/testing/index.ts";
import { ProcessClock } from "../../lib/testing/process-clock.ts";
import { leaseErrorOf } from "../support/failures.ts";

const NONE: FaultRates = {
  lostRequest: 0,
  lostResponse: 0,
  lateDuplicate: 0,
  delay: 0,
  throttle: 0,
  pause: 0,
  crash: 0,
  skew: 0,
};

const write = (name: string) =>
  ({
    kind: "claim",
    name,
    writeId: "w",
    expects: { vacant: true },
    set: { holder: "ann", token: 5, durationMs: 1 },
    clear: [],
    beginsTerm: true,
  }) as const;

describe("a manual clock", () => {
  it("stands still until it is moved, both its clocks together", async () => {
    const clock = new ManualClock({ startAt: 1_000_000 });
    const begun = clock.now();
    expect(begun.wall).toBe(1_000_000);
    expect(clock.now()).toEqual(begun);
    await clock.advance(250);
    expect(clock.now().mono - begun.mono).toBe(250);
    expect(clock.now().wall - begun.wall).toBe(250);
  });

  it("fires timers when they come due, in order, each at its own time", async () => {
    const clock = new ManualClock();
    const begun = clock.now().mono;
    const fired: [string, number][] = [];
    const note = (what: string) => () => fired.push([what, clock.now().mono - begun]);
    clock.timer(300, note("third"));
    clock.timer(100, note("first"));
    clock.timer(100, note("second"));
    clock.timer(301, note("never"));
    await clock.advance(300);
    expect(fired).toEqual([
      ["first", 100],
      ["second", 100],
      ["third", 300],
    ]);
    expect(clock.pendingTimers).toBe(1);
  });

  it("fires what a timer sets within the same stretch of time, and lets promises proceed in between", async () => {
    const clock = new ManualClock();
    const begun = clock.now().mono;
    const fired: number[] = [];
    const tick = async (): Promise<void> => {
      for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
      fired.push(clock.now().mono - begun);
      clock.timer(100, () => void tick());
    };
    clock.timer(100, () => void tick());
    await clock.advance(450);
    expect(fired).toEqual([100, 200, 300, 400]);
  });

  it("does not fire a timer that was cancelled, before or by another", async () => {
    const clock = new ManualClock();
    const fired: string[] = [];
    const cancel = clock.timer(20, () => fired.push("cancelled"));
    clock.timer(10, () => {
      fired.push("cancels");
      cancel();
    });
    cancel();
    await clock.advance(100);
    expect(fired).toEqual(["cancels"]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("fires no timer while the process is frozen, and those that came due once it thaws", async () => {
    const clock = new ManualClock();
    let fired = 0;
    clock.timer(1_000, () => (fired += 1));
    clock.freeze(5_000);
    expect(fired).toBe(0);
    await clock.advance(0);
    expect(fired).toBe(1);
  });

  it("freezes with its monotonic clock standing still, when asked; the wall clock tells", async () => {
    const clock = new ManualClock();
    const begun = clock.now();
    let fired = 0;
    clock.timer(1_000, () => (fired += 1));
    clock.freeze(60_000, { monotonicRuns: false });
    expect(clock.now().mono).toBe(begun.mono);
    expect(clock.now().wall - begun.wall).toBe(60_000);
    await clock.advance(999);
    expect(fired, "timers go by the monotonic clock").toBe(0);
    await clock.advance(1);
    expect(fired).toBe(1);
  });

  it("steps its wall clock alone", () => {
    const clock = new ManualClock();
    const begun = clock.now();
    clock.stepWall(-3_600_000);
    expect(clock.now().mono).toBe(begun.mono);
    expect(clock.now().wall - begun.wall).toBe(-3_600_000);
  });

  it("treats a negative time as none", async () => {
    const clock = new ManualClock();
    const begun = clock.now();
    let fired = 0;
    clock.timer(-5, () => (fired += 1));
    await clock.advance(-10);
    expect(clock.now()).toEqual(begun);
    await clock.advance(0);
    expect(fired).toBe(1);
  });
});

describe("seeded chance", () => {
  const draws = (seed: number) => {
    const random = new SeededRandom(seed);
    return Array.from({ length: 200 }, () => random.fraction());
  };

  it("is the same for the same seed, and another for another", () => {
    expect(draws(7)).toEqual(draws(7));
    expect(draws(7)).not.toEqual(draws(8));
  });

  it("is spread over 0 up to but not including 1", () => {
    const all = [1, 2, 3, 4, 5].flatMap(draws);
    expect(all.every((draw) => draw >= 0 && draw < 1)).toBe(true);
    const tenths = new Set(all.map((draw) => Math.floor(draw * 10)));
    expect(tenths.size).toBe(10);
    expect(all.reduce((sum, draw) => sum + draw, 0) / all.length).toBeCloseTo(0.5, 1);
  });

  it("makes ids of 96 bits that do not repeat", () => {
    const random = new SeededRandom(3);
    const ids = Array.from({ length: 5_000 }, () => random.id());
    expect(new Set(ids).size).toBe(5_000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{24}$/);
  });
});

describe("a lease table in memory", () => {
  it("counts requests, and nothing else as one", async () => {
    const store = new InMemoryLeaseStore();
    await store.write(write("a"));
    await store.write(write("a"));
    await store.read("a");
    for await (const _ of store.list()) break;
    store.peek("a");
    store.delete("a");
    expect(store.requests).toBe(4);
  });

  it("shows service time to the second by the clock that it is given", async () => {
    const clock = new ManualClock({ startAt: 1_767_225_600_999 });
    const store = new InMemoryLeaseStore({ clock });
    expect((await store.read("a")).servedAt).toBe(1_767_225_600_000);
    await clock.advance(1);
    expect((await store.read("a")).servedAt).toBe(1_767_225_601_000);
  });

  it("shows none when told not to", async () => {
    const store = new InMemoryLeaseStore({ dateHeader: false });
    expect((await store.read("a")).servedAt).toBeUndefined();
    expect(await store.write(write("a"))).toMatchObject({ kind: "written", servedAt: undefined });
    for await (const page of store.list()) expect(page.servedAt).toBeUndefined();
  });

  it("deletes and restores rows, as TTL, an operator or a backup would", async () => {
    const store = new InMemoryLeaseStore();
    await store.write(write("a"));
    const row = store.peek("a");
    if (row === undefined) throw new Error("no row");
    store.delete("a");
    expect(store.peek("a")).toBeUndefined();
    store.restore({ ...row, token: 99, expiresAt: epochMs(7) });
    expect((await store.read("a")).record).toEqual({ ...row, token: 99, expiresAt: 7 });
  });

  it("keeps what it holds from whoever reads it or put it there", async () => {
    const store = new InMemoryLeaseStore();
    const value = { hosts: ["a"] };
    const proclaim = { ...write("a"), set: { ...write("a").set, value } };
    const outcome = await store.write(proclaim);
    value.hosts.push("by the writer");
    if (outcome.kind === "written") (outcome.record.value as typeof value).hosts.push("by its answer");
    const { record } = await store.read("a");
    (record?.value as typeof value | undefined)?.hosts.push("by a reader");
    expect((await store.read("a")).record?.value).toEqual({ hosts: ["a"] });
  });

  it("holds the rows of candidates beside a lease's, which its list does not show, and counts asking for them", async () => {
    const clock = new ManualClock({ startAt: 1_767_225_600_999 });
    const store = new InMemoryLeaseStore({ clock });
    await store.write({ ...write("a"), row: "candidate#bob", kind: "register" });
    const { records, servedAt } = await store.rows("a", "candidate#");
    expect(records).toMatchObject([{ name: "a", holder: "ann", revision: 1 }]);
    expect(servedAt).toBe(1_767_225_600_000);
    expect(store.peek("a"), "the lease itself has no record").toBeUndefined();
    for await (const page of store.list()) expect(page.records).toEqual([]);
    expect(store.requests).toBe(3);
    (records[0] as { holder?: string }).holder = "eve";
    expect((await store.rows("a", "candidate#")).records).toMatchObject([{ holder: "ann" }]);
  });

  it("lets a write ride that leaves no trace in the revision", async () => {
    const store = new InMemoryLeaseStore();
    await store.write(write("a"));
    const ask = { ...write("a"), writeId: "w-2", expects: { holder: "ann" }, beginsTerm: false };
    await store.write({ ...ask, kind: "request", set: { requestedBy: "bob" }, piggybacks: true });
    expect(store.peek("a")).toMatchObject({ requestedBy: "bob", revision: 1, writeId: "w", transitions: 1 });
  });
});

describe("a network that loses, delays and repeats", () => {
  it("delivers what a process had sent before it was killed or paused, and a late copy of it", async () => {
    const shared = new ManualClock();
    const inner = new InMemoryLeaseStore({ clock: shared });
    const call = { signal: new AbortController().signal };
    const [killed, paused] = [new ProcessClock(shared, 0), new ProcessClock(shared, 0)];
    const through = (clock: ProcessClock): FaultyLeaseStore => {
      const faults = { ...NONE, delay: 1, lateDuplicate: 1 };
      return new FaultyLeaseStore(inner, { random: new SeededRandom(1), clock, network: shared, faults });
    };
    let answers = 0;
    void through(killed).write(write("a"), call);
    void through(paused)
      .write(write("b"), call)
      .then(() => (answers += 1));
    killed.kill();
    paused.pause();
    await shared.advance(60_000);
    expect([inner.peek("a")?.holder, inner.peek("b")?.holder, answers]).toEqual(["ann", "ann", 0]);
    expect(inner.requests, "each twice").toBe(4);
    paused.resume();
    await shared.advance(60_000);
    expect(answers).toBe(1);
  });

  it("tells a process that was killed meanwhile nothing, not even that it was turned away", async () => {
    const shared = new ManualClock();
    const process = new ProcessClock(shared, 0);
    const faulty = new FaultyLeaseStore(new InMemoryLeaseStore({ clock: shared }), {
      random: new SeededRandom(1),
      clock: process,
      network: shared,
      faults: { ...NONE, throttle: 1 },
    });
    let told = 0;
    const call = { signal: new AbortController().signal };
    faulty.write(write("a"), call).catch(() => (told += 1));
    process.kill();
    await shared.advance(60_000);
    expect(told).toBe(0);
  });

  it("loses, delays and turns away a look at who stands as any other request", async () => {
    const clock = new ManualClock();
    const inner = new InMemoryLeaseStore({ clock });
    const call = { signal: new AbortController().signal };
    const faulty = (faults: FaultRates) =>
      new FaultyLeaseStore(inner, { random: new SeededRandom(1), clock, faults: { ...NONE, ...faults } });
    const state = { lost: "nothing yet", slow: "nothing yet" };
    void faulty({ lostRequest: 1 })
      .rows("a", "candidate#", call)
      .then(() => (state.lost = "answered"));
    void faulty({ delay: 1 })
      .rows("a", "candidate#", call)
      .then(() => (state.slow = "answered"));
    await clock.advance(10);
    expect(state.slow).toBe("nothing yet");
    await clock.advance(40_000);
    expect(state).toEqual({ lost: "nothing yet", slow: "answered" });
    const refused = faulty({ throttle: 1 }).rows("a", "candidate#", call);
    const error = leaseErrorOf(refused, "STORE_UNAVAILABLE");
    await clock.advance(1_000);
    await error;
  });
});
