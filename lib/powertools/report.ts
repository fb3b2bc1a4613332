import { parseFunction, parsePort } from "../core/callable.ts";
import { invalid } from "../core/errors.ts";
import type { LeaseEventName, LeaseEvents } from "../core/events.ts";
import { type Names, parseKnown } from "../core/known.ts";
import { type MetricEntry, DIMENSIONS, dimensionValue, METRICS } from "../diagnostics/catalogue.ts";
import { onLeaseEvent } from "../diagnostics/channels.ts";
import { type Measurement, measurementsOf } from "../diagnostics/measurements.ts";
import type { PowertoolsLogger, PowertoolsMetrics } from "./ports.ts";

/** Options of {@link reportLeaseEvents}: at least one of `logger` and `metrics`. */
export interface ReportOptions {
  /**
   * What writes the log lines.
   * @default - none: no lines are logged
   */
  readonly logger?: PowertoolsLogger | undefined;
  /**
   * What the metrics are written by, under its namespace and its default dimensions, `service` among them. What it has stored of
   * yours is neither published nor changed.
   * @default - none: no metrics are written
   */
  readonly metrics?: PowertoolsMetrics | undefined;
  /**
   * The name of a lease in metrics; `undefined` for none of its metrics. Each name costs as many metrics as are written of it: where
   * there are very many leases, give several one name; the shards of a group have the group's. The events of a `FenceGuard` come with its resource in place of a lease.
   * @default - the lease's own
   */
  readonly leaseName?: ((lease: string) => string | undefined) | undefined;
}

const NAMES: Names<ReportOptions> = { logger: true, metrics: true, leaseName: true };

const LOGGER = "a Logger of @aws-lambda-powertools/logger";
const METRICS_OF = "a Metrics of @aws-lambda-powertools/metrics";

/** Worth a look. */
const WARNINGS: ReadonlySet<LeaseEventName> = new Set([
  "lost",
  "renewalFailed",
  "requestFailed",
  "workFailed",
  "clockSkewed",
  "fenced",
]);

/**
 * Turns what happens to the leases of this process into log lines and EMF metrics, from now on, and returns what stops it. Call it
 * once for each process, outside of the handler.
 *
 * Each event is one line: at level `warn` for what was lost, refused by storage, failed or was corrected, `debug` for renewals,
 * `info` for the rest. Each metric is written **at once**, as a line of its own: an invocation that does not lead ends early, a
 * process may be killed, and a frozen environment may never thaw. Nothing is left to flush. docs/guides/metrics.md has the metrics.
 *
 * Nothing that a logger or metric throws reaches the election.
 *
 * @throws {LeaseError} INVALID_ARGUMENT for an option that there is not, and without `logger` and `metrics`
 */
export function reportLeaseEvents(options: ReportOptions): () => void {
  parseKnown(options, NAMES, "reportLeaseEvents");
  const { logger, metrics, leaseName = (lease: string) => lease } = options ?? {};
  if (logger === undefined && metrics === undefined) {
    throw invalid("reportLeaseEvents needs a logger, metrics, or both: pass those of Powertools");
  }
  if (logger !== undefined) parsePort(logger, "logger", LOGGER, ["debug", "info", "warn"]);
  if (metrics !== undefined) parsePort(metrics, "metrics", METRICS_OF, ["singleMetric"]);
  parseFunction(leaseName, "leaseName");
  return onLeaseEvent((name, event) => {
    try {
      if (logger !== undefined) log(logger, name, event);
    } finally {
      const lease = metrics === undefined ? undefined : leaseName(event.lease);
      if (metrics !== undefined && lease !== undefined) {
        for (const measurement of measurementsOf(name, event)) write(metrics, lease, measurement);
      }
    }
  });
}

function log(logger: PowertoolsLogger, name: LeaseEventName, event: LeaseEvents[LeaseEventName]): void {
  const level = WARNINGS.has(name) ? "warn" : name === "renewed" ? "debug" : "info";
  logger[level](`lease ${name}`, readable({ event: name, ...event }));
}

/**
 * Once without its reason and once with it. Not by one line with two sets of dimensions, which the format has as well: of such a line
 * Powertools warns, in a line more, that both sets have the lease.
 */
function write(metrics: PowertoolsMetrics, name: string, { metric, value, reason }: Measurement): void {
  const { emf }: MetricEntry = METRICS[metric];
  const lease = { [DIMENSIONS.lease]: dimensionValue(name) };
  const sets = [lease, ...(emf.reason === true && reason ? [{ ...lease, [DIMENSIONS.reason]: reason }] : [])];
  for (const dimensions of sets) {
    const single = metrics.singleMetric();
    single.addDimensions(dimensions);
    single.addMetric(emf.name, emf.unit, value);
  }
}

/** Errors as text, however deep: a log of JSON would show them as {}. */
function readable(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(details).map(([key, value]) => {
      if (key === "cause") return [key, textOf(value)];
      return [key, typeof value === "object" && value !== null ? readable({ ...value }) : value];
    }),
  );
}

function textOf(cause: unknown): string | undefined {
  if (cause instanceof Error) return `${cause.name}: ${cause.message}`;
  return cause === undefined || typeof cause === "string" ? cause : "no error, but something else was thrown";
}
