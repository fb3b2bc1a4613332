import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit, Metrics } from "@aws-lambda-powertools/metrics";
import { type LeaseEventName, type LeaseEvents, onLeaseEvent } from "../lib/index.ts";

/** The function's logger. The lease client itself never logs: it publishes events. */
export const logger = new Logger({ serviceName: "number-invoices" });

const metrics = new Metrics({ namespace: "Leasehold", serviceName: "number-invoices" });

/** Publishes one metric, at once: an invocation that does not lead ends before anything could flush it. */
export function countMetric(name: string, count: number): void {
  metrics.singleMetric().addMetric(name, MetricUnit.Count, count);
}

/**
 * Turns what happens to the leases of this process into log lines and metrics, from now on. One line an
 * event, with everything that the event says; renewals are too many for that and are logged at debug level.
 */
export function reportLeaseEvents(): void {
  onLeaseEvent((name, event) => {
    const details = describe(event);
    if (WORTH_A_WARNING.has(name)) logger.warn(`lease ${name}`, details);
    else if (name === "renewed") logger.debug(`lease ${name}`, details);
    else logger.info(`lease ${name}`, details);
    const metric = METRICS[name];
    if (metric !== undefined) countMetric(metric, 1);
  });
}

const WORTH_A_WARNING: ReadonlySet<LeaseEventName> = new Set(["lost", "renewalFailed", "clockSkewed"]);

const METRICS: Readonly<Partial<Record<LeaseEventName, string>>> = {
  acquired: "TermsBegun",
  refused: "CampaignsRefused",
  renewalFailed: "RenewalsFailed",
  lost: "TermsLost",
  clockSkewed: "ClocksSkewed",
};

/** The event with an error in it made readable for a log. */
function describe(event: LeaseEvents[LeaseEventName]): Record<string, unknown> {
  const cause = "cause" in event ? { cause: String(event.cause) } : {};
  return { ...event, ...cause };
}
