import { type Attributes, type Meter, metrics, type MetricOptions } from "@opentelemetry/api";
import { invalid } from "../core/errors.ts";
import { type Names, parseKnown } from "../core/known.ts";
import { LEASE_ATTRIBUTE, type MetricEntry, type MetricKey, METRICS } from "../diagnostics/catalogue.ts";
import { onLeaseEvent } from "../diagnostics/channels.ts";
import { measurementsOf } from "../diagnostics/measurements.ts";
import { Gauges } from "./gauges.ts";

/** Options of {@link reportLeaseEvents}. Each can be left out. */
export interface ReportOptions {
  /**
   * What makes the instruments.
   * @default - the global provider's meter `leasehold`; register the provider before
   */
  readonly meter?: Meter | undefined;
  /**
   * The name of a lease in metrics; `undefined` for none of its metrics. Where there are very many leases, give several one name; the
   * shards of a group have the group's. The events of a `FenceGuard` come with its resource in place of a lease.
   * @default - the lease's own
   */
  readonly leaseName?: ((lease: string) => string | undefined) | undefined;
}

const NAMES: Names<ReportOptions> = { meter: true, leaseName: true };

/** In s: requests take milliseconds, leases last seconds to a day. Hints; a view of the SDK goes before them. */
const BOUNDARIES: Readonly<Partial<Record<MetricKey, number[]>>> = {
  renewalLatency: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  remainingAtRenewal: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600],
  clockSkew: [0.5, 1, 2, 5, 10, 30, 60, 300, 3_600],
};

/**
 * Turns what happens to the leases of this process into measurements of OpenTelemetry, from now on, and returns what stops it. Call
 * it once for each process. docs/guides/metrics.md has the instruments.
 *
 * Counters and histograms are recorded as things happen. The gauges are read when the SDK collects: whether this process leads, for how
 * long the store has served none of its requests, and how many shards of a group it led as its session was last renewed. After a
 * release, a loss or a refusal a lease is observed once more, as not led, and is then forgotten here, until something happens to it again.
 *
 * @throws {LeaseError} INVALID_ARGUMENT for an option that there is not, or that is none
 */
export function reportLeaseEvents(options: ReportOptions = {}): () => void {
  parseKnown(options, NAMES, "reportLeaseEvents");
  const { meter = metrics.getMeter("leasehold"), leaseName = (lease: string) => lease } = options;
  if (typeof meter?.createCounter !== "function") throw invalid("meter must be a Meter of OpenTelemetry");
  if (typeof leaseName !== "function") throw invalid("leaseName must be a function");
  const recorders = Object.fromEntries(
    (Object.keys(METRICS) as MetricKey[]).map((key) => [key, recorderOf(meter, key)]),
  ) as Record<MetricKey, Recorder>;
  const gauges = new Gauges();
  const unobserve = observe(meter, gauges);
  const unsubscribe = onLeaseEvent((name, event) => {
    const lease = leaseName(event.lease);
    if (lease === undefined) return;
    gauges.note(lease, name, event);
    for (const { metric, value, reason } of measurementsOf(name, event)) {
      recorders[metric](value, lease, reason);
    }
  });
  return () => {
    unsubscribe();
    unobserve();
  };
}

/** Records a value, or nothing where a gauge is read instead. */
type Recorder = (value: number, lease: string, reason: string | undefined) => void;

function recorderOf(meter: Meter, key: MetricKey): Recorder {
  const { otel }: MetricEntry = METRICS[key];
  if (otel.kind === "gauge") return () => undefined;
  const record = recordingOf(meter, key);
  const scale = otel.unit === "s" ? 1_000 : 1;
  return (value, lease, reason) => {
    const why = otel.reason === undefined || reason === undefined ? {} : { [otel.reason]: reason };
    record(value / scale, { [LEASE_ATTRIBUTE]: lease, ...why });
  };
}

function recordingOf(meter: Meter, key: MetricKey): (value: number, attributes: Attributes) => void {
  const { otel }: MetricEntry = METRICS[key];
  if (otel.kind === "counter") {
    const counter = meter.createCounter(otel.name, optionsOf(key));
    return (value, attributes) => counter.add(value, attributes);
  }
  const boundaries = BOUNDARIES[key];
  const advice = boundaries === undefined ? {} : { advice: { explicitBucketBoundaries: boundaries } };
  const histogram = meter.createHistogram(otel.name, { ...optionsOf(key), ...advice });
  return (value, attributes) => histogram.record(value, attributes);
}

function optionsOf(key: MetricKey): MetricOptions {
  const { otel, says } = METRICS[key];
  return { unit: otel.unit, description: says };
}

/** Has the gauges read whenever the SDK collects. */
function observe(meter: Meter, gauges: Gauges): () => void {
  const leader = meter.createObservableGauge(METRICS.leader.otel.name, optionsOf("leader"));
  const { timeSinceContact } = METRICS;
  const contact = meter.createObservableGauge(timeSinceContact.otel.name, optionsOf("timeSinceContact"));
  const shards = meter.createObservableGauge(METRICS.shardsLed.otel.name, optionsOf("shardsLed"));
  const all = [leader, contact, shards];
  const read: Parameters<Meter["addBatchObservableCallback"]>[0] = (result) => {
    for (const { lease, leads, shardsLed, outOfContactMs } of gauges.read()) {
      const attributes = { [LEASE_ATTRIBUTE]: lease };
      result.observe(leader, leads ? 1 : 0, attributes);
      result.observe(contact, outOfContactMs / 1_000, attributes);
      if (shardsLed !== undefined) result.observe(shards, shardsLed, attributes);
    }
  };
  meter.addBatchObservableCallback(read, all);
  return () => meter.removeBatchObservableCallback(read, all);
}
