import { Duration, Stack } from "aws-cdk-lib";
import type { Metric, MetricOptions } from "aws-cdk-lib/aws-cloudwatch";
import type { Rule } from "aws-cdk-lib/aws-events";
import type { Function as LambdaFunction, IFunction } from "aws-cdk-lib/aws-lambda";
import type { ISchedule, ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { leaseVariables } from "../dynamodb/lease-environment.ts";
import { checkDuration, checkLeaseName, recoveryMs, refuse } from "./checks.ts";
import { checkNode, createJobFunction, DEFAULT_TIMEOUT, type JobFunctionProps } from "./job-function.ts";
import type { ILeadershipEvents } from "./leadership-events-rule.ts";
import { wakeOnRelease } from "./leadership-events-wake.ts";
import { claimLease } from "./lease-claims.ts";
import type { ILeaseTable } from "./lease-table.ts";
import { schedulePeriod } from "./schedule-period.ts";
import {
  checkEnvironment,
  checkPeriod,
  checkRetries,
  checkTimeout,
  MOST_RETRIES,
  SHORTEST_TIMEOUT_MS,
  worthwhileAge,
} from "./schedule-checks.ts";
import { longestGap } from "./schedule-gap.ts";
import { tableSeenFrom } from "./table-location.ts";
import { deliverTicks } from "./tick-delivery.ts";

/** How a {@link LeaderSchedule} is made: an election, a schedule, and either an `entry` or a `handler`. */
export interface LeaderScheduleProps extends Partial<JobFunctionProps> {
  /**
   * The table that the function contends in. In another region the function gets its ARN and talks to that region; where
   * the table has a replica in the schedule's region, it talks to the replica.
   */
  readonly table: ILeaseTable;
  /** The lease that whoever runs the job has to hold: 1 to 2,048 bytes. Other holders of it count too. */
  readonly leaseName: string;
  /**
   * When the job is due. Two occurrences must be at least as far apart as a crash takes to be followed (`recoveryBoundMs`
   * of the `duration` at the client's defaults: 21.5 s for 15 s, 67.2 s for a minute), so that a leader that crashed costs
   * at most one of them. So must be the occurrences of two schedules on one lease, and none may be due during the other's
   * `timeout`.
   */
  readonly schedule: ScheduleExpression;
  /**
   * The time before which the job is not due. Scheduler refuses one that is more than five minutes past when the
   * schedule is created or changed. Not for one-time schedules.
   * @default - none: from its deployment on
   */
  readonly start?: Date;
  /**
   * The time after which the job is not due any more. Not for one-time schedules.
   * @default - none
   */
  readonly end?: Date;
  /**
   * How long a term lasts without renewal: a second to a day, in whole milliseconds.
   * @default Duration.seconds(15)
   */
  readonly duration?: Duration;
  /**
   * A function to schedule, in place of `entry`. It keeps its memory, timeout and logs, gets the three
   * environment variables, the grant and the retries, and must have no asynchronous configuration of its own.
   * It must be made in this stack: the environment of an imported function, a version or an alias cannot be set. On Node it must run
   * on 22 or later; what a container image or another language runs is not looked at.
   * @default - a function made from `entry`
   */
  readonly handler?: IFunction;
  /**
   * How often Lambda tries an occurrence again after a failed run: 0 to 2. A client records an occurrence as
   * done only when its work succeeded, so the retry after a crash does the work, and the retry of work that
   * another run has finished meanwhile is refused as `tick-done` for the price of one write.
   * @default 2
   */
  readonly retryAttempts?: number;
  /**
   * How long an occurrence is worth delivering: a minute to six hours, in whole seconds, applied to Scheduler's attempts and again
   * to Lambda's.
   * @default - the schedule's period, but at least what two retries take (5 minutes and two timeouts), at most
   * 6 hours
   */
  readonly maxEventAge?: Duration;
  /**
   * Whether the schedule fires.
   * @default true
   */
  readonly enabled?: boolean;
}

const FUNCTION_ONLY = [
  "timeout",
  "memorySize",
  "environment",
  "runtime",
  "architecture",
  "tracing",
  "vpc",
  "vpcSubnets",
  "securityGroups",
  "logRetention",
  "logRemovalPolicy",
  "bundling",
  "depsLockFilePath",
] as const;

/**
 * Runs a function on a schedule so that each occurrence is led once, although EventBridge Scheduler and
 * Lambda's queue both deliver at least once.
 *
 * The function is invoked with `{ "tick": "<scheduled time>", "executionId": "…" }` and reads its election with
 * `leaseEnvironment()`, from `LEASE_TABLE_NAME`, `LEASE_NAME` and `LEASE_DURATION_MS`. It has to hold the lease while it works
 * (`leaderOnly` or `withLeadership`): the construct brings about the conditions, not the election.
 */
export class LeaderSchedule extends Construct {
  /** The function that contends and, when it leads, works. */
  readonly function: IFunction;
  /** Where occurrences end that Scheduler could not deliver or that failed every attempt. Should be empty. */
  readonly deadLetterQueue: IQueue;
  /** The schedule. */
  readonly schedule: ISchedule;
  /** The lease that the function has to hold. */
  readonly leaseName: string;
  /**
   * The longest time from one occurrence to the next, the same on whatever day it is synthesized: of a job that pauses for half of
   * each year it is that half. `undefined` where the schedule is disabled, fires once or on one day alone, or is in a form that is
   * not understood. `start` and `end` do not count, nor do the times before the first and after the last year of a `cron()`.
   */
  readonly longestGap: Duration | undefined;
  /** How long one run may take. */
  readonly timeout: Duration;
  readonly #table: ILeaseTable;

  constructor(scope: Construct, id: string, props: LeaderScheduleProps) {
    super(scope, id);
    const leaseName = checkLeaseName(this, props.leaseName, "leaseName");
    const durationMs = checkDuration(this, props.duration);
    const period = schedulePeriod(props.schedule.expressionString, props.schedule.timeZone?.timezoneName);
    checkPeriod(this, period, props.schedule.expressionString, durationMs);
    checkRetries(this, props);

    const { table, tableName } = tableSeenFrom(this, props.table);
    const election = leaseVariables({ tableName, name: leaseName, durationMs });
    checkEnvironment(this, props.environment, Object.keys(election));
    checkTimeout(this, timeoutOf(props), period, props.schedule.expressionString);
    this.function = electedFunction(this, props, election);
    table.grantCampaign(this.function, leaseName);

    const delivery = deliverTicks(this, {
      target: this.function,
      schedule: props.schedule,
      maxEventAge: props.maxEventAge ?? worthwhileAge(period, timeoutMsOf(props)),
      retryAttempts: props.retryAttempts ?? MOST_RETRIES,
      ...(props.enabled === undefined ? {} : { enabled: props.enabled }),
      ...(props.start === undefined ? {} : { start: props.start }),
      ...(props.end === undefined ? {} : { end: props.end }),
      ...(props.description === undefined ? {} : { description: props.description }),
    });
    this.leaseName = leaseName;
    this.#table = props.table;
    this.longestGap = props.enabled === false ? undefined : longestGap(props.schedule);
    this.timeout = Duration.millis(timeoutMsOf(props));
    this.deadLetterQueue = delivery.deadLetterQueue;
    this.schedule = delivery.schedule;
    claimLease({
      scope: this,
      table: props.table,
      leaseName,
      schedule: delivery.resource,
      neededMs: Math.max(recoveryMs(durationMs), timeoutMsOf(props)),
    });
  }

  /**
   * Counts the occurrences that were given up and wait in the dead-letter queue. Alarm when it is not 0.
   * @param props changes to the metric; its statistic is the maximum unless told otherwise
   */
  metricDeadLetters(props: MetricOptions = {}): Metric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ statistic: "Maximum", ...props });
  }

  /**
   * Runs the job, beside its schedule, whenever one of these leases is released. The function gets the event, which has no
   * `tick`: it leads without an occurrence, so each delivery of the event is a run of its own, and the schedule's next
   * occurrence is led as ever. The job has to do no harm by running once more.
   * @param events of the job's own table or of another. `fromEventBus` without a `tableArn` may be of any: then what would be refused
   *   of the job's table brings a warning
   * @param leaseNames others than the job's own, whose releases are its own; jobs that would wake each other in a circle are refused
   */
  wakeOnRelease(events: ILeadershipEvents, ...leaseNames: string[]): Rule {
    const { leaseName: name, function: job, deadLetterQueue } = this;
    const lease = { table: this.#table, name };
    return wakeOnRelease(this, { function: job, lease, deadLetterQueue }, events, leaseNames);
  }
}

function electedFunction(
  scope: LeaderSchedule,
  props: LeaderScheduleProps,
  election: Readonly<Record<string, string>>,
): IFunction {
  const { entry, handler } = props;
  if ((entry === undefined) === (handler === undefined)) {
    refuse(scope, `give either entry or handler, ${entry === undefined ? "neither was" : "not both"} given`);
  }
  if (handler === undefined) {
    const environment = { ...props.environment, ...election };
    return createJobFunction(scope, "Function", { ...props, entry: entry ?? "", environment });
  }
  const misplaced = FUNCTION_ONLY.filter((property) => props[property] !== undefined);
  if (misplaced.length > 0) {
    refuse(scope, `${misplaced.join(", ")} would not reach the given handler; set it on the handler itself`);
  }
  if (!isMadeHere(handler)) {
    return refuse(
      scope,
      `handler is ${handler.node.path}, whose environment cannot be set here: it is an imported function, a version or ` +
        "an alias. Give a function that this app makes, so that it runs with the election that was checked",
    );
  }
  checkStack(scope, handler);
  checkNode(scope, handler.runtime, `the runtime of handler ${handler.node.path}`);
  for (const [name, value] of Object.entries(election)) handler.addEnvironment(name, value);
  return handler;
}

/** The schedule needs the function, and the function needs the dead-letter queue: in two stacks each would need the other first. */
function checkStack(scope: Construct, handler: IFunction): void {
  const [here, there] = [Stack.of(scope), Stack.of(handler)];
  if (here === there) return;
  refuse(
    scope,
    `handler is ${handler.node.path}, of the stack ${there.node.path}, and this schedule is in ${here.node.path}: each stack would have to be ` +
      "deployed before the other; make the schedule in the handler's stack",
  );
}

/** By what it can do and not by its class, since an app may hold another copy of the library. */
function isMadeHere(handler: IFunction): handler is LambdaFunction {
  return "addEnvironment" in handler && typeof handler.addEnvironment === "function";
}

function timeoutOf({ handler, timeout }: LeaderScheduleProps): Duration {
  if (handler === undefined) return timeout ?? DEFAULT_TIMEOUT;
  return (isMadeHere(handler) ? handler.timeout : undefined) ?? Duration.millis(SHORTEST_TIMEOUT_MS);
}

function timeoutMsOf(props: LeaderScheduleProps): number {
  const timeout = timeoutOf(props);
  return (timeout.isUnresolved() ? DEFAULT_TIMEOUT : timeout).toMilliseconds();
}
