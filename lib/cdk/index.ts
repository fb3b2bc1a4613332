export type { JobFunctionProps } from "./job-function.ts";
export { LeaderSchedule, type LeaderScheduleProps } from "./leader-schedule.ts";
export type { LeadershipDetail, LeadershipDetailType } from "./leadership-events-change.ts";
export {
  type ILeadershipEvents,
  LeadershipChange,
  type OnLeadershipOptions,
} from "./leadership-events-rule.ts";
export { LeadershipEvents, type LeadershipEventsProps } from "./leadership-events.ts";
export {
  type ILeaseTable,
  type ImportedLeaseTableOptions,
  LeaseTable,
  type LeaseTableByArnOptions,
  type LeaseTableProps,
} from "./lease-table.ts";
