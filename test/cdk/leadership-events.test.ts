import { App, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { MultiRegionConsistency } from "aws-cdk-lib/aws-dynamodb";
import { EventBus } from "aws-cdk-lib/aws-events";
import { Key } from "aws-cdk-lib/aws-kms";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { describe, expect, it } from "vitest";
import { LeadershipEvents, type LeadershipEventsProps, LeaseTable } from "../../lib/cdk/index.ts";
import { deployed, isAllowed } from "../support/iam.ts";

const ENV = { region: "eu-central-1", account: "111111111111" };
const STREAM = "arn:aws:dynamodb:eu-central-1:111111111111:table/leases/stream/2026-11-28T00:00:00.000";
const PIPE = "AWS::Pipes::Pipe";
const RULE = "AWS::Events::Rule";

function stackIn(env?: typeof ENV): Stack {
  return new Stack(new App(), "Test", env === undefined ? {} : { env });
}

function made(props: Partial<LeadershipEventsProps> = {}, env?: typeof ENV) {
  const stack = stackIn(env);
  const table = props.table ?? new LeaseTable(stack, "Leases");
  const events = new LeadershipEvents(stack, "Leadership", { table, ...props });
  return { stack, events, template: () => Template.fromStack(stack) };
}

describe("leadership events", () => {
  it("turn on the stream of a table of this app, and only they do", () => {
    made()
      .template()
      .hasResourceProperties("AWS::DynamoDB::GlobalTable", {
        StreamSpecification: { StreamViewType: "NEW_AND_OLD_IMAGES" },
      });
    const stack = stackIn();
    new LeaseTable(stack, "Leases");
    const streaming = new LeaseTable(stack, "Streaming", { stream: true });
    const template = Template.fromStack(stack);
    template.resourcePropertiesCountIs(
      "AWS::DynamoDB::GlobalTable",
      { StreamSpecification: Match.absent() },
      1,
    );
    template.resourcePropertiesCountIs(
      "AWS::DynamoDB::GlobalTable",
      { StreamSpecification: { StreamViewType: "NEW_AND_OLD_IMAGES" } },
      1,
    );
    expect(stack.resolve(streaming.tableStreamArn)).toMatchObject({
      "Fn::GetAtt": [expect.any(String), "StreamArn"],
    });
  });

  it("read the stream of an imported table, and of one that agrees strongly across regions", () => {
    const stack = stackIn(ENV);
    const table = LeaseTable.fromTableName(stack, "Leases", "leases", { tableStreamArn: STREAM });
    new LeadershipEvents(stack, "Leadership", { table });
    Template.fromStack(stack).hasResourceProperties(PIPE, { Source: STREAM });

    const strong = stackIn({ ...ENV, region: "us-east-1" });
    const three = new LeaseTable(strong, "Leases", {
      multiRegionConsistency: MultiRegionConsistency.STRONG,
      replicaRegions: ["us-east-2", "us-west-2"],
    });
    new LeadershipEvents(strong, "Leadership", { table: three });
    Template.fromStack(strong).hasResourceProperties("AWS::DynamoDB::GlobalTable", {
      StreamSpecification: { StreamViewType: "NEW_AND_OLD_IMAGES" },
    });
  });

  it("keep trying while a service fails, for half the time that the stream keeps records, then leave a note", () => {
    const { stack, events, template } = made();
    template().hasResourceProperties(PIPE, {
      SourceParameters: {
        DynamoDBStreamParameters: {
          StartingPosition: "TRIM_HORIZON",
          BatchSize: 10,
          ParallelizationFactor: 1,
          OnPartialBatchItemFailure: "AUTOMATIC_BISECT",
          MaximumRetryAttempts: -1,
          MaximumRecordAgeInSeconds: 43_200,
          DeadLetterConfig: { Arn: stack.resolve(events.deadLetterQueue.queueArn) as unknown },
        },
      },
      LogConfiguration: { Level: "ERROR", IncludeExecutionData: Match.absent() },
    });
    template().hasResourceProperties("AWS::SQS::Queue", { MessageRetentionPeriod: 1_209_600 });
    expect(events.metricDeadLetters()).toMatchObject({ statistic: "Maximum" });
  });

  it("make one pipe, since a stream bears two readers, and few filters", () => {
    const { template } = made();
    template().resourceCountIs(PIPE, 1);
    const pipes = Object.values(template().findResources(PIPE));
    expect(pipes[0]?.["Properties"].SourceParameters.FilterCriteria.Filters).toHaveLength(4);
  });

  it("let the pipe do what it does and nothing else", async () => {
    const { stack, events, template } = made();
    const json = template().toJSON();
    const [id] = Object.keys(
      template().findResources("AWS::IAM::Role", {
        Properties: {
          AssumeRolePolicyDocument: {
            Statement: [Match.objectLike({ Principal: { Service: "pipes.amazonaws.com" } })],
          },
        },
      }),
    );
    const { statementsOf, text } = deployed(json);
    const statements = statementsOf(id ?? "");
    const arnOf = (type: string, attribute: string): string =>
      text({ "Fn::GetAtt": [Object.keys(template().findResources(type))[0], attribute] });
    const stream = arnOf("AWS::DynamoDB::GlobalTable", "StreamArn");
    const table = arnOf("AWS::DynamoDB::GlobalTable", "Arn");
    const fn = arnOf("AWS::Lambda::Function", "Arn");
    const bus = text(stack.resolve(events.eventBus.eventBusArn));
    const queue = text(stack.resolve(events.deadLetterQueue.queueArn));
    const may = (action: string, resource: string) => isAllowed(statements, { action, resource });
    for (const action of ["DescribeStream", "GetRecords", "GetShardIterator"]) {
      expect(await may(`dynamodb:${action}`, stream), action).toBe(true);
      expect(await may(`dynamodb:${action}`, stream.replace(/0$/, "1")), action).toBe(false);
    }
    expect(await may("dynamodb:ListStreams", "*")).toBe(true);
    expect(await may("lambda:InvokeFunction", fn)).toBe(true);
    expect(await may("events:PutEvents", bus)).toBe(true);
    expect(await may("sqs:SendMessage", queue)).toBe(true);
    for (const [action, resource] of [
      ["dynamodb:GetItem", table],
      ["dynamodb:UpdateItem", table],
      ["lambda:InvokeFunction", `${fn}-other`],
      ["sqs:ReceiveMessage", queue],
      ["events:DeleteEventBus", bus],
      ["events:PutEvents", "arn:aws:events:eu-central-1:000000000000:event-bus/default"],
    ] as const) {
      expect(await may(action, resource), action).toBe(false);
    }
  });

  it("let the pipe use the table's key by way of DynamoDB", () => {
    const stack = stackIn(ENV);
    const encryptionKey = new Key(stack, "Key");
    const table = new LeaseTable(stack, "Leases", { encryptionKey });
    new LeadershipEvents(stack, "Leadership", { table });
    Template.fromStack(stack).hasResourceProperties("AWS::IAM::Policy", {
      PolicyDocument: {
        Statement: Match.arrayWith([
          {
            Action: ["kms:Decrypt", "kms:DescribeKey"],
            Effect: "Allow",
            Resource: stack.resolve(encryptionKey.keyArn) as unknown,
            Condition: {
              StringEquals: {
                "kms:ViaService": {
                  "Fn::Join": ["", ["dynamodb.eu-central-1.", { Ref: "AWS::URLSuffix" }]],
                },
              },
            },
          },
        ]),
      },
    });
  });

  it("use the bus that is given, and else make one", () => {
    const stack = stackIn();
    const eventBus = EventBus.fromEventBusName(stack, "Ours", "ours");
    new LeadershipEvents(stack, "Leadership", { table: new LeaseTable(stack, "Leases"), eventBus });
    const template = Template.fromStack(stack);
    template.resourceCountIs("AWS::Events::EventBus", 0);
    template.hasResourceProperties(RULE, { EventBusName: "ours" });
    made().template().resourceCountIs("AWS::Events::EventBus", 1);
  });
});

describe("the audit trail", () => {
  it("keeps every event for two years, beyond the stack, before the pipe sends the first", () => {
    const { template } = made();
    const [[id] = []] = Object.entries(
      template().findResources("AWS::Logs::LogGroup", { Properties: { RetentionInDays: 731 } }),
    );
    template().hasResource("AWS::Logs::LogGroup", {
      Properties: { RetentionInDays: 731 },
      DeletionPolicy: "Retain",
    });
    const rules = Object.entries(template().findResources(RULE));
    expect(rules).toHaveLength(1);
    const [ruleId, rule] = rules[0] ?? [];
    expect(JSON.stringify(rule?.["Properties"].Targets[0].Arn)).toContain(`"Ref":"${id}"`);
    expect(rule?.["Properties"].Targets[0].DeadLetterConfig).toBeDefined();
    const [pipe] = Object.values(template().findResources(PIPE));
    expect(pipe?.["DependsOn"]).toContain(ruleId);
  });

  it("is written by the rule's service, as a resource of CloudFormation's own", () => {
    const { template } = made();
    const policies = template().findResources("AWS::Logs::ResourcePolicy");
    const text = JSON.stringify(policies);
    expect(text).toContain("events.amazonaws.com");
    expect(text).toContain("delivery.logs.amazonaws.com");
    expect(text).toContain("aws:SourceArn");
    const types = Object.values(template().toJSON()["Resources"] as Record<string, { Type: string }>);
    expect(types.filter(({ Type }) => Type.startsWith("Custom::"))).toEqual([]);
  });

  it("is kept for as long as one says", () => {
    const { template } = made({
      auditRetention: RetentionDays.TEN_YEARS,
      auditRemovalPolicy: RemovalPolicy.DESTROY,
    });
    template().hasResource("AWS::Logs::LogGroup", {
      Properties: { RetentionInDays: 3_653 },
      DeletionPolicy: "Delete",
    });
  });
});

describe("synthesis refuses leadership events", () => {
  it("of a table that has some", () => {
    const stack = stackIn();
    const table = new LeaseTable(stack, "Leases");
    new LeadershipEvents(stack, "One", { table });
    expect(() => new LeadershipEvents(stack, "Other", { table })).toThrow(/has LeadershipEvents already/);
  });

  it("of an imported table whose stream it does not know", () => {
    const stack = stackIn(ENV);
    const table = LeaseTable.fromTableName(stack, "Leases", "leases");
    expect(() => new LeadershipEvents(stack, "Leadership", { table })).toThrow(
      /Test\/Leadership: table Test\/Leases is imported without its stream.*tableStreamArn/,
    );
  });

  it("of a table in another region or account", () => {
    for (const [what, arn] of [
      ["region us-east-1", "arn:aws:dynamodb:us-east-1:111111111111:table/leases"],
      ["account 222222222222", "arn:aws:dynamodb:eu-central-1:222222222222:table/leases"],
    ] as const) {
      const stack = stackIn(ENV);
      const table = LeaseTable.fromTableArn(stack, "Leases", arn, { tableStreamArn: STREAM });
      expect(() => new LeadershipEvents(stack, "Leadership", { table })).toThrow(
        new RegExp(`table Test/Leases is in ${what}.*own region and account only`),
      );
    }
  });

  it("with an age of records that a pipe or its stream does not know", () => {
    for (const age of [Duration.seconds(59), Duration.hours(25), Duration.millis(60_500)]) {
      expect(() => made({ maxRecordAge: age })).toThrow(
        /maxRecordAge is \d+ ms, but has to be of whole seconds/,
      );
    }
    made({ maxRecordAge: Duration.days(1) })
      .template()
      .hasResourceProperties(PIPE, {
        SourceParameters: { DynamoDBStreamParameters: { MaximumRecordAgeInSeconds: 86_400 } },
      });
  });
});

it("are refused a stream that is none, is of another table, or is of another region", () => {
  const withStream = (tableStreamArn: string) => () => {
    const stack = stackIn(ENV);
    const table = LeaseTable.fromTableName(stack, "Leases", "leases", { tableStreamArn });
    return new LeadershipEvents(stack, "Leadership", { table });
  };
  const [tableArn = ""] = STREAM.split("/stream/");
  for (const arn of [tableArn, "", STREAM.replace("table/leases", "table/others")]) {
    expect(withStream(arn)).toThrow(
      /tableStreamArn is ".*", but has to be that of a stream of the table "leases"/,
    );
  }
  expect(withStream(STREAM.replace("eu-central-1", "us-east-1"))).toThrow(/stream.*in region us-east-1/);
  expect(withStream(STREAM)).not.toThrow();
});

it("the same app can be deployed twice into an account, under two names of its stack", () => {
  const names = ["test-leases", "prod-leases"].map((stackName) => {
    const stack = new Stack(new App(), "Test", { stackName, env: ENV });
    new LeadershipEvents(stack, "Leadership", { table: new LeaseTable(stack, "Leases") });
    const template = Template.fromStack(stack);
    const propertiesOf = (type: string) => Object.values(template.findResources(type))[0]?.["Properties"];
    const bus = propertiesOf("AWS::Events::EventBus")["Name"] as string;
    return [bus, propertiesOf("AWS::Logs::ResourcePolicy")["PolicyName"] as string];
  });
  expect(names.flat().join(" ")).toMatch(/^(test-leases-\S+ ){2}prod-leases-\S+ prod-leases-\S+$/);
});
