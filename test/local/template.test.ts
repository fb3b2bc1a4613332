import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { App, Stack } from "aws-cdk-lib";
import { CfnTable, type CfnTableProps } from "aws-cdk-lib/aws-dynamodb";
import { CfnEventInvokeConfig, CfnFunction } from "aws-cdk-lib/aws-lambda";
import { CfnPipe } from "aws-cdk-lib/aws-pipes";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { CfnSchedule } from "aws-cdk-lib/aws-scheduler";
import { CfnQueue } from "aws-cdk-lib/aws-sqs";
import { describe, expect, it } from "vitest";
import { readAssembly } from "../../local/assembly/assembly.ts";
import { parseRate, readDeployment } from "../../local/assembly/deployment.ts";
import { resolve, type Scope } from "../../local/assembly/resolve.ts";
import { type Json, parseStack } from "../../local/assembly/template.ts";
import { makeOwnedFolder } from "../../local/harness/processes.ts";

const tableStack = {
  Resources: {
    Leases: {
      Type: "AWS::DynamoDB::GlobalTable",
      Properties: {
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
        TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
      },
    },
    Named: { Type: "AWS::DynamoDB::Table", Properties: { TableName: "given-name" } },
    Queue: { Type: "AWS::SQS::Queue" },
    Odd: { Type: "AWS::Odd::Thing" },
  },
  Outputs: {
    Export: { Value: { Ref: "Leases" }, Export: { Name: { "Fn::Sub": "${AWS::StackName}:Leases" } } },
  },
  Parameters: { WithDefault: { Type: "String", Default: "d" }, Without: { Type: "String" } },
};
const stacks = [parseStack("Tables", tableStack), parseStack("Other", { Resources: {} })];
const scope = (name: string): Scope => {
  const stack = stacks.find(({ stackName }) => stackName === name);
  if (stack === undefined) throw new Error(name);
  return { stacks, stack, suffix: "x1" };
};
const inTables = (value: Json): Json => resolve(scope("Tables"), value);

describe("the resolver", () => {
  it.each<[Json, Json]>([
    [{ Ref: "Leases" }, "Tables-Leases-x1"],
    [{ Ref: "Named" }, "given-name"],
    [{ Ref: "AWS::Region" }, "eu-central-1"],
    [{ Ref: "WithDefault" }, "d"],
    [{ "Fn::GetAtt": ["Named", "Arn"] }, "arn:aws:dynamodb:eu-central-1:000000000000:table/given-name"],
    [{ "Fn::GetAtt": "Queue.Arn" }, "arn:aws:sqs:eu-central-1:000000000000:Tables-Queue-x1"],
    [{ "Fn::Join": ["-", ["a", { Ref: "Named" }, 3]] }, "a-given-name-3"],
    [{ "Fn::Select": [1, { "Fn::Split": [":", "a:b:c"] }] }, "b"],
    [
      { "Fn::Sub": "${Named}/${!literal}/${Queue.Arn}" },
      "given-name/${literal}/arn:aws:sqs:eu-central-1:000000000000:Tables-Queue-x1",
    ],
    [{ "Fn::Sub": ["${a}-${Named}", { a: { Ref: "AWS::Partition" } }] }, "aws-given-name"],
    [{ kept: 1, dropped: { Ref: "AWS::NoValue" } }, { kept: 1 }],
    [
      ["a", { Ref: "AWS::NoValue" }, { b: [{ Ref: "Named" }] }],
      ["a", { b: ["given-name"] }],
    ],
  ])("computes %j", (value, expected) => {
    expect(inTables(value)).toEqual(expected);
  });

  it("finds what another stack exports", () => {
    expect(resolve(scope("Other"), { "Fn::ImportValue": "Tables:Leases" })).toBe("Tables-Leases-x1");
  });

  it.each<[Json, RegExp]>([
    [{ "Fn::Cidr": ["10.0.0.0/8", 1, 8] }, /stack Tables: Fn::Cidr is not known/],
    [{ Ref: "Missing" }, /no resource Missing/],
    [{ Ref: "Without" }, /parameter Without has no default/],
    [{ "Fn::GetAtt": ["Odd", "Arn"] }, /attribute Arn of Odd \(AWS::Odd::Thing\) is not known/],
    [{ "Fn::ImportValue": "nobody" }, /no stack of the assembly exports nobody/],
    [{ "Fn::Join": ["-", "no list"] }, /Fn::Join needs a list/],
    [{ "Fn::Sub": ["${a}", { a: { b: 1 } }] }, /a must be text/],
  ])("says where and why it cannot compute %j", (value, message) => {
    expect(() => inTables(value)).toThrow(message);
  });

  it("refuses a template without resources", () => {
    expect(() => parseStack("Empty", {})).toThrow(/stack Empty has no Resources/);
  });
});

describe("an assembly", () => {
  it("becomes tables, functions and schedules", async () => {
    await using folder = await makeOwnedFolder("leasehold-test-");
    synthesize(folder.path);
    const { tables, functions, schedules } = readDeployment(readAssembly(folder.path), "x1");
    expect(tables.map(({ name }) => name)).toEqual(["Tables-Leases-x1", "given-name"]);
    expect(functions).toEqual([
      {
        name: "App-Job-x1",
        arn: "arn:aws:lambda:eu-central-1:000000000000:function:App-Job-x1",
        codeFolder: expect.stringContaining(join(folder.path, "asset.")),
        handler: "index.handler",
        timeoutMs: 30_000,
        memoryMb: 256,
        variables: { LEASE_TABLE_NAME: "Tables-Leases-x1", INVOICE_TABLE_NAME: "given-name" },
        reservedConcurrency: undefined,
        asynchronous: {
          retries: 1,
          maxAgeMs: 60_000,
          deadLetterArn: "arn:aws:sqs:eu-central-1:000000000000:App-Dead-x1",
        },
      },
    ]);
    expect(schedules).toEqual([
      {
        name: "App-Every-x1",
        targetArn: functions[0]?.arn,
        periodMs: 60_000,
        input: '{"tick":"<aws.scheduler.scheduled-time>"}',
      },
    ]);
  });

  it("without a stack is refused", async () => {
    await using folder = await makeOwnedFolder("leasehold-test-");
    await writeFile(join(folder.path, "manifest.json"), JSON.stringify({ version: "48.0.0", artifacts: {} }));
    expect(() => readAssembly(folder.path)).toThrow(/has no stack/);
  });
});

describe("a rate", () => {
  it.each([
    ["rate(1 minute)", 60_000],
    ["rate(5 minutes)", 300_000],
    ["rate(2 hours)", 7_200_000],
    ["rate(1 day)", 86_400_000],
  ])("%s has %d ms", (expression, periodMs) => {
    expect(parseRate(expression)).toBe(periodMs);
  });

  it.each(["cron(0 12 * * ? *)", "at(2026-01-01T00:00:00)", "rate(x minutes)", ""])(
    "is not %j",
    (expression) => {
      expect(() => parseRate(expression)).toThrow(/not a rate/);
    },
  );
});

/** Synthesizes two stacks, of which one uses what the other exports. */
function synthesize(outdir: string): void {
  const app = new App({ outdir, analyticsReporting: false });
  const tables = new Stack(app, "Tables");
  const table: CfnTableProps = {
    keySchema: [{ attributeName: "pk", keyType: "HASH" }],
    attributeDefinitions: [{ attributeName: "pk", attributeType: "S" }],
    billingMode: "PAY_PER_REQUEST",
  };
  const role = "arn:aws:iam::000000000000:role/any";
  const leases = new CfnTable(tables, "Leases", table);
  const stack = new Stack(app, "App");
  const invoices = new CfnTable(stack, "Invoices", { ...table, tableName: "given-name" });
  const dead = new CfnQueue(stack, "Dead");
  const code = new Asset(stack, "Code", { path: join(import.meta.dirname, "../../lambda") });
  const job = new CfnFunction(stack, "Job", {
    code: { s3Bucket: code.s3BucketName, s3Key: code.s3ObjectKey },
    role,
    runtime: "nodejs24.x",
    handler: "index.handler",
    timeout: 30,
    memorySize: 256,
    environment: { variables: { LEASE_TABLE_NAME: leases.ref, INVOICE_TABLE_NAME: invoices.ref } },
  });
  new CfnEventInvokeConfig(stack, "Config", {
    functionName: job.ref,
    qualifier: "$LATEST",
    maximumRetryAttempts: 1,
    maximumEventAgeInSeconds: 60,
    destinationConfig: { onFailure: { destination: dead.attrArn } },
  });
  const often = { scheduleExpression: "rate(1 minute)", flexibleTimeWindow: { mode: "OFF" } };
  const target = {
    arn: job.attrArn,
    roleArn: role,
    input: '{"tick":"<aws.scheduler.scheduled-time>"}',
  };
  new CfnSchedule(stack, "Every", { ...often, target });
  const enriches = new CfnFunction(stack, "Enriches", {
    code: { zipFile: "exports.handler = async () => [];" },
    role,
    runtime: "nodejs24.x",
    handler: "index.handler",
  });
  // Nothing here reads from a table's stream: neither it nor its function is played.
  new CfnPipe(stack, "Pipe", {
    roleArn: role,
    source: "arn:aws:dynamodb:eu-central-1:000000000000:table/given-name/stream/1",
    target: "arn:aws:events:eu-central-1:000000000000:event-bus/bus",
    enrichment: enriches.attrArn,
  });
  new CfnSchedule(stack, "Off", { ...often, target, state: "DISABLED" });
  app.synth();
}
