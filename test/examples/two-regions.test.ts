import { App, Stack } from "aws-cdk-lib";
import { Annotations, Match, Template } from "aws-cdk-lib/assertions";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { describe, expect, it } from "vitest";
import { GuestStack, SharedTableStack } from "../../examples/other-account.ts";
import { inTwoRegions } from "../../examples/two-regions.ts";
import { clientElsewhere } from "../../examples/two-regions-elsewhere.ts";

/** A statement of a policy, as it is synthesized. */
interface Statement {
  readonly Action: string[];
  readonly Principal?: unknown;
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

const ACCOUNT = "111111111111";
const unbundled = (): App => new App({ context: { "aws:cdk:bundling-stacks": [] } });
const stackOf = (app: App, id: string): Stack => app.node.findChild(id) as Stack;

describe("the guide to two regions", () => {
  const app = unbundled();
  inTwoRegions(app, ACCOUNT);

  it("synthesizes one table of three regions", () => {
    Template.fromStack(stackOf(app, "Leases")).hasResourceProperties("AWS::DynamoDB::GlobalTable", {
      TableName: "leases",
      MultiRegionConsistency: "STRONG",
      Replicas: [Match.objectLike({ Region: "us-east-2" }), Match.objectLike({ Region: "us-east-1" })],
      GlobalTableWitnesses: [{ Region: "us-west-2" }],
    });
  });

  it.each(["us-east-1", "us-east-2"])(
    "has the job of %s talk to the copy there, at the same ticks",
    (region) => {
      const stack = stackOf(app, `Close-${region}`);
      const template = Template.fromStack(stack);
      template.hasResourceProperties("AWS::Scheduler::Schedule", { ScheduleExpression: "cron(0 2 * * ? *)" });
      const policies = JSON.stringify(template.findResources("AWS::IAM::Policy"));
      const [fn] = Object.values(template.findResources("AWS::Lambda::Function"));
      const named: unknown = fn?.["Properties"].Environment.Variables.LEASE_TABLE_NAME;
      if (region === "us-east-2") {
        expect(named).toBe("leases");
        expect(policies).toContain(`:dynamodb:us-east-2:${ACCOUNT}:table/leases`);
        expect(policies).not.toContain("us-east-1");
      } else {
        expect(JSON.stringify(named)).toMatch(/Fn::ImportValue|leases/);
      }
      expect(stack.dependencies.map(({ stackName }) => stackName)).toEqual(["Leases"]);
      expect(Annotations.fromStack(stack).findWarning("*", Match.stringLikeRegexp("lease"))).toEqual([]);
    },
  );

  it("makes a client elsewhere", async () => {
    await clientElsewhere().close();
  });
});

describe("the guide to another account", () => {
  it("lets the guest's account stand for one lease, and use the key", () => {
    const stack = new SharedTableStack(new App(), "Shared", {
      env: { account: ACCOUNT, region: "eu-west-1" },
      guest: "222222222222",
    });
    const template = Template.fromStack(stack);
    const tables = JSON.stringify(template.findResources("AWS::DynamoDB::GlobalTable"));
    expect(tables).toContain("ResourcePolicy");
    expect(tables).toContain('"dynamodb:LeadingKeys":["writer"]');
    expect(tables).toContain(":iam::222222222222:root");
  });

  it("lets it use the key by way of DynamoDB alone, for all that the guest's grant asks of the key", () => {
    const env = (account: string) => ({ env: { account, region: "eu-west-1" } });
    const shared = new SharedTableStack(new App(), "Shared", { ...env(ACCOUNT), guest: "222222222222" });
    const guest = new GuestStack(new App(), "Guest", {
      ...env("222222222222"),
      tableArn: `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/leases`,
      keyArn: `arn:aws:kms:eu-west-1:${ACCOUNT}:key/k`,
      service: (scope) =>
        new Role(scope, "Service", { assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com") }),
    });
    const propertiesOf = (stack: Stack, type: string) =>
      Object.values(Template.fromStack(stack).findResources(type))[0]?.["Properties"];
    const statements: Statement[] = propertiesOf(shared, "AWS::KMS::Key").KeyPolicy.Statement;
    const ofGuest = statements.filter(({ Principal }) => JSON.stringify(Principal).includes("222222222222"));
    const asked = (propertiesOf(guest, "AWS::IAM::Policy").PolicyDocument.Statement as Statement[]).find(
      ({ Resource }) => JSON.stringify(Resource).includes(":kms:"),
    );
    expect(ofGuest).toEqual([{ ...asked, Principal: expect.anything() as unknown, Resource: "*" }]);
    expect(asked?.Action).toContain("kms:DescribeKey");
    expect(JSON.stringify(asked?.Condition)).toMatch(/kms:ViaService.*dynamodb\.eu-west-1\./);
  });

  it("grants the guest's service the table and the key by their ARNs", () => {
    const tableArn = `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/leases`;
    const keyArn = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/k`;
    const stack = new GuestStack(new App(), "Guest", {
      env: { account: "222222222222", region: "eu-west-1" },
      tableArn,
      keyArn,
      service: (scope) =>
        new Role(scope, "Service", { assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com") }),
    });
    const policies = JSON.stringify(Template.fromStack(stack).findResources("AWS::IAM::Policy"));
    expect(policies).toContain(tableArn);
    expect(policies).toContain(keyArn);
  });
});
