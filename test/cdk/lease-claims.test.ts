import { App, Duration, Lazy, Stack, Stage, TimeZone } from "aws-cdk-lib";
import { Annotations, Match, Template } from "aws-cdk-lib/assertions";
import { MultiRegionConsistency } from "aws-cdk-lib/aws-dynamodb";
import { CfnSchedule, ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import type { Construct } from "constructs";
import { describe, expect, it } from "vitest";
import {
  type ILeaseTable,
  LeaderSchedule,
  type LeaderScheduleProps,
  LeaseTable,
} from "../../lib/cdk/index.ts";
import { inlineFunction } from "./inline-function.ts";

const cron = (text: string, timeZone?: string): ScheduleExpression =>
  ScheduleExpression.expression(`cron(${text})`, timeZone === undefined ? undefined : TimeZone.of(timeZone));
const NIGHTLY = cron("0 2 * * ? *");
const HOURLY = cron("0 * * * ? *");
const HOURLY_AT_HALF = cron("30 * * * ? *");
const EVERY_HOUR = ScheduleExpression.rate(Duration.hours(1));
const ACCOUNT = "111111111111";

interface JobProps extends Partial<Omit<LeaderScheduleProps, "schedule" | "timeout">> {
  readonly timeout?: Duration;
}

function job(
  scope: Construct,
  id: string,
  schedule: ScheduleExpression,
  props: JobProps = {},
): LeaderSchedule {
  const { timeout, ...rest } = props;
  return new LeaderSchedule(scope, id, {
    table: LeaseTable.fromTableName(scope, `${id}Leases`, "leases"),
    leaseName: "close",
    schedule,
    handler: inlineFunction(scope, `${id}Handler`, timeout),
    ...rest,
  });
}

const stackIn = (app: Construct, id: string, region?: string, account = ACCOUNT): Stack =>
  new Stack(app, id, region === undefined ? {} : { env: { region, account } });

function pair(one: ScheduleExpression, other: ScheduleExpression, a: JobProps = {}, b: JobProps = {}): Stack {
  const stack = new Stack(new App(), "Test");
  job(stack, "One", one, a);
  job(stack, "Other", other, b);
  return stack;
}

/** Asks for what synthesis would refuse, without the long work of it. */
const synthesis = (stack: Stack) => () => {
  const faults = stack.node.root.node
    .findAll()
    .flatMap(({ node }) => node.validate().map((fault) => `[${node.path}] ${fault}`));
  if (faults.length > 0) throw new Error(faults.join("\n"));
};
const warnings = (stack: Stack) =>
  Annotations.fromStack(stack)
    .findWarning("*", Match.stringLikeRegexp("elect for the lease"))
    .map(({ entry }) => JSON.stringify(entry.data));

/** A table in us-east-1 with replicas in two other regions. */
function replicated() {
  const app = new App();
  const here = stackIn(app, "Here", "us-east-1");
  const table = new LeaseTable(here, "Leases", {
    tableName: "leases",
    multiRegionConsistency: MultiRegionConsistency.STRONG,
    replicaRegions: ["us-east-2", "us-west-2"],
  });
  return { app, here, table };
}

describe("synthesis refuses two schedules on one lease", () => {
  it("that are due at one instant, and names both, the lease, an instant and the remedy", () => {
    const message =
      /\[Test\/Other\] this schedule, cron\(0 \* \* \* \? \*\), and that of Test\/One, cron\(0 2 \* \* \? \*\), elect for the lease "close" in Test\/OtherLeases, and are both due at \d{4}-\d\d-\d\dT02:00:00Z, for example, where the second never runs; make them one schedule, or give each job a lease of its own/;
    expect(() => Template.fromStack(pair(NIGHTLY, HOURLY))).toThrow(message);
  });

  it("once for each pair", () => {
    try {
      synthesis(pair(NIGHTLY, HOURLY))();
    } catch (error) {
      expect(String(error).match(/elect for the lease/g)).toHaveLength(1);
    }
    expect.assertions(1);
  });

  it("of which one counts from its deployment, since that may be any instant", () => {
    const message =
      /can both be due at one time, for example at .*T02:00:00Z.*rate counts from its deployment/;
    expect(synthesis(pair(NIGHTLY, EVERY_HOUR))).toThrow(message);
    expect(synthesis(pair(EVERY_HOUR, ScheduleExpression.rate(Duration.days(1))))).toThrow(
      /can both be due at one time/,
    );
  });

  it("of which one is due before the other's run or recovery is over, and accepts it afterwards", () => {
    const soon = cron("5 2 * * ? *");
    const slow = { timeout: Duration.minutes(6) };
    expect(synthesis(pair(NIGHTLY, soon, slow))).toThrow(
      /due at .*T02:00:00Z and .*T02:05:00Z, for example, 300000 ms apart, while the first may need the lease for 360000 ms/,
    );
    expect(synthesis(pair(NIGHTLY, soon, { timeout: Duration.minutes(5) }, slow))).not.toThrow();
    expect(synthesis(pair(NIGHTLY, soon, { duration: Duration.minutes(5) }))).toThrow(
      /the second never runs/,
    );
    expect(synthesis(pair(HOURLY, HOURLY_AT_HALF))).not.toThrow();
  });

  it("in zones whose clocks meet on some days alone", () => {
    expect(synthesis(pair(cron("0 3 * * ? *", "Europe/Zurich"), cron("0 1 * * ? *")))).toThrow(
      /cron\(0 3 \* \* \? \*\) in Europe\/Zurich, .*both due at .*T01:00:00Z/,
    );
    expect(synthesis(pair(cron("0 3 * * ? *", "Europe/Zurich"), cron("0 3 * * ? *")))).not.toThrow();
  });

  it("in two stacks of the app, on a table of a third or on one that each refers to by its name", () => {
    const app = new App();
    const { leases } = Object.assign(stackIn(app, "Table"), {
      leases: new LeaseTable(app.node.findChild("Table") as Stack, "Leases"),
    });
    job(stackIn(app, "A"), "Job", NIGHTLY, { table: leases });
    const b = stackIn(app, "B");
    job(b, "Job", HOURLY, { table: leases });
    expect(synthesis(b)).toThrow(/that of A\/Job/);

    const named = new App();
    job(stackIn(named, "A", "eu-west-1"), "Job", NIGHTLY);
    const other = stackIn(named, "B", "eu-west-1");
    const table = new LeaseTable(other, "Leases", { tableName: "leases" });
    job(other, "Job", HOURLY, { table });
    expect(synthesis(other)).toThrow(/that of A\/Job/);
  });

  it("that got a schedule in common behind the construct's back", () => {
    const stack = pair(HOURLY, HOURLY_AT_HALF);
    const { schedule } = stack.node.findChild("Other") as LeaderSchedule;
    (schedule.node.defaultChild as CfnSchedule).scheduleExpression = "cron(0 4 * * ? *)";
    expect(synthesis(stack)).toThrow(/both due at .*T04:00:00Z/);
  });

  it("in two regions, on a table with a replica in each", () => {
    const { app, here, table } = replicated();
    job(here, "Job", NIGHTLY, { table });
    job(stackIn(app, "There", "us-east-2"), "Job", HOURLY);
    expect(synthesis(here)).toThrow(/\[There\/Job\].*that of Here\/Job/);
  });
});

describe("synthesis accepts two schedules", () => {
  it("on two leases, or on two tables", () => {
    expect(synthesis(pair(NIGHTLY, HOURLY, { leaseName: "report" }))).not.toThrow();
    const stack = new Stack(new App(), "Test");
    job(stack, "One", NIGHTLY, { table: new LeaseTable(stack, "A") });
    job(stack, "Other", HOURLY, { table: new LeaseTable(stack, "B") });
    expect(synthesis(stack)).not.toThrow();
    const app = new App();
    const elsewhere = (region: string, account: string): ILeaseTable =>
      LeaseTable.fromTableArn(
        app.node.findChild("Here"),
        `${region}${account}`,
        `arn:aws:dynamodb:${region}:${account}:table/leases`,
      );
    const here = stackIn(app, "Here", "eu-west-1");
    job(here, "One", NIGHTLY, { table: elsewhere("eu-west-1", ACCOUNT) });
    job(stackIn(app, "There", "eu-west-1", "222222222222"), "Other", HOURLY);
    expect(synthesis(here)).not.toThrow();
  });

  it("of one job in two regions, which is what the election is for", () => {
    const app = new App();
    const stacks = ["us-east-1", "us-east-2"].map((region) => stackIn(app, region, region));
    for (const stack of stacks) job(stack, "Job", NIGHTLY);
    for (const stack of stacks) expect(warnings(stack)).toEqual([]);
  });

  it("of which one is disabled, or over before the other begins", () => {
    expect(synthesis(pair(NIGHTLY, HOURLY, { enabled: false }))).not.toThrow();
    const end = new Date("2040-01-01T00:00:00Z");
    expect(synthesis(pair(NIGHTLY, HOURLY, { end }))).toThrow();
    expect(
      synthesis(pair(NIGHTLY, HOURLY, { end }, { start: new Date("2040-01-01T01:00:00Z") })),
    ).not.toThrow();
    const stack = pair(NIGHTLY, HOURLY_AT_HALF, { end });
    Template.fromStack(stack).hasResourceProperties("AWS::Scheduler::Schedule", {
      EndDate: "2040-01-01T00:00:00.000Z",
    });
  });
});

describe("synthesis warns of two schedules", () => {
  it("that cannot be read before deployment", () => {
    const late = ScheduleExpression.expression(Lazy.string({ produce: () => "cron(0 2 * * ? *)" }));
    expect(warnings(pair(NIGHTLY, late))).toEqual([
      expect.stringMatching(
        /which is known only at deployment, and that of Test\/One.*was not worked out; make them/,
      ),
    ]);
    expect(warnings(pair(NIGHTLY, cron("0 22-2 * * ? *")))).toEqual([
      expect.stringMatching(/was not worked out/),
    ]);
  });

  it("that meet only at a time that clocks repeat, which Scheduler is said to run once", () => {
    const night = ScheduleExpression.at(new Date("2040-10-28T00:30:00Z"));
    expect(warnings(pair(cron("30 2 ? OCT SUNL *", "Europe/Zurich"), night))).toEqual([
      expect.stringMatching(
        /both due at 2040-10-28T00:30:00Z.*clocks are set back.*runs such a time once, and not at which of its two instants/,
      ),
    ]);
  });

  it("whose lease, or whose table, may be the same", () => {
    const unsure = /both due at .*known only at deployment/;
    const leaseName = Lazy.string({ produce: () => "close" });
    expect(warnings(pair(NIGHTLY, HOURLY, { leaseName }))).toEqual([expect.stringMatching(unsure)]);
    expect(warnings(pair(NIGHTLY, HOURLY_AT_HALF, { leaseName }))).toEqual([]);

    const app = new App();
    const stack = stackIn(app, "Test");
    const name = StringParameter.valueForStringParameter(stack, "/leases");
    job(stack, "One", NIGHTLY, { table: LeaseTable.fromTableName(stack, "Leases", name) });
    job(stack, "Other", HOURLY);
    expect(warnings(stack)).toEqual([expect.stringMatching(unsure)]);
  });

  it("in two regions, of which each refers to a table of one name, for they may be replicas", () => {
    const app = new App();
    job(stackIn(app, "Here", "us-east-1"), "Job", NIGHTLY);
    const there = stackIn(app, "There", "us-east-2");
    job(there, "Job", HOURLY);
    expect(warnings(there)).toEqual([expect.stringMatching(/known only at deployment/)]);
  });

  it("in two stages that say nothing of where they are deployed", () => {
    const app = new App();
    const stacks = ["Beta", "Live"].map((id) => stackIn(new Stage(app, id), "Jobs"));
    const [beta, live] = stacks.map((stack) => job(stack, "Job", NIGHTLY));
    if (beta === undefined || live === undefined) throw new Error("no jobs");
    expect(warnings(Stack.of(live))).toEqual([expect.stringMatching(/that of Beta\/Jobs\/Job/)]);
    expect(warnings(Stack.of(beta))).toEqual([]);
  });
});

describe("one rate in two regions", () => {
  it("is refused: each region counts from its own deployment, so that the ticks differ", () => {
    const { app, here, table } = replicated();
    job(here, "Job", EVERY_HOUR, { table });
    const there = stackIn(app, "There", "us-east-2");
    job(there, "Job", EVERY_HOUR);
    expect(synthesis(there)).toThrow(/rate counts from its deployment; cron expressions can be kept apart/);
  });
});
