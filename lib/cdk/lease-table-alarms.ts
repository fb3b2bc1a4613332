import { Duration } from "aws-cdk-lib";
import { type Alarm, Metric, type MetricOptions, Stats } from "aws-cdk-lib/aws-cloudwatch";
import { Operation } from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";
import { AlarmSet, type AlarmSetProps, filled } from "./alarm-set.ts";
import { checkCount, checkSamePlace } from "./checks.ts";
import type { LeadershipEvents } from "./leadership-events.ts";
import type { ILeaseTable } from "./lease-table.ts";

/** What {@link LeaseTableAlarms} watch. */
export interface LeaseTableAlarmsProps extends AlarmSetProps {
  /** The table, made here or elsewhere, of this stack's region and account. */
  readonly table: ILeaseTable;
  /**
   * What tells the table's changes of leadership: that it fails, or has given up on a change, is alarmed as well.
   * @default - none: nothing alarms when changes of leadership are not told
   */
  readonly events?: LeadershipEvents;
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
 * Alarms on a lease table, by AWS's own metrics: it throttles, or it fails, or its changes of leadership are not told. What a caller does wrong is not among them: DynamoDB
 * counts `UserErrors` for a whole account and region. `LeadershipAlarms` has it as `RequestsFail`, from the caller's side.
 */
export class LeaseTableAlarms extends Construct {
  /** The alarms, for a composite alarm or a dashboard. */
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: LeaseTableAlarmsProps) {
    super(scope, id);
    const { table, events, throttledFrom = 10, failedFrom = 10 } = props;
    checkTable(this, table);
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
      threshold: checkCount(this, throttledFrom, "throttledFrom"),
    });
    set.add("TableFails", {
      means:
        "DynamoDB fails to serve requests to the lease table, by its own fault. Leaders may lose their terms.",
      see: "the-table-throttles",
      metric: filled(over("SystemErrors"), { period, label: "requests failed by DynamoDB" }),
      threshold: checkCount(this, failedFrom, "failedFrom"),
    });
    if (events !== undefined) addEventsAlarms(set, events);
  }
}

/** Metrics are kept in the table's region, and an alarm that looks for them elsewhere would be off for ever. */
function checkTable(scope: Construct, table: ILeaseTable): void {
  checkSamePlace(
    scope,
    table.env,
    (what, there, here) =>
      `table ${table.node.path} is in ${what} ${there}, and these alarms would be in ${here}, where CloudWatch knows nothing of ` +
      `it; make them in the table's ${what}`,
  );
}

/** How often a pipe may fail within a quarter of an hour: it tries again by itself. */
const PIPE_FAILURES = 3;

function addEventsAlarms(set: AlarmSet, events: LeadershipEvents): void {
  const period = Duration.minutes(15);
  set.add("ChangesNotTold", {
    means:
      "A change of leadership could not be told, or not be kept in the audit trail; a note of it waits in the dead-letter queue.",
    see: "changes-are-not-told",
    metric: events.metricDeadLetters({ period: Duration.minutes(5) }),
    threshold: 1,
  });
  set.add("PipeFails", {
    means:
      "The pipe fails that tells changes of leadership, times out or is throttled. It tries again; until it succeeds nobody is told, and the audit trail lacks the changes.",
    see: "changes-are-not-told",
    metric: events.metricFailures({ period }),
    threshold: PIPE_FAILURES,
  });
}
