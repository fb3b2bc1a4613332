import { LeaseClient } from "leasehold";
import { FaultyLeaseStore, InMemoryLeaseStore, ManualClock, SeededRandom } from "leasehold/testing";

/** Shows that a standby leads after a leader that stopped renewing, in no real time at all. */
export async function standbyLeadsAfterACrash(): Promise<string> {
  const clock = new ManualClock();
  const store = new InMemoryLeaseStore({ clock });
  const [a, b] = ["a", "b"].map((holder) => new LeaseClient({ store, clock, holder }));

  await a?.tryAcquire("job", { renew: "manual" }); // never renewed again: as good as crashed
  await clock.advance(18_000);
  const result = await b?.tryAcquire("job");
  return result?.kind === "acquired" ? result.lease.holder.split("/")[0]! : "nobody";
}

/** Shows that a leader that was frozen past its term does not take itself for the leader, whatever its wall clock says. */
export async function frozenLeaderKnows(): Promise<boolean> {
  const clock = new ManualClock();
  const store = new InMemoryLeaseStore({ clock });
  const leases = new LeaseClient({ store, clock });

  const lease = await leases.acquire("job");
  clock.stepWall(-300_000); // a wall clock that is set back
  await clock.advance(10_000); // timers fire in order, promises proceed: the lease is renewed
  clock.freeze(60_000, { monotonicRuns: false }); // a Lambda freeze
  return lease.isHeld();
}

/** Leads a job twenty times over a network that loses every fifth response: how often it led, and how many were lost. */
export async function jobOnABadNetwork(seed: number): Promise<{ led: number; lost: number }> {
  const clock = new ManualClock();
  const store = new InMemoryLeaseStore({ clock });
  const random = new SeededRandom(seed);
  const faulty = new FaultyLeaseStore(store, { random, clock, faults: { lostResponse: 0.2 } });
  const leases = new LeaseClient({ store: faulty, clock });

  let led = 0;
  const twentyTimes = async (): Promise<void> => {
    for (let nth = 0; nth < 20; nth += 1) {
      const ran = await leases.run("job", async () => nth).catch(() => undefined); // no answer: it did not lead
      if (ran?.kind === "led") led += 1;
    }
  };
  const done = twentyTimes();
  await clock.advance(600_000);
  await done;
  return { led, lost: faulty.counts.lostResponse };
}
