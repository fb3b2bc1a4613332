import { join } from "node:path";
import { App, Stack, Validations } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";
import { describe, expect, it } from "vitest";
import { LeaderStatusStack, tellsLeaders } from "../../bin/stacks/leader-status-stack.ts";
import { LeaseTableStack } from "../../bin/stacks/lease-table-stack.ts";
import { LeaderStatus, type LeaderStatusProps, LeaseTable } from "../../lib/cdk/index.ts";
import { logicalIdOf } from "../support/grants.ts";
import { deployed, isAllowed } from "../support/iam.ts";
import { writeProject } from "./project.ts";

const FILES = { "lambda/leader-status.ts": "export const handler = async () => 1;" };

function made(props: Partial<LeaderStatusProps> = {}) {
  using project = writeProject(FILES);
  const stack = new Stack(new App({ context: { "aws:cdk:bundling-stacks": [] } }), "Test");
  const status = new LeaderStatus(stack, "LeaderStatus", {
    table: LeaseTable.fromTableName(stack, "Leases", "leases"),
    entry: join(project.root, "lambda/leader-status.ts"),
    depsLockFilePath: join(project.root, "package-lock.json"),
    ...props,
  });
  return { stack, status, template: () => Template.fromStack(stack) };
}

describe("the function that tells who leads", () => {
  it("has an address that IAM guards, and lets nobody in by itself", () => {
    const template = made().template();
    template.hasResourceProperties("AWS::Lambda::Url", { AuthType: "AWS_IAM", Cors: Match.absent() });
    template.resourceCountIs("AWS::Lambda::Url", 1);
    template.resourceCountIs("AWS::Lambda::Permission", 0);
  });

  it("may read the table and nothing else", async () => {
    const { stack, status, template } = made();
    const { statementsOf } = deployed(template().toJSON());
    const statements = statementsOf(logicalIdOf(stack, status.function.role));
    const resource = "arn:aws:dynamodb:eu-central-1:000000000000:table/leases";
    const names = ["GetItem", "Query", "Scan", "UpdateItem", "PutItem", "DeleteItem", "DescribeTable"];
    const answers = await Promise.all(
      names.map((name) => isAllowed(statements, { action: `dynamodb:${name}`, resource })),
    );
    expect(names.filter((_, at) => answers[at])).toEqual(["GetItem", "Query", "Scan"]);
    template().hasResourceProperties("AWS::Lambda::Function", {
      Environment: { Variables: Match.objectLike({ LEASE_TABLE_NAME: "leases" }) },
      Timeout: 15,
    });
  });

  it("answers whom it is told to answer, by its address alone", async () => {
    const { stack, status, template } = made();
    const role = new Role(stack, "Asks", { assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com") });
    status.grantInvoke(role);
    const { statementsOf, text } = deployed(template().toJSON());
    const statements = statementsOf(logicalIdOf(stack, role));
    const resource = text(stack.resolve(status.function.functionArn));
    const may = (action: string, context: Record<string, string>) =>
      isAllowed(statements, { action: `lambda:${action}`, resource, context });
    expect(await may("InvokeFunctionUrl", { "lambda:FunctionUrlAuthType": "AWS_IAM" })).toBe(true);
    expect(await may("InvokeFunction", { "lambda:InvokedViaFunctionUrl": "true" })).toBe(true);
    expect(await may("InvokeFunction", {})).toBe(false);
    expect(await may("UpdateFunctionCode", {})).toBe(false);
  });

  it("refuses another table's name beside the table", () => {
    expect(() => made({ environment: { LEASE_TABLE_NAME: "other" } })).toThrow(
      /Test\/LeaderStatus: environment sets LEASE_TABLE_NAME, which the construct sets from table/,
    );
  });
});

describe("the reference app with it", () => {
  it("passes AWS's checks of solutions and of serverless ones", () => {
    using project = writeProject(FILES);
    const app = new App({ context: { "aws:cdk:bundling-stacks": [] } });
    const { table } = new LeaseTableStack(app, "Leases");
    new LeaderStatusStack(app, "Status", { leases: table, root: project.root });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
    app.synth();
  });

  it("has it only where the context says so", () => {
    expect([undefined, "off", "on"].map(tellsLeaders)).toEqual([false, false, true]);
    for (const wrong of ["", "yes", true, 1]) {
      expect(() => tellsLeaders(wrong)).toThrow(/context leader-status must be "on" or "off", not/);
    }
  });
});
