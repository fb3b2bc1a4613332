import { Duration } from "aws-cdk-lib";
import { type Alarm, Metric, type MetricOptions, Stats } from "aws-cdk-lib/aws-cloudwatch";
import { Operation } from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";
import { AlarmSet, type AlarmSetProps, filled } from "./alarm-set.ts";
import type { ILeaseTable } from "./lease-table.ts";

/** What {@link LeaseTableAlarms} watch. */
export interface LeaseTableAlarmsProps extends AlarmSetProps {
  /** The table, made here or elsewhere. */
  readonly table: ILeaseTable;
  /**
   * From how many throttled requests on within five minutes, over all operations. The SDK tries each again; a few harm nobody.
   * @default 10
   */
  readonly throttledFrom?: number;
  /**
   * From how many failures of DynamoDB's own on within five minutes, over all operations.
   * @default 10
   */
  readonly failedFrom?: number;
}

/** What clients send to a lease table: elections the first four, with `candidates`, fenced writes the fourth, `list` the last. */
export const TABLE_OPERATIONS = [
  Operation.GET_ITEM,
  Operation.UPDATE_ITEM,
  Operation.QUERY,
  Operation.TRANSACT_WRITE_ITEMS,
  Operation.SCAN,
] as const;

/** One of DynamoDB's metrics of a table, that it keeps by operation. */
export function tableMetric(
  table: ILeaseTable,
  metricName: "ThrottledRequests" | "SystemErrors" | "SuccessfulRequestLatency",
  operation: Operation,
  props: MetricOptions = {},
): Metric {
  return new Metric({
    namespace: "AWS/DynamoDB",
    metricName,
    dimensionsMap: { TableName: table.tableName, Operation: operation },
    statistic: metricName === "SuccessfulRequestLatency" ? Stats.p(99) : Stats.SUM,
    period: Duration.minutes(5),
    label: operation,
    ...props,
  });
}

/**
 * Alarms on a lease table, by DynamoDB's own metrics: it throttles, or it fails. What a caller does wrong is not among them: DynamoDB
 * counts `UserErrors` for a whole account and region. `LeadershipAlarms` has it as `RequestsFail`, from the caller's side.
 */
export class LeaseTableAlarms extends Construct {
  /** The alarms, for a composite alarm or a dashboard. */
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: LeaseTableAlarmsProps) {
    super(scope, id);
    const { table, throttledFrom = 10, failedFrom = 10 } = props;
    const set = new AlarmSet(this, props);
    this.alarms = set.alarms;
    const period = Duration.minutes(5);
    const over = (name: "ThrottledRequests" | "SystemErrors") =>
      TABLE_OPERATIONS.map((operation) => tableMetric(table, name, operation));
    set.add("TableThrottles", {
      means:
        "DynamoDB throttles requests to the lease table: a lease gets over 1,000 writes a second, or a limit of the account is reached. Leaders may lose their terms.",
      see: "the-table-throttles",
      metric: filled(over("ThrottledRequests"), { period, label: "requests throttled" }),
      threshold: throttledFrom,
    });
    set.add("TableFails", {
      means:
        "DynamoDB fails to serve requests to the lease table, by its own fault. Leaders may lose their terms.",
      see: "the-table-throttles",
      metric: filled(over("SystemErrors"), { period, label: "requests failed by DynamoDB" }),
      threshold: failedFrom,
    });
  }
}
