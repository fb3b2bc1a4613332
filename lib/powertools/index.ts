/** Log lines and metrics of CloudWatch by Powertools for AWS Lambda, from the events of the lease clients in this process. */
export { reportLeaseEvents, type ReportOptions } from "./report.ts";
export type { PowertoolsLogger, PowertoolsMetrics, SingleMetric } from "./ports.ts";
