import { Duration, Stack, Validations } from "aws-cdk-lib";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { type IDestination, type IFunction } from "aws-cdk-lib/aws-lambda";
import {
  type CfnSchedule,
  ContextAttribute,
  type IScheduleTarget,
  Schedule,
  type ScheduleExpression,
  ScheduleTargetInput,
} from "aws-cdk-lib/aws-scheduler";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";

/** How occurrences of a schedule reach a function. */
export interface TickDeliveryProps {
  readonly target: IFunction;
  readonly schedule: ScheduleExpression;
  readonly maxEventAge: Duration;
  readonly retryAttempts: number;
  readonly enabled?: boolean;
  readonly start?: Date;
  readonly end?: Date;
  readonly description?: string;
}

/** The schedule, and the queue for what it could not get done. */
export interface TickDelivery {
  readonly schedule: Schedule;
  /** The schedule as it is synthesized. */
  readonly resource: CfnSchedule;
  readonly deadLetterQueue: Queue;
}

/** Most attempts that Scheduler makes to hand an occurrence to Lambda; the age of the event ends them sooner. */
const MOST_DELIVERY_ATTEMPTS = 185;

/**
 * Delivers each occurrence as `{ "tick", "executionId" }`, where the tick is the *scheduled* time: every
 * delivery and retry of an occurrence carries the same one, which is how a client knows it again.
 *
 * An occurrence can fail twice over: Scheduler may not reach Lambda, and the function may fail every attempt.
 * Both end in one dead-letter queue.
 */
export function deliverTicks(scope: Construct, props: TickDeliveryProps): TickDelivery {
  const deadLetterQueue = new Queue(scope, "DeadLetters", {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  const reason =
    "This queue is the dead-letter queue, of a schedule and of a function's asynchronous invocations";
  Validations.of(deadLetterQueue).acknowledge(
    { id: "AwsSolutions-SQS3", reason },
    { id: "Serverless-SQSRedrivePolicy", reason },
  );
  Validations.of(props.target).acknowledge({
    id: "Serverless-LambdaDLQ",
    reason:
      "Its failed asynchronous invocations go to a destination, which says more than a dead-letter target does",
  });
  props.target.configureAsyncInvoke({
    retryAttempts: props.retryAttempts,
    maxEventAge: props.maxEventAge,
    onFailure: failureDestination(deadLetterQueue),
  });
  const schedule = new Schedule(scope, "Schedule", {
    schedule: props.schedule,
    target: functionTarget(scope, props, deadLetterQueue),
    enabled: props.enabled ?? true,
    ...(props.start === undefined ? {} : { start: props.start }),
    ...(props.end === undefined ? {} : { end: props.end }),
    ...(props.description === undefined ? {} : { description: props.description }),
  });
  return { schedule, resource: schedule.node.defaultChild as CfnSchedule, deadLetterQueue };
}

/** Lets the function send to the queue, and not look into it as the library's `SqsDestination` would. */
function failureDestination(queue: Queue): IDestination {
  return {
    bind: (_scope, job) => {
      queue.grant(job, "sqs:SendMessage");
      return { destination: queue.queueArn };
    },
  };
}

/**
 * A target of our own instead of the library's `LambdaInvoke`, which would let the role invoke every version
 * and alias of the function as well.
 */
function functionTarget(scope: Construct, props: TickDeliveryProps, deadLetterQueue: Queue): IScheduleTarget {
  const role = new Role(scope, "SchedulerRole", { assumedBy: schedulerOf(scope) });
  role.addToPolicy(
    new PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: [props.target.functionArn] }),
  );
  role.addToPolicy(
    new PolicyStatement({ actions: ["sqs:SendMessage"], resources: [deadLetterQueue.queueArn] }),
  );
  const config = {
    arn: props.target.functionArn,
    role,
    input: ScheduleTargetInput.fromObject({
      tick: ContextAttribute.scheduledTime,
      executionId: ContextAttribute.executionId,
    }),
    retryPolicy: {
      maximumEventAgeInSeconds: props.maxEventAge.toSeconds(),
      maximumRetryAttempts: MOST_DELIVERY_ATTEMPTS,
    },
    deadLetterConfig: { arn: deadLetterQueue.queueArn },
  };
  return { bind: () => config };
}

/** Scheduler, on behalf of this account's default schedule group only, so that nobody else's schedule can pose as ours. */
function schedulerOf(scope: Construct): ServicePrincipal {
  const stack = Stack.of(scope);
  return new ServicePrincipal("scheduler.amazonaws.com", {
    conditions: {
      StringEquals: {
        "aws:SourceAccount": stack.account,
        "aws:SourceArn": stack.formatArn({
          service: "scheduler",
          resource: "schedule-group",
          resourceName: "default",
        }),
      },
    },
  });
}
