import { join } from "node:path";
import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { App, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import type { LeaderOnlyContext } from "leasehold/middy";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { LOCAL_AWS } from "../../local/engine.ts";
import { captureOutput } from "../support/emf.ts";
import { engineForTests } from "../support/engine-for-tests.ts";

const engine = engineForTests("leases");

beforeAll(async () => {
  vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", engine.endpoint);
  vi.stubEnv("AWS_REGION", LOCAL_AWS.region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", LOCAL_AWS.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", LOCAL_AWS.credentials.secretAccessKey);
  vi.stubEnv("LEASE_TABLE_NAME", "leases");
  vi.stubEnv("LEASE_NAME", "nightly-close");
  vi.stubEnv("LEASE_DURATION_MS", "15000");
  vi.stubEnv("ORDER_TABLE_NAME", "orders");
  await engine.client.send(
    new CreateTableCommand({
      TableName: "orders",
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
});

afterAll(() => vi.unstubAllEnvs());

const context = { getRemainingTimeInMillis: () => 10_000 } as LeaderOnlyContext;

// The CDK alone takes a starved machine half a minute to load.
describe("the examples", { timeout: 300_000 }, () => {
  it("lead one occurrence once, with middy", async () => {
    const { handler } = await import("../../examples/lambda-middy.ts");
    const event = { tick: "2026-01-01T02:00:00Z" };
    expect(await handler(event, context)).toEqual({ led: true });
    expect(await handler(event, context)).toEqual({ led: false, reason: "tick-done", leader: undefined });
  });

  it("lead the next occurrence once, without middy", async () => {
    const { handler } = await import("../../examples/lambda-plain.ts");
    const event = { tick: "2026-01-02T02:00:00Z" };
    expect(await handler(event, context)).toEqual({ led: true });
    expect(await handler(event, context)).toEqual({ led: false, reason: "tick-done", leader: undefined });
  });

  it("tell who leads, and where", async () => {
    const { whoLeads } = await import("../../examples/who-leads.ts");
    const { LeaseClient } = await import("leasehold");
    await using leases = new LeaseClient({ tableName: "leases" });
    const lease = await leases.acquire("writer");
    await lease.proclaim({ endpoint: "10.0.0.7:8080" });
    expect(await whoLeads("writer")).toMatch(/^.+ leads at {"endpoint":"10\.0\.0\.7:8080"}$/);
    await lease.release();
    expect(await whoLeads("writer")).toBe("nobody leads");
  });

  it("write while they lead, and are refused by storage afterwards", async () => {
    const { saveOrder } = await import("../../examples/fenced-write.ts");
    const { LeaseClient } = await import("leasehold");
    await using leases = new LeaseClient({ tableName: "leases" });
    const lease = await leases.acquire("orders");
    await saveOrder(lease, "order-1");
    await lease.release();
    await expect(saveOrder(lease, "order-2")).rejects.toMatchObject({ code: "FENCED" });
  });

  it("elect a standby after a crash, in no real time", async () => {
    const { standbyLeadsAfterACrash } = await import("../../examples/testing.ts");
    expect(await standbyLeadsAfterACrash()).toBe("b");
  });

  it("freeze a leader, and lead over a bad network, in no real time", async () => {
    const { frozenLeaderKnows, jobOnABadNetwork } = await import("../../examples/testing.ts");
    expect(await frozenLeaderKnows()).toBe(false);
    const { led, lost } = await jobOnABadNetwork(7);
    expect(lost).toBeGreaterThan(0);
    expect(led).toBeGreaterThan(0);
  });

  it("synthesize", async () => {
    const { ClosingStack } = await import("../../examples/stack.ts");
    const { WriterStack } = await import("../../examples/other-stack.ts");
    const app = new App({ context: { "aws:cdk:bundling-stacks": [] } });
    const closing = new ClosingStack(app, "Closing");
    const roles = new Stack(app, "Roles");
    const role = (id: string): Role =>
      new Role(roles, id, { assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com") });
    new WriterStack(app, "Writer", {
      service: role("Service"),
      dashboard: role("Dashboard"),
    });
    const { WatchedStack } = await import("../../examples/alarms.ts");
    const topic = Topic.fromTopicArn(roles, "Topic", "arn:aws:sns:eu-central-1:111111111111:alarms");
    const watched = new WatchedStack(app, "Watched", { topic });
    Template.fromStack(closing).resourceCountIs("AWS::Scheduler::Schedule", 1);
    Template.fromStack(watched).resourceCountIs("AWS::CloudWatch::Alarm", 7 + 5 + 2);
    Template.fromStack(watched).resourceCountIs("AWS::CloudWatch::Dashboard", 1);
    const policies = Template.fromStack(roles).findResources("AWS::IAM::Policy");
    expect(JSON.stringify(policies)).toContain('"dynamodb:LeadingKeys":["writer"]');
  });

  it("synthesize as the guide to the constructs shows them", async () => {
    const { GlobalStack, grant, JobsStack, OtherStack, StatusStack } = await import(
      "../../examples/cdk-guide.ts"
    );
    const app = () => new App({ context: { "aws:cdk:bundling-stacks": [] } });
    const existing = (scope: Construct) =>
      new LambdaFunction(scope, "Existing", {
        runtime: Runtime.NODEJS_24_X,
        handler: "index.handler",
        code: Code.fromInline("exports.handler = async () => {};"),
      });
    const jobs = Template.fromStack(new JobsStack(app(), "Jobs", { existing }));
    for (const [LEASE_NAME, LEASE_DURATION_MS] of [
      ["nightly-close", "30000"],
      ["report", "15000"],
    ]) {
      jobs.hasResourceProperties("AWS::Lambda::Function", {
        Environment: { Variables: Match.objectLike({ LEASE_NAME, LEASE_DURATION_MS }) },
      });
    }

    const other = new OtherStack(app(), "Other");
    const role = (id: string): Role =>
      new Role(other, id, { assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com") });
    grant(other.leases, { worker: role("Worker"), dashboard: role("Dashboard"), operator: role("Operator") });
    Template.fromStack(other).resourceCountIs("AWS::IAM::Policy", 3);

    const status = app();
    const dashboard = new Role(new Stack(status, "Roles"), "Asks", {
      assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com"),
    });
    const entry = join(import.meta.dirname, "../../lambda/leader-status.ts");
    Template.fromStack(new StatusStack(status, "Status", { entry, dashboard })).hasResourceProperties(
      "AWS::Lambda::Url",
      { AuthType: "AWS_IAM" },
    );

    const env = { region: "us-east-1", account: "111111111111" };
    Template.fromStack(new GlobalStack(app(), "Global", { env })).hasResourceProperties(
      "AWS::DynamoDB::GlobalTable",
      { MultiRegionConsistency: "STRONG" },
    );
  });

  it("report what happened to CloudWatch, by the function's service and lease", async () => {
    vi.stubEnv("POWERTOOLS_SERVICE_NAME", "closing");
    vi.stubEnv("POWERTOOLS_METRICS_NAMESPACE", "Leasehold");
    using output = captureOutput();
    const { handler } = await import("../../examples/metrics-lambda.ts");
    expect(await handler({ tick: "2026-01-03T02:00:00Z" }, context)).toMatchObject({ led: true });
    const about = { namespace: "Leasehold", dimensions: { service: "closing", LeaseName: "nightly-close" } };
    for (const name of ["Leader", "TermsBegun", "TicksDone"]) {
      expect(output.metrics()).toContainEqual(expect.objectContaining({ ...about, name, value: 1 }));
    }
  });
});
