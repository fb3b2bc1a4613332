import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { Key } from "aws-cdk-lib/aws-kms";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import { Duration } from "aws-cdk-lib";
import { describe, expect, it } from "vitest";
import { LeaderSchedule, LeaseTable } from "../../lib/cdk/index.ts";
import { granted } from "../support/grants.ts";
import { deployed } from "../support/iam.ts";
import { inlineFunction } from "./inline-function.ts";

const PREFIX = "/leasehold/leases";
const published = (ssmPrefix?: string): Template => {
  const stack = new Stack(new App(), "Test");
  new LeaseTable(stack, "Leases", ssmPrefix === undefined ? {} : { ssmPrefix });
  return Template.fromStack(stack);
};

describe("a table with an ssmPrefix", () => {
  it("is published by its name and its ARN", () => {
    const template = published(PREFIX);
    const { text } = deployed(template.toJSON());
    const [table = ""] = Object.keys(template.findResources("AWS::DynamoDB::GlobalTable"));
    const parameters = Object.values(template.findResources("AWS::SSM::Parameter")).map(({ Properties }) => [
      Properties.Name,
      text(Properties.Value),
    ]);
    expect(Object.fromEntries(parameters)).toEqual({
      "/leasehold/leases/table-name": text({ Ref: table }),
      "/leasehold/leases/table-arn": text({ "Fn::GetAtt": [table, "Arn"] }),
    });
  });

  it("is published nowhere without one", () => {
    published().resourceCountIs("AWS::SSM::Parameter", 0);
  });

  it.each([
    "",
    "/",
    "leasehold",
    "/leasehold/",
    "/lease hold",
    "//a",
    `/${"a/".repeat(13)}a`,
    `/${"a".repeat(900)}`,
  ])("refuses %j as a prefix, and says what it has to be like", (prefix) => {
    const refusal =
      /Test(\/Leases)?: \w+ is ".*", but has to begin with "\/", must not end with it.*\/leasehold\/leases/;
    expect(() => published(prefix)).toThrow(refusal);
    expect(() => LeaseTable.fromSsm(new Stack(new App(), "Test"), "Leases", { prefix })).toThrow(refusal);
  });

  it("refuses what AWS keeps for itself, and what is known only at deployment", () => {
    expect(() => published("/aws/leases")).toThrow(/ssmPrefix is "\/aws\/leases", but AWS keeps names/);
    expect(() => published("/SSM-leases")).toThrow(/AWS keeps names/);
    const stack = new Stack(new App(), "Test");
    const late = StringParameter.valueForStringParameter(stack, "/prefix");
    expect(() => LeaseTable.fromSsm(stack, "Leases", { prefix: late })).toThrow(
      /Test: prefix has to be text that is known at synthesis/,
    );
    published(`/${"a/".repeat(12)}a`); // as deep as it goes
  });
});

describe("a table by its prefix", () => {
  it("is found when the stack is deployed, by whatever account and without a look-up", () => {
    const app = new App();
    const stack = new Stack(app, "Test");
    const table = LeaseTable.fromSsm(stack, "Leases", { prefix: PREFIX });
    const ids = Object.keys(
      Template.fromStack(stack).findParameters("*", {
        Type: "AWS::SSM::Parameter::Value<String>",
        Default: "/leasehold/leases/table-name",
      }),
    );
    expect(ids.map((Ref) => ({ Ref }))).toEqual([stack.resolve(table.tableName)]);
    expect(app.synth().manifest.missing).toBeUndefined();
  });

  it("grants what a table grants, its key included", () => {
    const { deployed: here, statements } = granted(
      (table, role) => table.grantCampaign(role, "writer"),
      (stack) => {
        const encryptionKey = new Key(stack, "Key");
        return LeaseTable.fromSsm(stack, "Leases", { prefix: PREFIX, encryptionKey });
      },
    );
    const name = here().text("/leasehold/leases/table-name"); // what stands in for the parameter's value
    expect(statements().map(({ Resource }) => String(Resource))).toEqual([
      `arn:aws:dynamodb:eu-central-1:000000000000:table/${name}`,
      expect.stringMatching(/^arn:aws:kms:/),
    ]);
  });

  it("serves a LeaderSchedule, which tells its function the name", () => {
    const stack = new Stack(new App(), "Test");
    const table = LeaseTable.fromSsm(stack, "Leases", { prefix: PREFIX });
    new LeaderSchedule(stack, "Job", {
      table,
      leaseName: "close",
      schedule: ScheduleExpression.rate(Duration.minutes(5)),
      handler: inlineFunction(stack, "Handler"),
    });
    const [fn] = Object.values(Template.fromStack(stack).findResources("AWS::Lambda::Function"));
    expect(fn?.["Properties"].Environment.Variables.LEASE_TABLE_NAME).toEqual(stack.resolve(table.tableName));
  });
});
