import { expect, it } from "vitest";
import { StoreLeaseClient } from "../../lib/client/lease-client.ts";
import { InMemoryLeaseStore, ManualClock } from "../../lib/testing/index.ts";
import { untilStopped } from "../support/candidates.ts";

it("a worker leads a shard once its reservation for somebody who never came is over", async () => {
  const clock = new ManualClock();
  const store = new InMemoryLeaseStore({ clock });
  const other = new StoreLeaseClient({ store, clock });
  const came = await other.group("jobs").tryAcquire("a");
  const stepping =
    came.kind === "acquired" && came.lease.stepDown({ reserveFor: "nobody", reserveForMs: 5_000 });
  await clock.advance(20_000);
  await stepping;
  const worker = new StoreLeaseClient({ store, clock }).group("jobs").worker({ shards: ["a"], drainMs: 0 });
  const ender = new AbortController();
  const run = worker.run(untilStopped, { signal: ender.signal });
  await clock.advance(120_000);
  expect(worker.status.shards).toEqual(["a"]);
  ender.abort();
  await run;
});
