import { App, Duration, Stack } from "aws-cdk-lib";
import { Annotations, Match, Template } from "aws-cdk-lib/assertions";
import { type CfnAlarm } from "aws-cdk-lib/aws-cloudwatch";
import { SsmAction, OpsItemSeverity } from "aws-cdk-lib/aws-cloudwatch-actions";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import { Topic } from "aws-cdk-lib/aws-sns";
import { describe, expect, it } from "vitest";
import {
  LeaderSchedule,
  type LeaderScheduleProps,
  LeadershipAlarms,
  type LeadershipAlarmsProps,
  LeadershipMetrics,
  LeaseTable,
  LeaseTableAlarms,
} from "../../lib/cdk/index.ts";
import { metricsOfAlarms } from "../support/named-metrics.ts";

const metrics = new LeadershipMetrics({ leaseName: "nightly-close", serviceName: "closing" });
const stackIn = (): Stack => new Stack(new App(), "Test");

interface Made {
  readonly stack: Stack;
  readonly alarm: (id: string) => CfnAlarm["cfnOptions"] & Record<string, unknown>;
  readonly ids: () => string[];
}

function made(stack: Stack): Made {
  const alarms: Record<string, Record<string, unknown>> = Object.fromEntries(
    Object.entries(Template.fromStack(stack).findResources("AWS::CloudWatch::Alarm")).map(
      ([id, resource]) => [/^Alarms(\w+?)[0-9A-F]{8}$/.exec(id)?.[1] ?? id, resource["Properties"]],
    ),
  );
  return {
    stack,
    alarm: (id) => alarms[id] as ReturnType<Made["alarm"]>,
    ids: () => Object.keys(alarms).sort(),
  };
}

function service(props: Partial<LeadershipAlarmsProps> = {}): Made {
  const stack = stackIn();
  new LeadershipAlarms(stack, "Alarms", { metrics, ...props });
  return made(stack);
}

function scheduled(
  schedule: ScheduleExpression,
  job: Partial<LeaderScheduleProps> = {},
  props: Partial<LeadershipAlarmsProps> = {},
): Made {
  const stack = stackIn();
  const handler = new LambdaFunction(stack, "Handler", {
    runtime: Runtime.NODEJS_24_X,
    handler: "index.handler",
    code: Code.fromInline("exports.handler = async () => {};"),
    timeout: Duration.seconds(30),
  });
  const table = LeaseTable.fromTableName(stack, "Leases", "leases");
  const leader = new LeaderSchedule(stack, "Job", {
    table,
    leaseName: "nightly-close",
    schedule,
    handler,
    ...job,
  });
  new LeadershipAlarms(stack, "Alarms", { metrics, schedule: leader, ...props });
  return made(stack);
}

const MINUTELY = ScheduleExpression.rate(Duration.minutes(1));
const NIGHTLY = ScheduleExpression.cron({ hour: "2", minute: "0" });
const HOUR_S = 3_600;

/** The periods of an alarm on metric math, in s, and how many of them it looks at. */
function lookOf(alarm: ReturnType<Made["alarm"]>): { period: number; periods: number } {
  const [, watched] = alarm["Metrics"] as { MetricStat: { Period: number } }[];
  return { period: watched?.MetricStat.Period ?? 0, periods: Number(alarm["EvaluationPeriods"]) };
}

describe("the alarms on a service", () => {
  it("miss a leader after five minutes, or after as long as is said, also where nothing runs at all", () => {
    const { alarm } = service();
    expect(alarm("NobodyLeads")).toMatchObject({
      ComparisonOperator: "LessThanThreshold",
      Threshold: 1,
      TreatMissingData: "breaching",
      DatapointsToAlarm: 6,
      EvaluationPeriods: 6,
      Metrics: [
        { Expression: "FILL(m0, 0)" },
        { MetricStat: { Stat: "Maximum", Metric: { MetricName: "Leader" } } },
      ],
    });
    expect(lookOf(alarm("NobodyLeads"))).toEqual({ period: 60, periods: 6 });
    expect(lookOf(service({ noLeaderFor: Duration.hours(2) }).alarm("NobodyLeads"))).toEqual({
      period: 300,
      periods: 25,
    });
  });

  it("are quiet where nothing is known of what should not happen", () => {
    const { alarm, ids } = service();
    const others = ids().filter((id) => id !== "NobodyLeads");
    expect(others).toEqual(["ClockWrong", "LeadershipFlaps", "RequestsFail", "WritesFenced"]);
    for (const id of others) {
      expect(alarm(id)).toMatchObject({
        TreatMissingData: "notBreaching",
        ComparisonOperator: "GreaterThanOrEqualToThreshold",
      });
    }
  });

  it("count the terms that begin as flapping, from five in a quarter of an hour on, or from as many as is said", () => {
    const { alarm } = service();
    expect(alarm("LeadershipFlaps")).toMatchObject({ Threshold: 5 });
    expect(lookOf(alarm("LeadershipFlaps"))).toEqual({ period: 900, periods: 1 });
    expect(service({ flapsFrom: 9 }).alarm("LeadershipFlaps")).toMatchObject({ Threshold: 9 });
    expect(service({ clockSkewFrom: Duration.seconds(30) }).alarm("ClockWrong")).toMatchObject({
      Threshold: 30_000,
    });
  });

  it("say no more of a lease than CloudWatch takes of a description", () => {
    const long = new LeadershipMetrics({ leaseName: "ü".repeat(1_024), serviceName: "closing" });
    const { alarm, ids } = service({ metrics: long });
    for (const id of ids()) expect(String(alarm(id)["AlarmDescription"]).length).toBeLessThan(1_024);
  });

  it("refuse a time without a leader that CloudWatch cannot look back over", () => {
    for (const noLeaderFor of [Duration.days(7), Duration.seconds(30)]) {
      expect(() => service({ noLeaderFor })).toThrow(/Test\/Alarms: noLeaderFor is \d+ ms.*under seven days/);
    }
  });

  it("tell a topic when they begin and end, do what else is given, or tell nobody for now", () => {
    const stack = stackIn();
    const topic = new Topic(stack, "Topic");
    const actions = [new SsmAction(OpsItemSeverity.HIGH)];
    const { alarms } = new LeadershipAlarms(stack, "Alarms", {
      metrics,
      topic,
      actions,
      actionsEnabled: false,
    });
    const arn = stack.resolve(topic.topicArn) as unknown;
    Template.fromStack(stack).resourcePropertiesCountIs(
      "AWS::CloudWatch::Alarm",
      { AlarmActions: [Match.anyValue(), arn], OKActions: [arn], ActionsEnabled: false },
      alarms.length,
    );
  });
});

describe("the alarms on a schedule", () => {
  it("miss an occurrence as soon as more than a gap, its delivery and a run have passed without one that is done", () => {
    const { alarm } = scheduled(MINUTELY);
    expect(alarm("TickMissed")).toMatchObject({
      ComparisonOperator: "LessThanThreshold",
      TreatMissingData: "breaching",
      Metrics: [
        { Expression: "FILL(m0, 0)" },
        { MetricStat: { Stat: "Sum", Metric: { MetricName: "TicksDone" } } },
      ],
    });
    // One minute, two for the delivery, half a one for the run, and the period that has just begun.
    expect(lookOf(alarm("TickMissed"))).toEqual({ period: 60, periods: 5 });
    expect(lookOf(alarm("NobodyLeads"))).toEqual({ period: 60, periods: 7 });
  });

  it("of a job that runs once a night look back a day and an hour or two, in hours and not in days", () => {
    const { alarm } = scheduled(NIGHTLY);
    expect(lookOf(alarm("TickMissed"))).toEqual({ period: HOUR_S, periods: 26 });
    expect(lookOf(alarm("NobodyLeads"))).toEqual({ period: HOUR_S, periods: 74 });
    expect(lookOf(alarm("LeadershipFlaps"))).toEqual({ period: 24 * HOUR_S, periods: 1 });
  });

  it("see occurrences that were given up", () => {
    const { alarm } = scheduled(NIGHTLY);
    expect(alarm("GivenUp")).toMatchObject({
      Namespace: "AWS/SQS",
      MetricName: "ApproximateNumberOfMessagesVisible",
      Threshold: 1,
    });
  });

  it("count terms that were lost or taken over as flapping: every occurrence begins one", () => {
    const { stack, alarm } = scheduled(MINUTELY);
    const ofFlapping = metricsOfAlarms(Template.fromStack(stack)).filter(({ where }) => /Flaps/.test(where));
    expect(ofFlapping.map(({ name }) => name)).toEqual(["TermsLost", "TermsTakenOver"]);
    expect(alarm("LeadershipFlaps")).toMatchObject({ Threshold: 3 });
  });

  it.each([
    ["runs once a week", ScheduleExpression.cron({ weekDay: "SUN", hour: "2", minute: "0" }), {}],
    ["runs once", ScheduleExpression.at(new Date("2030-01-01T00:00:00Z")), {}],
    ["is disabled", NIGHTLY, { enabled: false }],
  ])("of one that %s say at synthesis that its silence is not seen", (_, schedule, job) => {
    const { stack, ids } = scheduled(schedule, job);
    expect(ids()).not.toContain("TickMissed");
    expect(ids()).not.toContain("NobodyLeads");
    expect(ids()).toContain("GivenUp");
    const noLeaderFor = Duration.hours(1);
    expect(scheduled(schedule, job, { noLeaderFor }).ids()).toContain("NobodyLeads");
    Annotations.fromStack(stack).hasWarning(
      "/Test/Alarms",
      Match.stringLikeRegexp("nothing alarms when Test/Job"),
    );
  });

  it("of one that runs seldom miss a leader no later than CloudWatch can", () => {
    const weekdays = ScheduleExpression.cron({ weekDay: "MON-FRI", hour: "2", minute: "0" });
    const { alarm } = scheduled(weekdays);
    expect(lookOf(alarm("TickMissed"))).toEqual({ period: HOUR_S, periods: 74 });
    expect(lookOf(alarm("NobodyLeads"))).toEqual({ period: HOUR_S, periods: 74 });
  });

  it("are refused with the metrics of another lease", () => {
    const other = new LeadershipMetrics({ leaseName: "other", serviceName: "closing" });
    expect(() => scheduled(NIGHTLY, {}, { metrics: other })).toThrow(
      /metrics are of the lease "other", but Test\/Job elects for "nightly-close"/,
    );
  });
});

it("every description says what is meant and names a part of the runbook, wherever that is", () => {
  const stack = stackIn();
  const table = LeaseTable.fromTableName(stack, "Leases", "leases");
  new LeaseTableAlarms(stack, "TableAlarms", { table, runbook: "https://wiki.example/leases" });
  const templates = [service().stack, scheduled(MINUTELY).stack, stack].map((one) => Template.fromStack(one));
  const alarms = templates.flatMap((template) =>
    Object.values(template.findResources("AWS::CloudWatch::Alarm")),
  );
  const parts: string[] = alarms.map(({ Properties: { AlarmDescription: said } }) => {
    const [, page, part] = /^[A-Z][^]{40,}\. Runbook: (\S+)#([a-z-]+)$/.exec(said) ?? [];
    expect(["docs/runbook.md", "https://wiki.example/leases"], said).toContain(page);
    return part ?? said;
  });
  expect([...new Set(parts)].sort()).toEqual([
    "a-schedule-is-silent",
    "leadership-flaps",
    "nobody-leads",
    "the-table-throttles",
    "two-say-they-lead",
  ]);
});

it("the alarms on a table add up what DynamoDB tells of each operation that clients send", () => {
  const stack = stackIn();
  const table = LeaseTable.fromTableName(stack, "Leases", "leases");
  new LeaseTableAlarms(stack, "Alarms", { table, throttledFrom: 3 });
  const { alarm } = made(stack);
  expect(alarm("TableThrottles")).toMatchObject({ Threshold: 3, TreatMissingData: "notBreaching" });
  expect(alarm("TableFails")).toMatchObject({ Threshold: 10 });
  const watched = metricsOfAlarms(Template.fromStack(stack)).map(
    ({ name, dimensions }) => `${name} ${dimensions["TableName"]} ${dimensions["Operation"]}`,
  );
  const operations = ["GetItem", "UpdateItem", "Query", "TransactWriteItems", "Scan"];
  const all = ["SystemErrors", "ThrottledRequests"].flatMap((name) =>
    operations.map((operation) => `${name} leases ${operation}`),
  );
  expect(watched.sort()).toEqual(all.sort());
});
