export type { JobFunctionProps } from "./job-function.ts";
export { LeaderSchedule, type LeaderScheduleProps } from "./leader-schedule.ts";
export {
  type ILeaseTable,
  type ImportedLeaseTableOptions,
  LeaseTable,
  type LeaseTableByArnOptions,
  type LeaseTableProps,
} from "./lease-table.ts";
