import { App, Stack } from "aws-cdk-lib";
import { Annotations, Match, Template } from "aws-cdk-lib/assertions";
import { type CfnRule, EventBus } from "aws-cdk-lib/aws-events";
import { SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { describe, expect, it } from "vitest";
import { LeadershipChange, LeadershipEvents, LeaseTable } from "../../lib/cdk/index.ts";

const ENV = { region: "eu-central-1", account: "111111111111" };
const PIPE = "AWS::Pipes::Pipe";
const RULE = "AWS::Events::Rule";

function stackIn(env?: typeof ENV): Stack {
  return new Stack(new App(), "Test", env === undefined ? {} : { env });
}

function made(env?: typeof ENV) {
  const stack = stackIn(env);
  const table = new LeaseTable(stack, "Leases");
  const events = new LeadershipEvents(stack, "Leadership", { table });
  return { stack, table, events, template: () => Template.fromStack(stack) };
}

describe("onLeadership", () => {
  it("makes a rule for all changes, or for some of some leases, with a target", () => {
    const { stack, table, events, template } = made();
    events.onLeadership("All");
    events.onLeadership("Some", {
      leaseNames: ["orders-writer", "billing"],
      changes: [LeadershipChange.RELEASED],
      eventPattern: { detail: { cause: ["vacated"] } },
      target: new SqsQueue(new Queue(stack, "Queue")),
      description: "Orders",
    });
    template().hasResourceProperties(RULE, {
      EventPattern: {
        source: ["leasehold"],
        "detail-type": Object.values(LeadershipChange),
        resources: [stack.resolve(table.tableArn) as unknown],
      },
      Targets: Match.absent(),
    });
    template().hasResourceProperties(RULE, {
      Description: "Orders",
      EventPattern: {
        source: ["leasehold"],
        "detail-type": ["Leadership Released"],
        resources: [stack.resolve(table.tableArn) as unknown],
        detail: { lease: ["orders-writer", "billing"], cause: ["vacated"] },
      },
      Targets: [Match.objectLike({ Id: "Target0" })],
    });
  });

  it("does so in another app, which knows the bus and nothing else", () => {
    const stack = stackIn();
    const bus = EventBus.fromEventBusName(stack, "Bus", "leadership");
    const events = LeadershipEvents.fromEventBus(stack, "Leadership", bus);
    events.onLeadership("Orders", { leaseNames: ["orders-writer"] });
    const template = Template.fromStack(stack);
    template.resourceCountIs(PIPE, 0);
    template.hasResourceProperties(RULE, {
      EventBusName: "leadership",
      EventPattern: {
        source: ["leasehold"],
        "detail-type": Object.values(LeadershipChange),
        detail: { lease: ["orders-writer"] },
      },
    });
  });

  it("tells the tables of one bus apart: by the ARN that the pipe puts into each event", () => {
    const { stack, table, events, template } = made(ENV);
    const other = new LeaseTable(stack, "Others");
    new LeadershipEvents(stack, "OtherLeadership", { table: other, eventBus: events.eventBus });
    const arns = [table, other].map(({ tableArn }) => stack.resolve(tableArn) as unknown);
    const sent = Object.values(template().findResources(PIPE)).map(
      ({ Properties }) => Properties.TargetParameters.EventBridgeEventBusParameters.Resources as unknown,
    );
    const matched = Object.values(template().findResources(RULE)).map(
      ({ Properties }) => Properties.EventPattern.resources as unknown,
    );
    expect(sent).toEqual(arns.map((arn) => [arn]));
    expect(matched, "the rules of both audit trails").toEqual(sent);
  });

  it("does so in another app, if that names the table", () => {
    const stack = stackIn(ENV);
    const bus = EventBus.fromEventBusName(stack, "Bus", "leadership");
    const tableArn = `arn:aws:dynamodb:${ENV.region}:${ENV.account}:table/leases`;
    LeadershipEvents.fromEventBus(stack, "Leadership", bus, { tableArn }).onLeadership("Orders");
    Template.fromStack(stack).hasResourceProperties(RULE, {
      EventPattern: Match.objectLike({ resources: [tableArn] }),
    });
    const named = () =>
      LeadershipEvents.fromEventBus(stack, "Named", bus, { tableArn: "leases" }).onLeadership("Orders");
    expect(named).toThrow(/Test\/Named: tableArn is "leases", but has to be that of a DynamoDB table/);
  });

  it("refuses what would match nothing, or more than it says", () => {
    const { events } = made(ENV);
    let at = 0;
    const refusal = (options: Parameters<typeof events.onLeadership>[1]) => () =>
      events.onLeadership(`Rule${(at += 1)}`, options);
    expect(refusal({ leaseNames: [] })).toThrow(/leaseNames is empty.*match nothing/);
    expect(refusal({ changes: [] })).toThrow(/changes is empty/);
    expect(refusal({ leaseNames: [""] })).toThrow(/leaseNames is empty; give it 1 to/);
    expect(refusal({ changes: ["Leadership Lost" as LeadershipChange] })).toThrow(
      /changes has "Leadership Lost"; there are "Leadership Acquired"/,
    );
    for (const eventPattern of [
      { source: ["x"] },
      { detailType: ["x"] },
      { detail: { lease: ["x"] } },
      { resources: ["x"] },
    ]) {
      expect(refusal({ eventPattern })).toThrow(/would widen the rule; use changes and leaseNames/);
    }
  });

  it("refuses more leases than EventBridge takes into a pattern, and warns of more than it takes unasked", () => {
    const { stack, events } = made(ENV);
    const leaseNames = (count: number) =>
      Array.from({ length: count }, (_, nth) => `orders-of-region-${nth + 100}`);
    const rendered = (id: string): number => {
      const rule = events.node.findChild(id).node.defaultChild as CfnRule;
      return JSON.stringify(stack.resolve(rule.eventPattern)).length;
    };
    const warnings = () =>
      Annotations.fromStack(stack)
        .findWarning("*", Match.stringLikeRegexp("pattern"))
        .map(({ entry }) => entry.data as string);
    events.onLeadership("Few", { leaseNames: leaseNames(60) });
    expect(rendered("Few")).toBeLessThan(2_048);
    expect(warnings()).toEqual([]);

    events.onLeadership("Many", { leaseNames: leaseNames(120) });
    expect(warnings()).toEqual([
      expect.stringMatching(
        /the rule Many has 120 leases.*pattern of some 3,0\d\d characters.*takes 2,048.*raised to 4,096.*several rules/s,
      ),
    ]);
    expect(() => events.onLeadership("TooMany", { leaseNames: leaseNames(200) })).toThrow(
      /Test\/Leadership: the rule TooMany has 200 leases.*pattern of some 4,8\d\d characters, and EventBridge takes 4,096 at most.*several rules/,
    );
  });

  it("refuses a rule in another region than the bus", () => {
    const stack = stackIn(ENV);
    const bus = EventBus.fromEventBusArn(
      stack,
      "Bus",
      "arn:aws:events:us-east-1:111111111111:event-bus/leadership",
    );
    const events = LeadershipEvents.fromEventBus(stack, "Leadership", bus);
    expect(() => events.onLeadership("Rule")).toThrow(/bus is in region us-east-1.*in eu-central-1/);
  });
});

it("a bus of another account gets no rule: it would be made on this account's bus of that name", () => {
  const { stack } = made(ENV);
  const bus = EventBus.fromEventBusArn(
    stack,
    "Far",
    "arn:aws:events:eu-central-1:222222222222:event-bus/far",
  );
  const events = LeadershipEvents.fromEventBus(stack, "Elsewhere", bus);
  expect(() => events.onLeadership("Orders")).toThrow(/the bus is in account 222222222222.*111111111111/);
});
