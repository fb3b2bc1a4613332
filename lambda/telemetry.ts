import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit, Metrics } from "@aws-lambda-powertools/metrics";
import { reportLeaseEvents } from "../lib/powertools/index.ts";

/** The function's logger. The lease client itself never logs: it publishes events. */
export const logger = new Logger();

/** Where to, and as which service, is for the deployment to say: POWERTOOLS_METRICS_NAMESPACE and POWERTOOLS_SERVICE_NAME. */
const metrics = new Metrics();

/** What happens to the leases of this process becomes log lines and metrics, from the loading of this module on. */
reportLeaseEvents({ logger, metrics });

/** Publishes a metric of the job's own, at once: whatever ends the invocation, it is written. */
export function countMetric(name: string, count: number): void {
  metrics.singleMetric().addMetric(name, MetricUnit.Count, count);
}
