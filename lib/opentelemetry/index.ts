/** Metrics of OpenTelemetry, from the events of the lease clients in this process. Only the API is used: the SDK is yours. */
export { type ReportOptions, reportLeaseEvents } from "./report.ts";
