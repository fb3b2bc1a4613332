export type { AlarmSetProps, RunbookPart } from "./alarm-set.ts";
export type { JobFunctionProps } from "./job-function.ts";
export { LeaderSchedule, type LeaderScheduleProps } from "./leader-schedule.ts";
export type { LeadershipDetail, LeadershipDetailType } from "./leadership-events-change.ts";
export {
  type ILeadershipEvents,
  type ImportedLeadershipEventsOptions,
  LeadershipChange,
  type OnLeadershipOptions,
} from "./leadership-events-rule.ts";
export { LeadershipEvents, type LeadershipEventsProps } from "./leadership-events.ts";
export { LeadershipAlarms, type LeadershipAlarmsProps } from "./leadership-alarms.ts";
export { LeadershipDashboard, type LeadershipDashboardProps } from "./leadership-dashboard.ts";
export {
  type LeadershipMetricName,
  LeadershipMetrics,
  type LeadershipMetricsProps,
} from "./leadership-metrics.ts";
export { LeaseTableAlarms, type LeaseTableAlarmsProps } from "./lease-table-alarms.ts";
export { LeaderStatus, type LeaderStatusProps } from "./leader-status.ts";
export {
  type ILeaseTable,
  type ImportedLeaseTableOptions,
  LeaseTable,
  type LeaseTableByArnOptions,
  type LeaseTableFromSsmOptions,
  type LeaseTableProps,
} from "./lease-table.ts";
