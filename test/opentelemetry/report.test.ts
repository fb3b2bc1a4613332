import { setTimeout as sleep } from "node:timers/promises";
import { metrics as api } from "@opentelemetry/api";
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { afterEach, describe, expect, it } from "vitest";
import { METRICS } from "../../lib/diagnostics/catalogue.ts";
import { publish } from "../../lib/diagnostics/channels.ts";
import { type ReportOptions, reportLeaseEvents } from "../../lib/opentelemetry/index.ts";
import { everythingHappens } from "../support/all-events.ts";
import { leaseErrorIn } from "../support/failures.ts";
import { manual } from "../support/manual.ts";
import { UNANSWERED } from "../support/probe-store.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** A provider of the SDK whose metrics are read when a test asks. */
function sdk(temporality = AggregationTemporality.CUMULATIVE) {
  const exporter = new InMemoryMetricExporter(temporality);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  ends.push(() => provider.shutdown());
  return {
    provider,
    /** Collects, and returns what there is of one lease. */
    collect: async (lease: string) => {
      exporter.reset();
      await provider.forceFlush();
      const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
      const data: MetricData[] = all.flatMap(({ metrics }) => metrics);
      const points = data.flatMap(({ descriptor, dataPointType, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => ({ ...descriptor, dataPointType, attributes, value })),
      );
      const ofLease = points.filter(({ attributes }) => attributes["leasehold.lease.name"] === lease);
      return {
        points: ofLease,
        valueOf: (name: string): unknown => ofLease.find((point) => point.name === name)?.value,
      };
    },
  };
}

function report(options: ReportOptions): void {
  ends.push(reportLeaseEvents(options));
}

const KINDS = {
  [DataPointType.GAUGE]: "gauge",
  [DataPointType.SUM]: "counter",
  [DataPointType.HISTOGRAM]: "histogram",
  [DataPointType.EXPONENTIAL_HISTOGRAM]: "histogram",
} as const;

describe("the instruments of OpenTelemetry", () => {
  it("are those of the catalogue, all of them, by lease, and reason where there is one", async () => {
    const { provider, collect } = sdk();
    report({ meter: provider.getMeter("test") });
    await everythingHappens("all");
    const { points } = await collect("all");
    const told = new Map(
      points.map(({ name, unit, description, dataPointType }) => [
        name,
        { name, unit, description, kind: KINDS[dataPointType] },
      ]),
    );
    const meant = Object.values(METRICS).map(({ otel: { name, unit, kind }, says: description }) => ({
      name,
      unit,
      description,
      kind,
    }));
    const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
    expect([...told.values()].sort(byName)).toEqual(meant.sort(byName));
    const reasons = points.flatMap(({ name, attributes }) =>
      Object.entries(attributes).flatMap(([key, value]) =>
        key === "leasehold.lease.name" ? [] : [`${name} ${key}=${String(value)}`],
      ),
    );
    expect(reasons.sort()).toEqual([
      "leasehold.campaigns.refused leasehold.reason=held",
      "leasehold.campaigns.refused leasehold.reason=tick-passed",
      "leasehold.clock.skew leasehold.reason=behind",
      "leasehold.renewals.failed error.type=Error",
      "leasehold.requests.failed error.type=Error",
      "leasehold.terms.lost leasehold.reason=expired",
      "leasehold.writes.fenced leasehold.reason=guard",
    ]);
  });

  it("count, and measure in seconds", async () => {
    const { provider, collect } = sdk();
    report({ meter: provider.getMeter("test") });
    const { clock, client, store } = manual();
    const lease = await client({ requestTimeoutMs: 4_000 }).acquire("seconds", { renew: "manual" });
    await clock.advance(9_000);
    store.onWrite = async (_write, pass) => {
      await clock.advance(2_500);
      return pass();
    };
    await lease.renew();
    store.onWrite = undefined;
    await lease.release();
    await client().acquire("seconds");
    const { valueOf } = await collect("seconds");
    expect(valueOf("leasehold.terms.begun")).toBe(2);
    expect(valueOf("leasehold.renewal.duration")).toMatchObject({ count: 1, sum: 2.5 });
    expect(valueOf("leasehold.renewal.remaining")).toMatchObject({ count: 1, min: expect.closeTo(3.423, 2) });
  });
});

describe("the gauges", () => {
  it("say whether this process leads, also while nothing happens, and are forgotten after its release", async () => {
    // Where values are cumulative, the SDK goes on with the last that it was told.
    const { provider, collect } = sdk(AggregationTemporality.DELTA);
    report({ meter: provider.getMeter("test") });
    const { client } = manual();
    const lease = await client().acquire("led");
    const follower = client({ holder: "bob" });
    await follower.tryAcquire("led");
    const leads = async (): Promise<unknown> => (await collect("led")).valueOf("leasehold.leader");
    expect([await leads(), await leads()]).toEqual([1, 1]);
    await lease.release();
    expect([await leads(), await leads()]).toEqual([0, undefined]);
  });

  it("forget a lease that was only refused, or lost, until something happens to it again", async () => {
    const { provider, collect } = sdk(AggregationTemporality.DELTA);
    report({ meter: provider.getMeter("test") });
    const { client } = manual();
    await client().acquire("order-1");
    const leads = async (name: string): Promise<unknown> => (await collect(name)).valueOf("leasehold.leader");
    const end = { reason: "expired", storeReachable: true, atLimit: false } as const;
    const loses = { holder: "bob", token: 1, end };
    publish("lost", { lease: "order-2", ...loses });
    expect([await leads("order-2"), await leads("order-2")]).toEqual([0, undefined]);
    // A process that never led it.
    const refuse = (): void => {
      const how = { reason: "held", leader: "ann", leaderToken: 1, retryAfterMs: 1 } as const;
      publish("refused", { lease: "order-3", holder: "bob", ...how });
    };
    refuse();
    expect([await leads("order-3"), await leads("order-3")]).toEqual([0, undefined]);
    refuse();
    expect(await leads("order-3")).toBe(0);
    // Another candidate of the process leads, and stays.
    await client({ holder: "bob" }).tryAcquire("order-1");
    expect([await leads("order-1"), await leads("order-1")]).toEqual([1, 1]);
  });

  it("know two leases of one name, and of one holder, apart", async () => {
    const { provider, collect } = sdk();
    report({ meter: provider.getMeter("test"), leaseName: () => "map" });
    const { client } = manual();
    const leases = client({ holder: "node-1" });
    const lease = await leases.candidate("map#a", { id: "node-1" }).campaign();
    await leases.candidate("map#b", { id: "node-1" }).campaign();
    await lease.release();
    expect((await collect("map")).valueOf("leasehold.leader")).toBe(1);
  });

  it("say that the store answers again, whichever lease that is heard of", async () => {
    const { provider, collect } = sdk(AggregationTemporality.DELTA);
    report({ meter: provider.getMeter("test") });
    const { clock, client, store } = manual();
    const leases = client();
    store.onWrite = async () => UNANSWERED;
    await leases.tryAcquire("x-a").catch(() => undefined);
    store.onWrite = undefined;
    await clock.advance(1_000);
    await leases.tryAcquire("x-b");
    await sleep(20);
    const contact = async (): Promise<unknown> =>
      (await collect("x-a")).valueOf("leasehold.time_since_contact");
    expect([await contact(), await contact()], "and it is forgotten, as nobody leads it").toEqual([
      0,
      undefined,
    ]);
  });

  it("say for how long the store has not answered, and grow while nothing happens", async () => {
    const { provider, collect } = sdk();
    report({ meter: provider.getMeter("test") });
    const { clock, client, store } = manual();
    const lease = await client().acquire("cut-off", { renew: "manual" });
    const silence = async (): Promise<number> =>
      Number((await collect("cut-off")).valueOf("leasehold.time_since_contact"));
    expect(await silence()).toBe(0);
    store.onWrite = async () => UNANSWERED;
    await lease.renew().catch(() => undefined);
    await clock.advance(2_000);
    await lease.renew().catch(() => undefined);
    const first = await silence();
    expect(first).toBeGreaterThanOrEqual(2);
    await sleep(20);
    expect(await silence()).toBeGreaterThan(first + 0.01);
    store.onWrite = undefined;
    await lease.renew();
    expect(await silence()).toBe(0);
    await lease.release();
  });
});

describe("of a group", () => {
  const about = { lease: "fleet", holder: "ann/1", token: 7 } as const;

  it("the instruments are as many as of a lease, however many shards it has", async () => {
    const { provider, collect } = sdk();
    report({ meter: provider.getMeter("test") });
    const session = { ...about, session: true, shards: 10_000 } as const;
    publish("acquired", { ...session, shards: 0, requests: 1, because: "vacant" });
    for (let nth = 0; nth < 10_000; nth += 1)
      publish("acquired", { ...about, shard: `${nth}`, requests: 1, because: "vacant" });
    publish("renewed", { ...session, remainingMs: 1, marginMs: 1, latencyMs: 1 });
    publish("released", { ...about, shard: "7", result: { kind: "released" }, tick: undefined });
    publish("lost", { ...about, shard: "8", end: { reason: "revoked" } });
    publish("workFailed", { ...about, shard: "9", cause: new Error("work") });
    const { points, valueOf } = await collect("fleet");
    expect(points.map(({ name }) => name).sort()).toEqual([
      "leasehold.leader",
      "leasehold.renewal.duration",
      "leasehold.renewal.remaining",
      "leasehold.shards.led",
      "leasehold.terms.begun",
      "leasehold.terms.lost",
      "leasehold.terms.released",
      "leasehold.time_since_contact",
      "leasehold.work.failed",
    ]);
    expect(valueOf("leasehold.terms.begun")).toBe(10_000);
    expect(valueOf("leasehold.shards.led")).toBe(10_000);
    expect(valueOf("leasehold.leader"), "a shard that ends does not end it").toBe(1);
  });

  it("the gauges go with the session: they say that it left, and are forgotten", async () => {
    const { provider, collect } = sdk(AggregationTemporality.DELTA);
    report({ meter: provider.getMeter("test") });
    const { client, clock } = manual();
    const group = client().group("fleet-2");
    for (const shard of ["a", "b"]) await group.acquire(shard);
    await clock.advance(5_100);
    const gauges = async (): Promise<unknown> => {
      const { valueOf } = await collect("fleet-2");
      return [valueOf("leasehold.leader"), valueOf("leasehold.shards.led")];
    };
    expect(await gauges()).toEqual([1, 2]);
    await group.close();
    expect([await gauges(), await gauges()]).toEqual([
      [0, 0],
      [undefined, undefined],
    ]);
  });
});

it("takes the meter of the global provider, and stops when it is told to", async () => {
  const { provider, collect } = sdk();
  api.setGlobalMeterProvider(provider);
  ends.push(() => api.disable());
  const stop = reportLeaseEvents();
  const { client } = manual();
  const lease = await client().acquire("global");
  stop();
  await lease.release();
  await client().acquire("global");
  const { points } = await collect("global");
  expect(points.map(({ name, value }) => [name, value])).toEqual([["leasehold.terms.begun", 1]]);
});

it("gives many leases one name, or none, as it is told", async () => {
  const { provider, collect } = sdk();
  const leaseName = (lease: string): string | undefined => (lease === "x" ? undefined : lease.split("#")[0]);
  report({ meter: provider.getMeter("test"), leaseName });
  const { client } = manual();
  for (const name of ["shards#1", "shards#2", "x"]) await client().acquire(name);
  expect((await collect("shards")).valueOf("leasehold.terms.begun")).toBe(2);
  expect((await collect("x")).points).toEqual([]);
});

it("is refused with options that there are not", () => {
  for (const options of [{ meters: 1 }, { meter: {} }, { leaseName: "a" }, null]) {
    leaseErrorIn(() => reportLeaseEvents(options as ReportOptions), "INVALID_ARGUMENT");
  }
});
