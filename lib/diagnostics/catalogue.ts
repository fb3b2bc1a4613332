/** One thing that is measured, as each ecosystem names it. docs/guides/metrics.md has this as a table. */
export interface MetricEntry {
  /** What a value of it says. */
  readonly says: string;
  /** The metric of CloudWatch: an EMF line has its name, its unit, and the dimensions `service` and `LeaseName`. */
  readonly emf: {
    readonly name: string;
    readonly unit: "None" | "Count" | "Milliseconds";
    /** Whether it is also written under a third dimension, `Reason`. */
    readonly reason?: true;
  };
  /** The instrument of OpenTelemetry. Each has the attribute `leasehold.lease.name`. */
  readonly otel: {
    readonly name: string;
    readonly kind: "gauge" | "counter" | "histogram";
    readonly unit: string;
    /** The attribute that says why. */
    readonly reason?: "leasehold.reason" | "error.type";
  };
}

/** The dimensions of CloudWatch's metrics. `service` is what Powertools adds to every metric by itself. */
export const DIMENSIONS = { service: "service", lease: "LeaseName", reason: "Reason" } as const;

/** The attribute of OpenTelemetry that says which lease. */
export const LEASE_ATTRIBUTE = "leasehold.lease.name";

/** The namespace that the constructs look in unless told otherwise. */
export const DEFAULT_NAMESPACE = "Leasehold";

/**
 * All that is measured. Holder ids are nowhere a dimension, and shards are none either: each process, each invocation and each of ten
 * thousand shards would be another metric.
 */
export const METRICS = {
  leader: {
    says: "1 while the process leads, 0 while it does not; of a group, whether it takes part",
    emf: { name: "Leader", unit: "None" },
    otel: { name: "leasehold.leader", kind: "gauge", unit: "1" },
  },
  shardsLed: {
    says: "how many shards of a group the process leads",
    emf: { name: "ShardsLed", unit: "Count" },
    otel: { name: "leasehold.shards.led", kind: "gauge", unit: "{shard}" },
  },
  termsBegun: {
    says: "a term began",
    emf: { name: "TermsBegun", unit: "Count" },
    otel: { name: "leasehold.terms.begun", kind: "counter", unit: "{term}" },
  },
  termsTakenOver: {
    says: "the term that began was taken over from a holder that had let it run out: it crashed, or was cut off",
    emf: { name: "TermsTakenOver", unit: "Count" },
    otel: { name: "leasehold.terms.taken_over", kind: "counter", unit: "{term}" },
  },
  termsLost: {
    says: "a term ended without a release: `expired`, `superseded` or `revoked`",
    emf: { name: "TermsLost", unit: "Count", reason: true },
    otel: { name: "leasehold.terms.lost", kind: "counter", unit: "{term}", reason: "leasehold.reason" },
  },
  termsHandedOver: {
    says: "the holder began to hand over",
    emf: { name: "TermsHandedOver", unit: "Count" },
    otel: { name: "leasehold.terms.handed_over", kind: "counter", unit: "{term}" },
  },
  termsReleased: {
    says: "the holder vacated the row",
    emf: { name: "TermsReleased", unit: "Count" },
    otel: { name: "leasehold.terms.released", kind: "counter", unit: "{term}" },
  },
  workFailed: {
    says: "the work of a shard threw, and its worker gave the shard up",
    emf: { name: "WorkFailed", unit: "Count" },
    otel: { name: "leasehold.work.failed", kind: "counter", unit: "{failure}" },
  },
  campaignsRefused: {
    says: "a candidate learnt that it does not lead: `held`, `reserved`, `tick-done` or `tick-passed`",
    emf: { name: "CampaignsRefused", unit: "Count", reason: true },
    otel: {
      name: "leasehold.campaigns.refused",
      kind: "counter",
      unit: "{campaign}",
      reason: "leasehold.reason",
    },
  },
  ticksDone: {
    says: "an occurrence was recorded as done",
    emf: { name: "TicksDone", unit: "Count" },
    otel: { name: "leasehold.ticks.done", kind: "counter", unit: "{tick}" },
  },
  ticksMissed: {
    says: "an occurrence came after a later one was done, and was not led; it may be a late duplicate of one that was",
    emf: { name: "TicksMissed", unit: "Count" },
    otel: { name: "leasehold.ticks.missed", kind: "counter", unit: "{tick}" },
  },
  renewalLatency: {
    says: "how long a renewal took, from its sending to its answer",
    emf: { name: "RenewalLatency", unit: "Milliseconds" },
    otel: { name: "leasehold.renewal.duration", kind: "histogram", unit: "s" },
  },
  remainingAtRenewal: {
    says: "what was left of the term when the answer to a renewal came, before it counted",
    emf: { name: "RemainingAtRenewal", unit: "Milliseconds" },
    otel: { name: "leasehold.renewal.remaining", kind: "histogram", unit: "s" },
  },
  renewalsFailed: {
    says: "a renewal failed, and the term went on",
    emf: { name: "RenewalsFailed", unit: "Count", reason: true },
    otel: { name: "leasehold.renewals.failed", kind: "counter", unit: "{renewal}", reason: "error.type" },
  },
  requestsFailed: {
    says: "the store did not answer a request, or refused to serve it",
    emf: { name: "RequestsFailed", unit: "Count", reason: true },
    otel: { name: "leasehold.requests.failed", kind: "counter", unit: "{request}", reason: "error.type" },
  },
  timeSinceContact: {
    says: "how long the store has served no request of the client, while requests fail",
    emf: { name: "TimeSinceContact", unit: "Milliseconds" },
    otel: { name: "leasehold.time_since_contact", kind: "gauge", unit: "s" },
  },
  clockSkew: {
    says: "how wrong the wall clock was that stamped a claim, `ahead` or `behind`; the claim was corrected",
    emf: { name: "ClockSkew", unit: "Milliseconds", reason: true },
    otel: { name: "leasehold.clock.skew", kind: "histogram", unit: "s", reason: "leasehold.reason" },
  },
  fencedWrites: {
    says: "storage refused a write of an older term: `lease-row`, `high-water-mark` or `guard`",
    emf: { name: "FencedWrites", unit: "Count", reason: true },
    otel: { name: "leasehold.writes.fenced", kind: "counter", unit: "{write}", reason: "leasehold.reason" },
  },
} as const satisfies Readonly<Record<string, MetricEntry>>;

/** What is measured, by its name here. */
export type MetricKey = keyof typeof METRICS;

/** The longest value of a dimension, in characters: what an alarm can name. CloudWatch itself takes more. */
const MAX_DIMENSION = 255;

/**
 * A lease's name as the value of a dimension: 1 to 255 printable characters of ASCII, since CloudWatch drops a metric whose
 * dimensions it does not take, and an alarm cannot name longer ones. Any other character is written as `%u` and its number; what is too long is cut.
 */
export function dimensionValue(lease: string): string {
  return uncutDimension(lease).slice(0, MAX_DIMENSION);
}

/** The same, whatever its length. */
export function uncutDimension(lease: string): string {
  const plain = lease.trim() === "" ? /[^]/g : /[^\x20-\x7e]/g;
  const escaped = (unit: string): string => `%u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return lease.replaceAll(plain, escaped);
}
