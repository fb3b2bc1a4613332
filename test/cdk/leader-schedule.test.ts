import { App, CfnParameter, Duration, Lazy, Stack } from "aws-cdk-lib";
import { Annotations, Match, Template } from "aws-cdk-lib/assertions";
import { CfnRole } from "aws-cdk-lib/aws-iam";
import { Code, Function as LambdaFunction, type IFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import { describe, expect, it } from "vitest";
import { LEASE_DURATION_BOUNDS_MS, leaseEnvironment } from "../../lib/dynamodb/lease-environment.ts";
import { LeaderSchedule, type LeaderScheduleProps, LeaseTable } from "../../lib/cdk/index.ts";
import { parseTiming } from "../../lib/core/timing.ts";
import { deployed, isAllowed } from "../support/iam.ts";

const SCHEDULE = "AWS::Scheduler::Schedule";
const rate = (minutes: number) => ScheduleExpression.rate(Duration.minutes(minutes));

interface Made {
  readonly stack: Stack;
  readonly job: LeaderSchedule;
  readonly template: () => Template;
}

function make(props: Partial<LeaderScheduleProps> = {}, timeout?: Duration): Made {
  const stack = new Stack(new App(), "Test");
  const handler = new LambdaFunction(stack, "Handler", {
    runtime: Runtime.NODEJS_24_X,
    handler: "index.handler",
    code: Code.fromInline("exports.handler = async () => {};"),
    ...(timeout === undefined ? {} : { timeout }),
  });
  const table = LeaseTable.fromTableName(stack, "Leases", "leases");
  const job = new LeaderSchedule(stack, "Job", {
    table,
    leaseName: "nightly-close",
    schedule: rate(5),
    handler,
    ...props,
  });
  return { stack, job, template: () => Template.fromStack(stack) };
}

function roleOf(job: IFunction): string {
  const resource = job.role?.node.defaultChild;
  if (!(resource instanceof CfnRole)) throw new Error("the function has no role");
  return Stack.of(job).getLogicalId(resource);
}

describe("a leader schedule", () => {
  it("passes the scheduled time as the tick, so that every delivery of an occurrence carries the same one", () => {
    make()
      .template()
      .hasResourceProperties(SCHEDULE, {
        ScheduleExpression: "rate(5 minutes)",
        State: "ENABLED",
        FlexibleTimeWindow: { Mode: "OFF" },
        Target: {
          Input: '{"tick":"<aws.scheduler.scheduled-time>","executionId":"<aws.scheduler.execution-id>"}',
        },
      });
  });

  it("tells the function which lease to hold, where, and for how long", () => {
    const told = (LEASE_DURATION_MS: string) => ({
      Environment: {
        Variables: { LEASE_TABLE_NAME: "leases", LEASE_NAME: "nightly-close", LEASE_DURATION_MS },
      },
    });
    make().template().hasResourceProperties("AWS::Lambda::Function", told("15000"));
    make({ duration: Duration.seconds(5) })
      .template()
      .hasResourceProperties("AWS::Lambda::Function", told("5000"));
  });

  it("tells it in the words that the handler reads", () => {
    const { template } = make({ duration: Duration.millis(7_777) });
    const [fn] = Object.values(template().findResources("AWS::Lambda::Function"));
    expect(leaseEnvironment(fn?.["Properties"].Environment.Variables)).toEqual({
      tableName: "leases",
      name: "nightly-close",
      durationMs: 7_777,
    });
  });

  it("lets the function stand for its own lease, send to its dead letters, and no more", async () => {
    const { template, stack, job } = make();
    const { statementsOf, text } = deployed(template().toJSON());
    const statements = statementsOf(roleOf(job.function));
    const arn = text(
      stack.resolve(stack.formatArn({ service: "dynamodb", resource: "table", resourceName: "leases" })),
    );
    const may = (action: string, ...leases: string[]) =>
      isAllowed(statements, { action, resource: arn, context: { "dynamodb:LeadingKeys": leases } });
    expect(await may("dynamodb:UpdateItem", "nightly-close")).toBe(true);
    expect(await may("dynamodb:UpdateItem", "other")).toBe(false);
    expect(await may("dynamodb:DeleteItem", "nightly-close")).toBe(false);
    expect(await may("dynamodb:UpdateItem")).toBe(false);

    const queue = text(stack.resolve(job.deadLetterQueue.queueArn));
    expect(await isAllowed(statements, { action: "sqs:SendMessage", resource: queue })).toBe(true);
    expect(await isAllowed(statements, { action: "sqs:ReceiveMessage", resource: queue })).toBe(false);
  });

  it("lets Scheduler invoke this function and send to its dead letters, and no more", async () => {
    const { template, stack, job } = make();
    const roles = template().findResources("AWS::IAM::Role", {
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: [
            Match.objectLike({
              Principal: { Service: "scheduler.amazonaws.com" },
              Condition: {
                StringEquals: Match.objectLike({ "aws:SourceAccount": { Ref: "AWS::AccountId" } }),
              },
            }),
          ],
        },
      },
    });
    const { statementsOf, text } = deployed(template().toJSON());
    const statements = statementsOf(Object.keys(roles)[0] ?? "");
    const fn = text(stack.resolve(job.function.functionArn));
    expect(statements).toHaveLength(2);
    const invokes = (resource: string) =>
      isAllowed(statements, { action: "lambda:InvokeFunction", resource });
    expect(await invokes(fn)).toBe(true);
    expect(await invokes(`${fn}:1`)).toBe(false);
  });

  it("tries a failed occurrence twice more, within an age that leaves room for both", () => {
    const { template } = make();
    template().hasResourceProperties("AWS::Lambda::EventInvokeConfig", {
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: 306,
    });
    template().hasResourceProperties(SCHEDULE, {
      Target: { RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 306 } },
    });
  });

  it("keeps trying until the next occurrence, but six hours at most", () => {
    const age = (schedule: ScheduleExpression, seconds: number) =>
      make({ schedule })
        .template()
        .hasResourceProperties("AWS::Lambda::EventInvokeConfig", { MaximumEventAgeInSeconds: seconds });
    age(rate(60), 3_600);
    age(rate(24 * 60), 21_600);
    age(ScheduleExpression.at(new Date("2027-01-01T00:00:00Z")), 21_600);
  });

  it("takes the retries, the age and the state that it is given", () => {
    const { template } = make({ retryAttempts: 0, maxEventAge: Duration.minutes(1), enabled: false });
    template().hasResourceProperties("AWS::Lambda::EventInvokeConfig", {
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    });
    template().hasResourceProperties(SCHEDULE, { State: "DISABLED" });
  });

  it("ends undeliverable and failed occurrences in one encrypted queue for two weeks", () => {
    const { template, stack, job } = make();
    const queue: unknown = stack.resolve(job.deadLetterQueue.queueArn);
    template().hasResourceProperties(SCHEDULE, { Target: { DeadLetterConfig: { Arn: queue } } });
    template().hasResourceProperties("AWS::Lambda::EventInvokeConfig", {
      DestinationConfig: { OnFailure: { Destination: queue } },
    });
    template().hasResourceProperties("AWS::SQS::Queue", {
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 1_209_600,
    });
    template().hasResourceProperties("AWS::SQS::QueuePolicy", {
      PolicyDocument: {
        Statement: [
          Match.objectLike({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
        ],
      },
    });
  });

  it("counts what was given up", () => {
    const metric = make().job.metricDeadLetters().toMetricConfig().metricStat;
    expect(metric?.metricName).toBe("ApproximateNumberOfMessagesVisible");
    expect(metric?.statistic).toBe("Maximum");
    const minimum = make().job.metricDeadLetters({ statistic: "Minimum" }).toMetricConfig().metricStat;
    expect(minimum?.statistic).toBe("Minimum");
  });
});

describe("synthesis refuses a leader schedule", () => {
  it("whose lease has an empty or an oversized name", () => {
    expect(() => make({ leaseName: "" })).toThrow(/Test\/Job: leaseName is empty; give it 1 to 2048 bytes/);
    expect(() => make({ leaseName: "x".repeat(2_049) })).toThrow(/leaseName has 2049 bytes, at most 2048/);
  });

  it("whose lease lasts longer or shorter than a client would accept", () => {
    for (const ms of [0, 999, 86_400_001, 1_500.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => make({ duration: Duration.millis(ms) }), String(ms)).toThrow(
        `Test/Job: duration is ${ms} ms, but has to be of whole milliseconds, from 1000 ms (a second) to 86400000 ms (a day)`,
      );
    }
    for (const ms of [1_000, 86_400_000])
      make({ schedule: rate(2 * 24 * 60), duration: Duration.millis(ms) });
  });

  it("whose lease's duration is not a Duration, or not known yet", () => {
    for (const duration of [5_000, "5s", null]) {
      expect(() => make({ duration: duration as unknown as Duration })).toThrow(
        new RegExp(`duration must be a Duration of whole milliseconds, .*, not \\w+ ${duration}`),
      );
    }
    const late = Duration.seconds(Lazy.number({ produce: () => 5 }));
    expect(() => make({ duration: late })).toThrow(/duration is known only at deployment/);
  });

  it("that repeats before a crashed leader can be followed, and accepts one that does not", () => {
    expect(() => make({ schedule: rate(1), duration: Duration.millis(52950) })).toThrow(
      /schedule rate\(1 minute\) can repeat after 60000 ms.*a duration of 52950 ms.*within 60001 ms.*duration of at most 52949 ms/,
    );
    make({ schedule: rate(1), duration: Duration.millis(52949) });
    const schedule = ScheduleExpression.cron({ minute: "0,50" });
    expect(() => make({ schedule, duration: Duration.minutes(10) })).toThrow(/can repeat after 600000 ms/);
    make({ schedule, duration: Duration.millis(584902) });
  });

  it("whose function can run past the next occurrence, or not long enough to lead", () => {
    expect(() => make({ schedule: rate(1) }, Duration.seconds(61))).toThrow(
      /timeout is 61000 ms.*can repeat after 60000 ms.*swallow the next occurrence/,
    );
    make({ schedule: rate(1) }, Duration.seconds(60));
    expect(() => make({}, Duration.seconds(2))).toThrow(/timeout is 2000 ms.*at least 3000 ms/);
  });

  it("with both an entry and a handler, or neither", () => {
    expect(() => make({ entry: "job.ts" })).toThrow(/either entry or handler, not both given/);
    expect(() => make({ handler: undefined })).toThrow(/either entry or handler, neither was given/);
  });

  it("whose environment would overrule its election", () => {
    expect(() => make({ environment: { LEASE_NAME: "other" } })).toThrow(/environment sets LEASE_NAME/);
  });

  it("with retries that Lambda does not offer", () => {
    for (const retryAttempts of [-1, 3, 0.5]) {
      expect(() => make({ retryAttempts })).toThrow(/retryAttempts must be a whole number from 0 to 2/);
    }
    for (const maxEventAge of [Duration.seconds(59), Duration.hours(7)]) {
      expect(() => make({ maxEventAge })).toThrow(/maxEventAge must be from 60000 to 21600000 ms/);
    }
    expect(() => make({ maxEventAge: Duration.millis(90_500) })).toThrow(
      /Test\/Job: maxEventAge must be from 60000 to 21600000 ms, in whole seconds, not 90500 ms/,
    );
    const late = new CfnParameter(new Stack(), "Late", { type: "Number" }).valueAsNumber;
    expect(() => make({ retryAttempts: late })).toThrow(
      /Test\/Job: retryAttempts is known only at deployment, but synthesis has to check it: a whole number from 0 to 2/,
    );
    expect(() => make({ maxEventAge: Duration.minutes(late) })).toThrow(
      /Test\/Job: maxEventAge is known only at deployment, but synthesis has to check it/,
    );
  });
});

describe("a schedule whose period cannot be worked out", () => {
  const schedule = ScheduleExpression.expression("cron(5-2 * * * ? *)");
  const warnings = (durationMs: number) =>
    Annotations.fromStack(make({ schedule, duration: Duration.millis(durationMs) }).stack).findWarning(
      "*",
      Match.stringLikeRegexp("period was not worked out.*at least \\d+ ms apart"),
    );

  it("brings a warning when its lease may be too long for it", () => {
    expect(warnings(55_501)).toHaveLength(1);
  });

  it("brings none when the lease suits any schedule", () => {
    expect(warnings(52949)).toHaveLength(0);
  });
});

describe("the bounds of a lease's duration", () => {
  it("are the client's own", () => {
    const { min, max } = LEASE_DURATION_BOUNDS_MS;
    expect(parseTiming({ durationMs: min }).durationMs).toBe(min);
    expect(parseTiming({ durationMs: max }).durationMs).toBe(max);
    expect(() => parseTiming({ durationMs: min - 1 })).toThrow();
    expect(() => parseTiming({ durationMs: max + 1 })).toThrow();
  });
});
