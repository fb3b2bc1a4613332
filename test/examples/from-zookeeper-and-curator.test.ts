import { type Lease, LeaseClient } from "leasehold";
import { InMemoryLeaseStore, ManualClock, ProcessClock, SeededRandom } from "leasehold/testing";
import { describe, expect, it } from "vitest";
import { leaderLatch, leaderSelector } from "../../examples/from-zookeeper-and-curator.ts";

function ensemble() {
  const clock = new ManualClock();
  const store = new InMemoryLeaseStore({ clock });
  const client = (holder: string): LeaseClient =>
    new LeaseClient({ store, clock, holder, random: new SeededRandom(holder.charCodeAt(0)) });
  return { clock, store, client };
}

describe("the program from ZooKeeper and Curator", () => {
  it("takes turns in the order of arrival, round and round, under rising tokens", async () => {
    const { clock, client } = ensemble();
    const stop = new AbortController();
    const turns: { readonly by: string; readonly token: number }[] = [];
    const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.timer(ms, resolve));
    const takeLeadership = async ({ holder, token }: Lease): Promise<void> => {
      turns.push({ by: holder.split("/")[0] ?? "", token });
      await wait(4_000);
    };
    const selectors = [];
    for (const id of ["a", "b", "c"]) {
      selectors.push(leaderSelector(client(id), "turns", takeLeadership, stop.signal));
      await clock.advance(500);
    }
    await clock.advance(60_000);
    stop.abort();
    await clock.advance(10_000);
    await Promise.all(selectors);

    expect(turns.length).toBeGreaterThanOrEqual(9);
    expect(turns.map(({ by }) => by).join("")).toMatch(/^(abc)+a?b?$/);
    const tokens = turns.map(({ token }) => token);
    expect(tokens).toEqual(tokens.toSorted((x, y) => x - y));
    expect(await client("o").candidates("turns")).toEqual([]);
  });

  it("goes on when the next in line has died: the lead is kept for it for a while, then anybody's", async () => {
    const { clock, store, client } = ensemble();
    const stop = new AbortController();
    const turns: number[] = [];
    const takeLeadership = async (): Promise<void> => {
      turns.push(clock.now().mono);
    };
    const process = new ProcessClock(clock, 0);
    const doomed = new LeaseClient({ store, clock: process, holder: "b" }).candidate("turns");
    const first = await client("z").acquire("turns");
    void doomed.campaign();
    await clock.advance(2_000); // it stands, and is listed
    process.kill();
    await first.release();
    const selector = leaderSelector(client("a"), "turns", takeLeadership, stop.signal);
    await clock.advance(40_000);
    stop.abort();
    await clock.advance(5_000);
    await selector;
    const gaps = turns.slice(1).map((at, i) => at - (turns[i] ?? 0));
    expect(gaps.length).toBeGreaterThan(1);
    for (const gap of gaps) {
      expect(gap).toBeGreaterThan(10_000); // reserveForMs
      expect(gap).toBeLessThan(10_000 + 2_500 + 2_000); // the grace, a second, one retry
    }
  });

  it("latches: one has it, all see who, closing passes it on, and closing for good leaves nobody", async () => {
    const { clock, client } = ensemble();
    const told: string[] = [];
    const listener = (id: string) => ({
      isLeader: () => void told.push(`${id} is`),
      notLeader: (why: string) => void told.push(`${id} ${why}`),
    });
    const latchA = leaderLatch(client("a"), "latch", listener("a"));
    await clock.advance(100);
    const latchB = leaderLatch(client("b"), "latch", listener("b"));
    await clock.advance(3_000);
    expect([latchA.hasLeadership(), latchB.hasLeadership()]).toEqual([true, false]);
    expect(await latchB.getLeader()).toMatch(/^a\//);
    expect((await latchB.getParticipants()).map(({ id }) => id.split("/")[0])).toEqual(["a", "b"]);

    const closing = latchA.close();
    await clock.advance(3_000);
    await closing;
    expect([latchA.hasLeadership(), latchB.hasLeadership()]).toEqual([false, true]);

    clock.freeze(20_000); // the whole process stands still for longer than its term
    expect(latchB.hasLeadership()).toBe(false); // no event came, the clocks tell
    await clock.advance(3_000);
    const closed = latchB.close();
    await clock.advance(1_000);
    await closed;
    expect(told).toEqual(["a is", "a stepped-down", "b is", "b expired", "b is", "b stepped-down"]);
    expect(clock.pendingTimers).toBe(0);
  });
});
