import { expect, it } from "vitest";
import { onLeaseEvent } from "../../lib/diagnostics/channels.ts";
import { type Measurement, measurementsOf } from "../../lib/diagnostics/measurements.ts";
import { manual } from "../support/manual.ts";

/** What is measured of a lease while something is done, in order: by one process, or by all. */
async function measured(lease: string, work: () => Promise<unknown>) {
  const all: (Measurement & { readonly by: string | undefined })[] = [];
  const stop = onLeaseEvent((name, event) => {
    if (event.lease !== lease) return;
    const by = event.holder?.split("/")[0];
    for (const one of measurementsOf(name, event)) all.push({ ...one, by });
  });
  await work();
  stop();
  return {
    valuesOf: (metric: Measurement["metric"], by?: string) =>
      all.filter((one) => one.metric === metric && one.by === (by ?? one.by)).map(({ value }) => value),
    reasonsOf: (metric: Measurement["metric"]) =>
      all.filter((one) => one.metric === metric).map(({ reason }) => reason),
  };
}

it("of a group only the session says whether the process takes part, and how many shards it leads", async () => {
  const { client, clock } = manual();
  const { valuesOf, reasonsOf } = await measured("shares", async () => {
    const group = client().group("shares");
    const other = client({ holder: "bob" }).group("shares");
    const leases = [await group.acquire("a"), await group.acquire("b"), await group.acquire("c")];
    await other.tryAcquire("a"); // refused
    await leases[0]?.release();
    await clock.advance(5_100); // renewed
    await group.close();
    await other.close();
  });
  expect(valuesOf("leader", "ann")).toEqual([1, 1, 0]);
  expect(valuesOf("shardsLed", "ann")).toEqual([0, 2, 0]);
  expect(valuesOf("termsBegun")).toEqual([1, 1, 1]);
  expect(valuesOf("termsReleased")).toEqual([1, 1, 1]);
  expect(reasonsOf("campaignsRefused")).toEqual(["held"]);
  expect(valuesOf("renewalLatency")).toHaveLength(1);
});

it("a session that is lost counts as its shards, and what is taken over after it is no sign of a crash", async () => {
  const { client, clock } = manual();
  const { valuesOf, reasonsOf } = await measured("crash", async () => {
    const group = client().group("crash");
    const leases = [await group.acquire("a"), await group.acquire("b")];
    clock.freeze(20_000);
    for (const lease of leases) lease.isHeld();
    await using other = client({ holder: "bob" }).group("crash");
    for (const shard of ["a", "b"]) await other.acquire(shard);
  });
  expect(reasonsOf("termsLost")).toEqual(["expired", "expired"]);
  expect(valuesOf("termsBegun")).toHaveLength(4);
  expect(valuesOf("termsTakenOver")).toEqual([]);
  expect(valuesOf("leader")).toEqual([1, 0, 1, 0]);
});

it("a permit that cannot be had does not say that a process left which has one", async () => {
  const { client } = manual();
  const { valuesOf } = await measured("permits", async () => {
    const semaphore = client().semaphore("permits", { permits: 1 });
    await semaphore.tryAcquire();
    expect((await semaphore.tryAcquire()).kind).toBe("refused");
    expect((await client({ holder: "bob" }).semaphore("permits", { permits: 1 }).tryAcquire()).kind).toBe(
      "refused",
    );
    await semaphore.close();
  });
  expect(valuesOf("leader")).toEqual([1, 0]);
  expect(valuesOf("campaignsRefused")).toEqual([1, 1]);
});
