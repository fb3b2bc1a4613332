import { describe, expect, it } from "vitest";
import { StoreLeaseClient } from "../../lib/client/lease-client.ts";
import { parseTiming, recoveryBoundMs } from "../../lib/core/timing.ts";
import { InMemoryLeaseStore } from "../../lib/testing/in-memory-store.ts";
import { ManualClock } from "../../lib/testing/manual-clock.ts";
import { SeededRandom } from "../../lib/testing/seeded-random.ts";
import { ProcessClock } from "../support/process-clock.ts";

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

/** A leader that crashes at some moment of its term; what follows it is up to the test. */
async function crashed(seed: number, wrongByMs: number) {
  const random = new SeededRandom(seed);
  const clock = new ManualClock({ startAt: 1_767_225_600_000 + Math.floor(random.fraction() * 1_000) });
  const store = new InMemoryLeaseStore({ clock });
  const process = (): ProcessClock => {
    const own = new ProcessClock(clock);
    own.stepWall(Math.round((2 * random.fraction() - 1) * wrongByMs));
    return own;
  };
  let alive = true;
  const mortal = {
    ...methodsOf(store),
    write: (...args: Parameters<typeof store.write>) =>
      alive ? store.write(...args) : new Promise<never>(() => {}),
  };
  const leader = new StoreLeaseClient({ store: mortal, clock: process(), random, holder: "leader" });
  await leader.acquire("jobs");
  const dies = async (): Promise<void> => {
    await clock.advance(random.fraction() * 20_000);
    alive = false;
  };
  return { clock, store, random, process, dies };
}

function methodsOf(store: InMemoryLeaseStore) {
  return {
    read: (name: string) => store.read(name),
    rows: (name: string, prefix: string) => store.rows(name, prefix),
    list: () => store.list(),
  };
}

describe("after a crash another candidate leads within the documented bound", () => {
  it("where it stays and looks seldom, and clocks are right", async () => {
    const retryIntervalMs = 10_000;
    const bound = recoveryBoundMs(parseTiming({ retryIntervalMs }));
    for (const seed of SEEDS) {
      const { clock, store, random, process, dies } = await crashed(seed, 0);
      const options = { store, clock: process(), random, retryIntervalMs };
      const candidate = new StoreLeaseClient(options).candidate("jobs", { register: false });
      const campaigning = candidate.campaign();
      await dies();
      const since = clock.now().mono;
      while (candidate.lease === undefined && clock.now().mono - since < 60_000) await clock.advance(50);
      expect(clock.now().mono - since, `seed ${seed}`).toBeLessThanOrEqual(bound);
      await (await campaigning).release();
    }
  });

  it("where it remembers nothing from try to try, and every clock is wrong by up to 3 s", async () => {
    const bound = recoveryBoundMs(parseTiming({}));
    let longest = 0;
    for (const seed of SEEDS) {
      const { clock, store, random, process, dies } = await crashed(seed, 3_000);
      await dies();
      const since = clock.now().mono;
      for (;;) {
        const client = new StoreLeaseClient({ store, clock: process(), random });
        if ((await client.tryAcquire("jobs")).kind === "acquired") break;
        await clock.advance(2_000);
      }
      longest = Math.max(longest, clock.now().mono - since);
      expect(clock.now().mono - since, `seed ${seed}`).toBeLessThanOrEqual(bound);
    }
    expect(longest, "the bound is not far from what happens").toBeGreaterThan(bound - 4_000);
  });
});
