import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { App, type CfnResource, Validations } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";
import { describe, expect, it } from "vitest";
import { LeaseTableStack } from "../../bin/stacks/lease-table-stack.ts";
import { handlerOf, ReferenceStack } from "../../bin/stacks/reference-stack.ts";
import { deployed, isAllowed } from "../support/iam.ts";
import { writeProject } from "./project.ts";

// Off in all other tests: see vitest.config.ts.
delete process.env["CDK_VALIDATION"];

interface Reference {
  readonly app: App;
  readonly leases: LeaseTableStack;
  readonly stack: ReferenceStack;
}

function reference(election?: string): Reference {
  using project = writeProject({
    "lambda/number-invoices.ts": "export const handler = async () => 1;",
    "lambda/number-invoices-unelected.ts": "export const handler = async () => 2;",
    "lambda/receive-invoices.ts": "export const handler = async () => 3;",
  });
  const app = new App({
    context: { "aws:cdk:bundling-stacks": [], "@aws-cdk/core:validateAgainstDefaultRules": true },
  });
  const leases = new LeaseTableStack(app, "Leases");
  const stack = new ReferenceStack(app, "Reference", {
    leases: leases.table,
    numberInvoices: handlerOf(election),
    root: project.root,
  });
  return { app, leases, stack };
}

/** What checks all templates takes as long as the machine's other work lets it. */
const PATIENCE_MS = 300_000;

describe("the reference app", () => {
  it(
    "passes AWS's checks of solutions and of serverless ones, and CloudFormation's own rules",
    () => {
      const { app } = reference();
      Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
      app.synth();
    },
    PATIENCE_MS,
  );

  it("would not pass them with a queue that anyone may read unencrypted", () => {
    const { app, stack } = reference();
    new Queue(stack, "Careless");
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
    expect(() => app.synth()).toThrow(/Careless.*AwsSolutions-SQS4/s);
    expect(readFileSync(join(app.outdir, "validation-report.json"), "utf8")).toMatch(
      /Serverless-SQSRedrivePolicy/,
    );
  });

  it("names the lease table for every service of the account", () => {
    const template = Template.fromStack(reference().leases);
    const [table] = Object.keys(template.findResources("AWS::DynamoDB::GlobalTable"));
    template.hasResourceProperties("AWS::SSM::Parameter", {
      Name: "/leasehold/leases/table-name",
      Value: { Ref: table },
    });
    template.hasOutput("TableName", { Value: { Ref: table } });
  });

  it("tells every service of the account who leads, and keeps it", () => {
    const template = Template.fromStack(reference().leases);
    const [bus] = Object.keys(template.findResources("AWS::Events::EventBus"));
    template.hasResourceProperties("AWS::SSM::Parameter", {
      Name: "/leasehold/leadership-bus-name",
      Value: { Ref: bus },
    });
    template.resourceCountIs("AWS::Pipes::Pipe", 1);
    template.hasResourceProperties("AWS::Logs::LogGroup", { RetentionInDays: 731 });
    template.hasOutput("AuditTrail", {});
  });

  it("has an alarm on every dead-letter queue", () => {
    const { leases, stack } = reference();
    for (const template of [leases, stack].map((one) => Template.fromStack(one))) {
      const queues = Object.keys(template.findResources("AWS::SQS::Queue"));
      expect(queues.length).toBeGreaterThan(0);
      for (const queue of queues) {
        template.hasResourceProperties("AWS::CloudWatch::Alarm", {
          MetricName: "ApproximateNumberOfMessagesVisible",
          Dimensions: [{ Name: "QueueName", Value: { "Fn::GetAtt": [queue, "QueueName"] } }],
        });
      }
    }
  });

  it("protects the stack that every service's leases are in", () => {
    expect(reference().leases.terminationProtection).toBe(true);
  });

  it("keeps invoices by partition and sort key, restorable and protected", () => {
    Template.fromStack(reference().stack).hasResourceProperties("AWS::DynamoDB::GlobalTable", {
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      BillingMode: "PAY_PER_REQUEST",
      Replicas: [
        Match.objectLike({
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        }),
      ],
    });
  });

  it("runs both jobs every minute with the same kind of payload", () => {
    const template = Template.fromStack(reference().stack);
    template.resourcePropertiesCountIs(
      "AWS::Scheduler::Schedule",
      {
        ScheduleExpression: "rate(1 minute)",
        Target: Match.objectLike({
          Input: '{"tick":"<aws.scheduler.scheduled-time>","executionId":"<aws.scheduler.execution-id>"}',
        }),
      },
      2,
    );
  });

  it("gives the numbering job its election, and the receiving job none", () => {
    const template = Template.fromStack(reference().stack);
    template.hasResourceProperties("AWS::Lambda::Function", {
      Environment: {
        Variables: Match.objectLike({
          LEASE_NAME: "number-invoices",
          LEASE_DURATION_MS: "5000",
          INVOICE_TABLE_NAME: Match.anyValue(),
        }),
      },
    });
    template.resourcePropertiesCountIs(
      "AWS::Lambda::Function",
      { Environment: { Variables: Match.objectLike({ LEASE_NAME: Match.absent() }) } },
      1,
    );
  });

  it("allows each job exactly the item actions that it sends to the invoice table", async () => {
    const { leases, stack } = reference();
    const template = Template.fromStack(stack);
    const { statementsOf, text } = deployed(template.toJSON(), Template.fromStack(leases).toJSON());
    const [table] = Object.keys(template.findResources("AWS::DynamoDB::GlobalTable"));
    const resource = text({ "Fn::GetAtt": [table, "Arn"] });
    const actions = ["Query", "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Scan", "BatchWriteItem"];
    const allowed = async (path: string) => {
      const role = stack.node.findChild(path).node.findChild("FunctionRole").node.defaultChild as CfnResource;
      const statements = statementsOf(stack.getLogicalId(role));
      const answers = await Promise.all(
        actions.map((name) => isAllowed(statements, { action: `dynamodb:${name}`, resource })),
      );
      return actions.filter((_, at) => answers[at]);
    };
    expect(await allowed("NumberInvoices")).toEqual([
      "Query",
      "GetItem",
      "PutItem",
      "UpdateItem",
      "DeleteItem",
    ]);
    expect(await allowed("ReceiveInvoices")).toEqual(["PutItem"]);
  });
});

/** Has a process say at its end how much of a processor's time it took. */
const TELLS_CPU_TIME =
  "process.on('exit', () => { const { user, system } = process.cpuUsage(); console.error(`cpu ${Math.round((user + system) / 1e3)} ms`); });";

describe("bin/app.ts", () => {
  // It is judged by the processor's time that it takes; the clock's depends on what else the machine does.
  const synthesize = (election: string) => {
    using out = writeProject({});
    const env = {
      ...process.env,
      CDK_OUTDIR: out.root,
      CDK_CONTEXT_JSON: JSON.stringify({ election, "leader-status": "on" }),
    };
    const args = ["--import", `data:text/javascript,${encodeURIComponent(TELLS_CPU_TIME)}`, "bin/app.ts"];
    const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
    const path = join(out.root, "LeaseholdReference.template.json");
    const cpuMs = Number(/cpu (\d+) ms/.exec(stderr)?.[1]);
    const tells = existsSync(join(out.root, "LeaseholdLeaderStatus.template.json"));
    return { status, stderr, cpuMs, tells, template: existsSync(path) ? readFileSync(path, "utf8") : "" };
  };

  it(
    "synthesizes and bundles the deployment in under twenty seconds of its own work",
    () => {
      const { status, stderr, cpuMs, tells, template } = synthesize("on");
      expect(status, stderr).toBe(0);
      expect(cpuMs, "how long it takes depends on what else the machine does").toBeLessThan(20_000);
      expect(cpuMs).toBeGreaterThan(100);
      expect(template).toContain("LEASE_TABLE_NAME");
      expect(tells, "its stack is made where the context says so").toBe(true);
    },
    PATIENCE_MS,
  );

  it(
    "synthesizes nothing when it does not know what election is meant",
    () => {
      const { status, stderr, template } = synthesize("maybe");
      expect(status).not.toBe(0);
      expect(stderr).toContain('context election must be "on" or "off", not "maybe"');
      expect(template).toBe("");
    },
    PATIENCE_MS,
  );
});

describe("the context value election", () => {
  it("chooses the elected job unless it is off", () => {
    expect(handlerOf(undefined)).toBe("number-invoices.ts");
    expect(handlerOf("on")).toBe("number-invoices.ts");
    expect(handlerOf("off")).toBe("number-invoices-unelected.ts");
  });

  it("changes the code of the numbering job and nothing else", () => {
    const withoutCode = (election: string) =>
      JSON.stringify(Template.fromStack(reference(election).stack).toJSON()).replaceAll(
        /[0-9a-f]{64}\.zip/g,
        "",
      );
    expect(withoutCode("off")).toBe(withoutCode("on"));
  });

  it("is refused when it is neither on nor off", () => {
    for (const election of ["maybe", "", true, 1]) {
      expect(() => handlerOf(election)).toThrow(/context election must be "on" or "off", not/);
    }
  });
});
