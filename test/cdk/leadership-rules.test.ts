import { App, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { EventBus } from "aws-cdk-lib/aws-events";
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
  const events = new LeadershipEvents(stack, "Leadership", { table: new LeaseTable(stack, "Leases") });
  return { stack, events, template: () => Template.fromStack(stack) };
}

describe("onLeadership", () => {
  it("makes a rule for all changes, or for some of some leases, with a target", () => {
    const { stack, events, template } = made();
    events.onLeadership("All");
    events.onLeadership("Some", {
      leaseNames: ["orders-writer", "billing"],
      changes: [LeadershipChange.RELEASED],
      eventPattern: { detail: { cause: ["vacated"] } },
      target: new SqsQueue(new Queue(stack, "Queue")),
      description: "Orders",
    });
    template().hasResourceProperties(RULE, {
      EventPattern: { source: ["leasehold"], "detail-type": Object.values(LeadershipChange) },
      Targets: Match.absent(),
    });
    template().hasResourceProperties(RULE, {
      Description: "Orders",
      EventPattern: {
        source: ["leasehold"],
        "detail-type": ["Leadership Released"],
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
      EventPattern: Match.objectLike({ detail: { lease: ["orders-writer"] } }),
    });
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
    for (const eventPattern of [{ source: ["x"] }, { detailType: ["x"] }, { detail: { lease: ["x"] } }]) {
      expect(refusal({ eventPattern })).toThrow(/would widen the rule; use changes and leaseNames/);
    }
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
