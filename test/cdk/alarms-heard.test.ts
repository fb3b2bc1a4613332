import { App, Duration, Lazy, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { Topic } from "aws-cdk-lib/aws-sns";
import { describe, expect, it } from "vitest";
import {
  LeadershipAlarms,
  type LeadershipAlarmsProps,
  LeadershipDashboard,
  LeadershipEvents,
  LeadershipMetrics,
  LeaseTable,
  LeaseTableAlarms,
  type LeaseTableAlarmsProps,
} from "../../lib/cdk/index.ts";
import { joined, metricsOfAlarms } from "../support/named-metrics.ts";

const HERE = { region: "us-east-1", account: "111111111111" };
const ALARM = "AWS::CloudWatch::Alarm";
const metrics = new LeadershipMetrics({ leaseName: "writer", serviceName: "orders" });
const stackIn = (env: Partial<typeof HERE> = {}): Stack => new Stack(new App(), "Test", { env });
const arnIn = (region: string, account = HERE.account): string =>
  `arn:aws:dynamodb:${region}:${account}:table/leases`;

function ofTable(props: Partial<LeaseTableAlarmsProps> = {}): Template {
  const stack = stackIn();
  new LeaseTableAlarms(stack, "Alarms", { table: new LeaseTable(stack, "Leases"), ...props });
  return Template.fromStack(stack);
}

function ofElection(props: Partial<LeadershipAlarmsProps>): Template {
  const stack = stackIn();
  new LeadershipAlarms(stack, "Alarms", { metrics, ...props });
  return Template.fromStack(stack);
}

describe("alarms that would be on for ever, or off, are refused", () => {
  it("those on a table of another region or account, whose metrics are there and not here", () => {
    for (const [arn, where] of [
      [arnIn("eu-central-1"), /in region eu-central-1.*us-east-1.*make them in the table's region/],
      [arnIn("us-east-1", "222222222222"), /in account 222222222222.*make them in the table's account/],
    ] as const) {
      const stack = stackIn(HERE);
      const table = LeaseTable.fromTableArn(stack, "Leases", arn);
      expect(() => new LeaseTableAlarms(stack, "Alarms", { table })).toThrow(where);
    }
    const stack = stackIn();
    const table = LeaseTable.fromTableArn(stack, "Leases", arnIn("eu-central-1"));
    expect(() => new LeaseTableAlarms(stack, "Alarms", { table })).not.toThrow();
  });

  it("those from nothing on, or from what is no number", () => {
    for (const bad of [0, -1, 2.5, Number.NaN]) {
      const message = /Test\/Alarms: \w+ is \S+, but has to be a whole number, 1 or more/;
      expect(() => ofTable({ throttledFrom: bad })).toThrow(message);
      expect(() => ofTable({ failedFrom: bad })).toThrow(message);
      expect(() => ofElection({ flapsFrom: bad })).toThrow(message);
    }
    expect(() => ofElection({ clockSkewFrom: Duration.millis(0) })).toThrow(/clockSkewFrom, in ms, is 0/);
  });

  it("those whose times are known only at deployment, by the names of the options", () => {
    const late = Lazy.number({ produce: () => 5_000 });
    expect(() => ofElection({ noLeaderFor: Duration.minutes(late) })).toThrow(
      /Test\/Alarms: noLeaderFor is known only at deployment, but synthesis has to choose the alarm's periods by it/,
    );
    expect(() => ofElection({ clockSkewFrom: Duration.seconds(late) })).toThrow(
      /Test\/Alarms: clockSkewFrom is known only at deployment.*give it in milliseconds, Duration\.millis/,
    );
    expect(() => ofElection({ clockSkewFrom: Duration.millis(late) })).not.toThrow();
  });

  it("those that tell a topic of another region, and not of another account", () => {
    const telling = (region: string, account: string) => () => {
      const stack = stackIn(HERE);
      const topic = Topic.fromTopicArn(stack, "Topic", `arn:aws:sns:${region}:${account}:oncall`);
      return new LeadershipAlarms(stack, "Alarms", { metrics, topic });
    };
    expect(telling("eu-central-1", HERE.account)).toThrow(/the topic is in region eu-central-1.*us-east-1/);
    expect(telling("us-east-1", "222222222222")).not.toThrow();
  });

  it("those on a namespace that CloudWatch keeps for AWS, or does not take", () => {
    for (const namespace of ["AWS/Leases", ":leases", "größe", "x".repeat(256)]) {
      expect(() => new LeadershipMetrics({ leaseName: "a", serviceName: "a", namespace })).toThrow(
        /^LeadershipMetrics: namespace must be of 1 to 255/,
      );
    }
  });
});

it("the alarm on stale writes hears what guards refuse, under the names of their resources", () => {
  const fenced = metricsOfAlarms(ofElection({ guardedResources: ["payments", "größe"] })).filter(
    ({ name }) => name === "FencedWrites",
  );
  expect(fenced.map(({ dimensions }) => dimensions)).toEqual(
    ["writer", "payments", "gr%u00f6%u00dfe"].map((LeaseName) => ({ service: "orders", LeaseName })),
  );
  const tooMany = Array.from({ length: 10 }, (_, nth) => `resource-${nth}`);
  expect(() => ofElection({ guardedResources: tooMany })).toThrow(/guardedResources has 10.*nine at most/);
});

it("a dashboard of no election is refused", () => {
  expect(() => new LeadershipDashboard(stackIn(), "Dashboard", { elections: [] })).toThrow(
    /Test\/Dashboard: elections is empty; give the metrics of one lease at least/,
  );
});

it("a dashboard looks for the metrics of a table in the table's region", () => {
  const stack = stackIn(HERE);
  const table = LeaseTable.fromTableArn(stack, "Leases", arnIn("eu-central-1"));
  new LeadershipDashboard(stack, "Dashboard", { elections: [metrics], table });
  const [dashboard] = Object.values(Template.fromStack(stack).findResources("AWS::CloudWatch::Dashboard"));
  const { widgets } = JSON.parse(joined(dashboard?.["Properties"]["DashboardBody"])) as {
    widgets: { properties: { metrics?: unknown[][] } }[];
  };
  const told = widgets.flatMap(({ properties }) => properties.metrics ?? []);
  const ofTheTable = told.filter(([namespace]) => namespace === "AWS/DynamoDB");
  expect(ofTheTable).toHaveLength(16);
  for (const metric of ofTheTable) expect(metric.at(-1)).toMatchObject({ region: "eu-central-1" });
});

describe("changes of leadership that are not told", () => {
  function alarms() {
    const stack = stackIn();
    const table = new LeaseTable(stack, "Leases");
    const events = new LeadershipEvents(stack, "Leadership", { table });
    new LeaseTableAlarms(stack, "Alarms", { table, events });
    return { stack, events, template: Template.fromStack(stack) };
  }

  it("set off an alarm once a note of one is in the dead-letter queue", () => {
    const { stack, events, template } = alarms();
    template.hasResourceProperties(ALARM, {
      AlarmDescription: Match.stringLikeRegexp("could not be told.*#changes-are-not-told$"),
      MetricName: "ApproximateNumberOfMessagesVisible",
      Dimensions: [{ Name: "QueueName", Value: stack.resolve(events.deadLetterQueue.queueName) as unknown }],
      Threshold: 1,
    });
  });

  it("set off an alarm long before that where the pipe fails, wholly or in part, times out or is throttled", () => {
    const { template } = alarms();
    const [pipe] = Object.keys(template.findResources("AWS::Pipes::Pipe"));
    const counted = (MetricName: string) =>
      Match.objectLike({
        MetricStat: {
          Metric: {
            Namespace: "AWS/EventBridge/Pipes",
            MetricName,
            Dimensions: [{ Name: "PipeName", Value: { Ref: pipe } }],
          },
          Period: 900,
          Stat: "Sum",
        },
      });
    template.hasResourceProperties(ALARM, {
      AlarmDescription: Match.stringLikeRegexp("pipe fails.*times out.*#changes-are-not-told$"),
      Metrics: [
        Match.objectLike({ Expression: "SUM([FILL(m0, 0), FILL(m1, 0), FILL(m2, 0), FILL(m3, 0)])" }),
        ...["ExecutionFailed", "ExecutionPartiallyFailed", "ExecutionTimeout", "ExecutionThrottled"].map(
          counted,
        ),
      ],
      Threshold: 3,
      TreatMissingData: "notBreaching",
    });
  });

  it("can be graphed in other periods than the alarm's", () => {
    const { events } = alarms();
    const sum = events.metricFailures({ period: Duration.hours(1), label: "the pipe" }).toMetricConfig();
    expect(sum.mathExpression?.period).toBe(3_600);
    const parts = Object.values(sum.mathExpression?.usingMetrics ?? {}).map((one) => one.toMetricConfig());
    expect(parts.map(({ metricStat }) => metricStat?.period.toSeconds())).toEqual([
      3_600, 3_600, 3_600, 3_600,
    ]);
    expect(sum.renderingProperties?.["label"]).toBe("the pipe");
  });
});
