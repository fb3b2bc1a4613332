import { App, Duration, Stack } from "aws-cdk-lib";
import { Annotations, Match, Template } from "aws-cdk-lib/assertions";
import { MultiRegionConsistency } from "aws-cdk-lib/aws-dynamodb";
import type { CfnRole } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import type { Construct } from "constructs";
import { describe, expect, it } from "vitest";
import { type ILeaseTable, LeaderSchedule, LeaseTable } from "../../lib/cdk/index.ts";
import { deployed, isAllowed } from "../support/iam.ts";
import { inlineFunction } from "./inline-function.ts";

const ACCOUNT = "111111111111";
const OTHER_ACCOUNT = "222222222222";
const arnIn = (region: string, account = ACCOUNT): string =>
  `arn:aws:dynamodb:${region}:${account}:table/leases`;

function stackIn(app: App, id: string, region?: string, account: string | undefined = ACCOUNT): Stack {
  return new Stack(app, id, region === undefined ? {} : { env: { region, account } });
}

function schedule(scope: Construct, table: ILeaseTable): LeaderSchedule {
  return new LeaderSchedule(scope, "Job", {
    table,
    leaseName: "close",
    schedule: ScheduleExpression.rate(Duration.minutes(5)),
    handler: inlineFunction(scope, "Handler"),
  });
}

/** What the scheduled function is told of its table, and whether it may write there. */
function told(
  stack: Stack,
  job: LeaderSchedule,
): { readonly name: unknown; readonly may: (arn: unknown) => Promise<boolean> } {
  const template = Template.fromStack(stack);
  const [fn] = Object.values(template.findResources("AWS::Lambda::Function"));
  const role = stack.getLogicalId(job.function.role?.node.defaultChild as CfnRole);
  const context = { "dynamodb:LeadingKeys": ["close"] };
  return {
    name: fn?.["Properties"].Environment.Variables.LEASE_TABLE_NAME,
    may: (arn) => {
      const { statementsOf, text } = deployed(template.toJSON());
      return isAllowed(statementsOf(role), { action: "dynamodb:UpdateItem", resource: text(arn), context });
    },
  };
}

describe("a table that its ARN names", () => {
  it("of another region is what the function is told and may use", async () => {
    const stack = stackIn(new App(), "Test", "eu-west-1");
    const { name, may } = told(
      stack,
      schedule(stack, LeaseTable.fromTableArn(stack, "Leases", arnIn("us-east-2"))),
    );
    expect(name).toBe(arnIn("us-east-2"));
    expect(await may(arnIn("us-east-2"))).toBe(true);
    expect(await may(arnIn("eu-west-1"))).toBe(false);
  });

  it("is told by its name where it is near", async () => {
    const stack = stackIn(new App(), "Test", "eu-west-1");
    const { name, may } = told(
      stack,
      schedule(stack, LeaseTable.fromTableArn(stack, "Leases", arnIn("eu-west-1"))),
    );
    expect(name).toBe("leases");
    expect(await may(arnIn("eu-west-1"))).toBe(true);
  });

  it("opens its key by way of DynamoDB in its own region", async () => {
    const stack = stackIn(new App(), "Test", "eu-west-1");
    const encryptionKey = Key.fromKeyArn(stack, "Key", `arn:aws:kms:us-east-2:${ACCOUNT}:key/k`);
    const table = LeaseTable.fromTableArn(stack, "Leases", arnIn("us-east-2"), { encryptionKey });
    const job = schedule(stack, table);
    const role = stack.getLogicalId(job.function.role?.node.defaultChild as CfnRole);
    const statements = deployed(Template.fromStack(stack).toJSON()).statementsOf(role);
    const opens = (region: string): Promise<boolean> =>
      isAllowed(statements, {
        action: "kms:Decrypt",
        resource: encryptionKey.keyArn,
        context: { "kms:ViaService": `dynamodb.${region}.amazonaws.com` },
      });
    expect(await opens("us-east-2")).toBe(true);
    expect(await opens("eu-west-1")).toBe(false);
  });

  it("of another account is refused, unless that account is said to let this one in, with a customer's key", async () => {
    const stack = stackIn(new App(), "Test", "eu-west-1");
    const arn = arnIn("eu-west-1", OTHER_ACCOUNT);
    const closed = LeaseTable.fromTableArn(stack, "Closed", arn);
    expect(() => schedule(stack, closed)).toThrow(
      /Test\/Job: table Test\/Closed is in account 222222222222, this function in 111111111111; .*resource policy.*customer's key.*allowedByResourcePolicy: true/,
    );
    expect(() => LeaseTable.fromTableArn(stack, "Half", arn, { allowedByResourcePolicy: true })).toThrow(
      /Test\/Half: allowedByResourcePolicy is given without encryptionKey.*encrypted with a key of AWS/,
    );
    const other = stackIn(new App(), "Test", "eu-west-1");
    const encryptionKey = Key.fromKeyArn(other, "Key", `arn:aws:kms:eu-west-1:${OTHER_ACCOUNT}:key/k`);
    const options = { encryptionKey, allowedByResourcePolicy: true };
    const { name, may } = told(other, schedule(other, LeaseTable.fromTableArn(other, "Open", arn, options)));
    expect(name).toBe(arn);
    expect(await may(arn)).toBe(true);
  });

  it("brings a warning where nobody knows whether the account is the same", () => {
    const stack = new Stack(new App(), "Test");
    schedule(stack, LeaseTable.fromTableArn(stack, "Leases", arnIn("eu-west-1")));
    const message = Match.stringLikeRegexp(
      "in account 111111111111, this function in one that is known only",
    );
    expect(Annotations.fromStack(stack).findWarning("*", message)).toHaveLength(1);
  });

  it("is refused where it is no table's, and a name that is an ARN is, too", () => {
    const stack = stackIn(new App(), "Test", "eu-west-1");
    for (const arn of ["leases", "arn:aws:s3:::leases", `${arnIn("eu-west-1")}/index/by-name`]) {
      expect(() => LeaseTable.fromTableArn(stack, arn, arn), arn).toThrow(
        /tableArn is ".*that of a DynamoDB table|ARN/i,
      );
    }
    expect(() => LeaseTable.fromTableName(stack, "Leases", arnIn("us-east-2"))).toThrow(
      /Test\/Leases: tableName is an ARN, arn:.*; use LeaseTable\.fromTableArn/,
    );
  });
});

describe("a table of another stack of the app", () => {
  it("in another region is told by its ARN, and deployed before the schedule", async () => {
    const app = new App();
    const table = new LeaseTable(stackIn(app, "Owner", "us-east-2"), "Leases", { tableName: "leases" });
    const stack = stackIn(app, "Test", "eu-west-1");
    const { name, may } = told(stack, schedule(stack, table));
    const partly = (region: string) => ({
      "Fn::Join": ["", ["arn:", { Ref: "AWS::Partition" }, `:dynamodb:${region}:${ACCOUNT}:table/leases`]],
    });
    expect(name).toEqual(partly("us-east-2"));
    expect(await may(partly("us-east-2"))).toBe(true);
    expect(stack.dependencies.map(({ stackName }) => stackName)).toEqual(["Owner"]);
  });

  it("is told by its name where it has a replica, which is what the function may use", async () => {
    const app = new App();
    const table = new LeaseTable(stackIn(app, "Owner", "us-east-1"), "Leases", {
      tableName: "leases",
      multiRegionConsistency: MultiRegionConsistency.STRONG,
      replicaRegions: ["us-east-2", "us-west-2"],
    });
    const stack = stackIn(app, "Test", "us-east-2");
    const { name, may } = told(stack, schedule(stack, table));
    expect(name).toBe("leases");
    const arn = (region: string): unknown =>
      stack.resolve(`arn:${stack.partition}:dynamodb:${region}:${ACCOUNT}:table/leases`);
    expect(await may(arn("us-east-2"))).toBe(true);
    expect(await may(arn("us-east-1"))).toBe(false);
  });

  it("in another region is refused without a name, or without a region that is known", () => {
    const app = new App();
    const stack = stackIn(app, "Test", "eu-west-1");
    const unnamed = new LeaseTable(stackIn(app, "Owner", "us-east-2"), "Leases");
    expect(() => schedule(stack, unnamed)).toThrow(
      /table Owner\/Leases is in us-east-2, this function in eu-west-1, where nobody knows its name; give the table a tableName/,
    );
    const nowhere = LeaseTable.fromTableName(new Stack(app, "Nowhere"), "Leases", "leases");
    const other = stackIn(app, "Other", "eu-west-1");
    expect(() => schedule(other, nowhere)).toThrow(
      /known only at deployment.*name the region of the table's stack/,
    );
  });

  it("in another account is refused", () => {
    const app = new App();
    const table = new LeaseTable(stackIn(app, "Owner", "eu-west-1", OTHER_ACCOUNT), "Leases", {
      tableName: "leases",
    });
    expect(() => schedule(stackIn(app, "Test", "eu-west-1"), table)).toThrow(/is in account 222222222222/);
  });
});
