/*
 * What of Powertools is used here. It is told by structure and not imported: in a project that has only one of the two packages an
 * imported type would turn into `any`, unseen. test/powertools sees the real classes fit.
 */

/** A `Logger` of `@aws-lambda-powertools/logger`, or anything that logs as it does. */
export interface PowertoolsLogger {
  /** Logs a line for those who look closely. */
  debug(message: string, details: Record<string, unknown>): void;
  /** Logs a line. */
  info(message: string, details: Record<string, unknown>): void;
  /** Logs a line that somebody may want to look at. */
  warn(message: string, details: Record<string, unknown>): void;
}

/** A `Metrics` of `@aws-lambda-powertools/metrics`, or anything that makes metrics as it does. */
export interface PowertoolsMetrics {
  /** Makes what writes one metric as soon as it is added, under the namespace and default dimensions of this. */
  singleMetric(): SingleMetric;
}

/** Writes one metric as soon as it is added. */
export interface SingleMetric {
  /** Adds a set of dimensions, beside the default ones. */
  addDimensions(dimensions: Record<string, string>): unknown;
  /** Writes the metric. */
  addMetric(name: string, unit: "None" | "Count" | "Milliseconds", value: number): unknown;
}
