import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { type MathExpression, Metric, type MetricOptions, Stats } from "aws-cdk-lib/aws-cloudwatch";
import { EventBus, type IEventBus } from "aws-cdk-lib/aws-events";
import { type ILogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { filled } from "./alarm-set.ts";
import { refuse } from "./checks.ts";
import { keepAuditTrail, nameInAccount } from "./leadership-events-audit.ts";
import { createDeadLetters, createPipe } from "./leadership-events-pipe.ts";
import {
  type ILeadershipEvents,
  ImportedLeadershipEvents,
  type ImportedLeadershipEventsOptions,
  LeadershipEventsBase,
} from "./leadership-events-rule.ts";
import { streamOf } from "./leadership-events-stream.ts";
import type { ILeaseTable } from "./lease-table.ts";

/** How {@link LeadershipEvents} are made. */
export interface LeadershipEventsProps {
  /**
   * The table whose changes of leadership are told, of this stack's region and account. Where this app makes it, its stream is
   * turned on. An imported one needs its `tableStreamArn`. One pipe for a table: DynamoDB advises at most two readers of a
   * stream.
   */
  readonly table: ILeaseTable;
  /**
   * The bus that the events are sent to, of this stack's region and account. Several tables can share one: each event names its
   * table, and rules tell them apart. Whoever may put events on it can say that somebody
   * leads.
   * @default - a bus of its own
   */
  readonly eventBus?: IEventBus;
  /**
   * How long the audit trail is kept.
   * @default RetentionDays.TWO_YEARS
   */
  readonly auditRetention?: RetentionDays;
  /**
   * What becomes of the audit trail when it leaves the stack.
   * @default RemovalPolicy.RETAIN
   */
  readonly auditRemovalPolicy?: RemovalPolicy;
  /**
   * How long a change is worth telling while the bus or the enrichment cannot be reached: a minute to a day. What is older
   * goes to the dead-letter queue, as a note of where in the stream it is. The stream keeps records for a day.
   * @default Duration.hours(12): half a day is left to look at the record that a note tells of
   */
  readonly maxRecordAge?: Duration;
}

/** The tables that have a pipe. */
const TOLD = new WeakSet<ILeaseTable>();

/** What AWS counts of a pipe's executions that did not succeed. */
const FAILURES = ["ExecutionFailed", "ExecutionPartiallyFailed", "ExecutionTimeout", "ExecutionThrottled"];

const RECORD_AGE_BOUNDS_MS = { min: 60_000, max: 86_400_000 };

/**
 * Tells every change of leadership as an event, and keeps all of them as an audit trail of who led when.
 *
 * The events come from the table's stream, so they tell what is in the table, whatever program wrote it. They are sent at
 * least once, some seconds late, and reach targets in no sure order: they inform, and are no election. A leader that crashed is
 * told of when its successor takes over, and not before: an expiry is no write.
 *
 * No renewal leaves the table. What a leader proclaims (`value`) is in no event. Nor is anything told of groups: who leads a shard, who has
 * a permit, which workers come and go.
 */
export class LeadershipEvents extends LeadershipEventsBase {
  /**
   * Refers to events that another stack or app sends, by their bus. Where several tables are told of on it, name the one that is
   * meant: the same lease name in another table is another lease.
   * @param eventBus `EventBus.fromEventBusName(…)`, for example
   */
  static fromEventBus(
    scope: Construct,
    id: string,
    eventBus: IEventBus,
    options: ImportedLeadershipEventsOptions = {},
  ): ILeadershipEvents {
    return new ImportedLeadershipEvents(scope, id, eventBus, options);
  }

  readonly eventBus: IEventBus;
  readonly table: ILeaseTable;
  /** The audit trail: every event, as JSON. */
  readonly auditLogGroup: ILogGroup;
  /** Where notes of changes end that could not be told. Should be empty. */
  readonly deadLetterQueue: IQueue;
  readonly #pipeName: string;

  constructor(scope: Construct, id: string, props: LeadershipEventsProps) {
    super(scope, id);
    const maxRecordAge = checkRecordAge(this, props.maxRecordAge ?? Duration.hours(12));
    const { table } = props;
    const streamArn = streamOf(this, table);
    if (TOLD.has(table)) {
      refuse(
        this,
        `${table.node.path} has LeadershipEvents already, and each change would be told twice, by two readers of its stream; ` +
          "use those, or LeadershipEvents.fromEventBus for a rule in another stack",
      );
    }
    TOLD.add(table);
    const eventBus =
      props.eventBus ??
      new EventBus(this, "Bus", {
        eventBusName: nameInAccount(this),
        description: "Leasehold: changes of leadership, of every lease of a table",
      });
    this.eventBus = eventBus;
    this.table = table;
    const deadLetterQueue = createDeadLetters(this);
    this.deadLetterQueue = deadLetterQueue;
    const audit = new Construct(this, "Audit");
    this.auditLogGroup = keepAuditTrail(audit, this, {
      retention: props.auditRetention ?? RetentionDays.TWO_YEARS,
      removalPolicy: props.auditRemovalPolicy ?? RemovalPolicy.RETAIN,
      deadLetterQueue,
    });
    const pipe = createPipe(this, { table, streamArn, eventBus, deadLetterQueue, maxRecordAge });
    this.#pipeName = pipe.ref;
    pipe.node.addDependency(audit); // so that the trail has the first change, too
  }

  /**
   * Counts how often the pipe failed, wholly or in part, timed out or was throttled, per five minutes. It tries again, for as long as
   * `maxRecordAge`, and tells nobody of a change until it has succeeded. Alarm when it goes on.
   * @param props changes to the sum (`period`, `label`, `color`), and to the metrics that it adds up
   */
  metricFailures(props: MetricOptions = {}): MathExpression {
    const { label = "failures of the pipe", color, ...ofEach } = props;
    const metrics = FAILURES.map(
      (metricName) =>
        new Metric({
          namespace: "AWS/EventBridge/Pipes",
          metricName,
          dimensionsMap: { PipeName: this.#pipeName },
          statistic: Stats.SUM,
          period: Duration.minutes(5),
          ...ofEach,
        }),
    );
    const { period = Duration.minutes(5) } = ofEach;
    return filled(metrics, { period, label, ...(color === undefined ? {} : { color }) });
  }

  /**
   * Counts the notes of changes that could not be told, to the bus or to the audit trail. Alarm when it is not 0.
   * @param props changes to the metric; its statistic is the maximum unless told otherwise
   */
  metricDeadLetters(props: MetricOptions = {}): Metric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ statistic: "Maximum", ...props });
  }
}

function checkRecordAge(scope: Construct, age: Duration): Duration {
  const { min, max } = RECORD_AGE_BOUNDS_MS;
  const bounds = `whole seconds, from ${min} ms (a minute) to ${max} ms (a day)`;
  if (age.isUnresolved()) refuse(scope, `maxRecordAge is known only at deployment; give ${bounds}`);
  const ms = age.toMilliseconds({ integral: false });
  if (ms % 1_000 !== 0 || ms < min || ms > max) {
    refuse(scope, `maxRecordAge is ${ms} ms, but has to be of ${bounds}`);
  }
  return age;
}
