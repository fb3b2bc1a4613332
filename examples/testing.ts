import { LeaseClient } from "leasehold";
import { InMemoryLeaseStore, ManualClock } from "leasehold/testing";

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
