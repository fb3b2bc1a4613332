import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "@cdktn/hcl2json";
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { build } from "esbuild";
import { fenceCheck, LeaseClient } from "leasehold";
import { LeaseTable } from "leasehold/cdk";
import { describe, expect, it, onTestFinished } from "vitest";
import { engineClient, LOCAL_AWS } from "../../local/engine.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import type { Statement } from "../support/iam.ts";
import { createLeaseTable } from "../support/lease-tables.ts";
import { tableRequests } from "../../lib/cli/table/requests.ts";
import { read } from "../support/pages.ts";
import { underPolicy } from "../support/under-policy.ts";

const repo = join(import.meta.dirname, "../..");

type Json = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- templates of four tools

/** What a tool's file makes of a table, in the API's words. */
interface Made {
  readonly KeySchema: NonNullable<CreateTableCommandInput["KeySchema"]>;
  readonly AttributeDefinitions: NonNullable<CreateTableCommandInput["AttributeDefinitions"]>;
  readonly BillingMode: string;
  readonly ttl: unknown;
  readonly pointInTimeRecovery: unknown;
  readonly deletionProtection: unknown;
}

function ofCloudFormation(properties: Json): Made {
  const { KeySchema, AttributeDefinitions, BillingMode } = properties;
  const { TimeToLiveSpecification: ttl, Replicas: [replica = properties] = [] } = properties;
  return {
    KeySchema,
    AttributeDefinitions,
    BillingMode,
    ttl,
    pointInTimeRecovery: replica.PointInTimeRecoverySpecification?.PointInTimeRecoveryEnabled,
    deletionProtection: replica.DeletionProtectionEnabled,
  };
}

/** The resources of a template as CloudFormation's own schema of each type reads them. */
function included(file: string): Json {
  const stack = new Stack(new App(), "Included");
  new CfnInclude(stack, "Template", { templateFile: join(repo, "examples/table", file) });
  return Template.fromStack(stack).toJSON()["Resources"];
}

async function ofTerraform(): Promise<{ made: Made; statements: Statement[]; prevents: unknown }> {
  const { resource, data } = (await parse("terraform.tf", read("examples/table/terraform.tf"))) as Json;
  const [table] = resource.aws_dynamodb_table.leases;
  const [document] = data.aws_iam_policy_document.campaign;
  const key = (AttributeName: string, KeyType: "HASH" | "RANGE") => ({ AttributeName, KeyType });
  return {
    made: {
      KeySchema: [key(table.hash_key, "HASH"), key(table.range_key, "RANGE")],
      AttributeDefinitions: table.attribute.map(({ name, type }: Json) => ({
        AttributeName: name,
        AttributeType: type,
      })),
      BillingMode: table.billing_mode,
      ttl: { AttributeName: table.ttl[0].attribute_name, Enabled: table.ttl[0].enabled },
      pointInTimeRecovery: table.point_in_time_recovery[0].enabled,
      deletionProtection: table.deletion_protection_enabled,
    },
    statements: document.statement.map(({ actions, resources, condition }: Json) => ({
      Effect: "Allow",
      Action: actions,
      Resource: resources,
      Condition: Object.fromEntries(
        condition.map(({ test, variable, values }: Json) => [test, { [variable]: values }]),
      ),
    })),
    prevents: table.lifecycle[0].prevent_destroy,
  };
}

function ofCommandLine(): Made {
  const table = JSON.parse(read("examples/table/create-table.json"));
  const ttl = JSON.parse(read("examples/table/time-to-live.json"));
  const backups = JSON.parse(read("examples/table/point-in-time-recovery.json"));
  expect([ttl.TableName, backups.TableName]).toEqual([table.TableName, table.TableName]);
  return ofCloudFormation({ ...table, ...ttl, ...backups });
}

/** What the construct makes: the others are to be the same. */
function ofConstruct(): Made {
  const stack = new Stack(new App(), "Constructs");
  new LeaseTable(stack, "Leases");
  const [table] = Object.values(Template.fromStack(stack).findResources("AWS::DynamoDB::GlobalTable"));
  return ofCloudFormation(table?.["Properties"]);
}

/** What the construct says of encryption, in the API's words. */
function encryptionOfConstruct(): unknown {
  const stack = new Stack(new App(), "Encrypted");
  new LeaseTable(stack, "Leases");
  const [table] = Object.values(Template.fromStack(stack).findResources("AWS::DynamoDB::GlobalTable"));
  const { SSEEnabled: Enabled, SSEType } = table?.["Properties"]?.SSESpecification ?? {};
  return { Enabled, SSEType };
}

const engine = engineForTests();

async function create(TableName: string, made: Made): Promise<void> {
  const { KeySchema, AttributeDefinitions } = made;
  await engine.client.send(
    new CreateTableCommand({ TableName, KeySchema, AttributeDefinitions, BillingMode: "PAY_PER_REQUEST" }),
  );
  await waitUntilTableExists(
    { client: engine.client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 },
    { TableName },
  );
  const TimeToLiveSpecification = made.ttl as { AttributeName: string; Enabled: boolean };
  await engine.client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
}

/** A leader, its standby, a check of the token and the standby's term, with no more rights than the policy gives. */
async function elects(table: string, policy?: readonly Statement[]): Promise<void> {
  // What the tool calls the table's ARN is the ARN once it is deployed.
  const Resource = `arn:aws:dynamodb:${LOCAL_AWS.region}:000000000000:table/${table}`;
  const statements = policy?.map((statement) => ({ ...statement, Resource }));
  await using gate = await underPolicy(engine.endpoint, statements);
  const own = engineClient(gate.endpoint);
  await using leases = new LeaseClient({ tableName: table, client: own, retryIntervalMs: 50 });
  const first = leases.candidate("nightly-close");
  const second = leases.candidate("nightly-close");
  const lease = await first.campaign();
  const check = new TransactWriteCommand({ TransactItems: [fenceCheck({ tableName: table, lease })] });
  await DynamoDBDocumentClient.from(own).send(check);
  const next = second.campaign();
  await first.resign();
  expect((await next).token).toBeGreaterThan(lease.token);
  await second.resign();
  if (statements !== undefined) {
    await expect(leases.tryAcquire("another")).rejects.toMatchObject({ code: "ACCESS_DENIED" });
  }
  own.destroy();
}

const TICK = "2026-11-28T02:00:00Z";

/** Bundles the function as SAM's `BuildMethod: esbuild` does; resolves with the module that has the handler. */
async function built(options: Json, handler: string): Promise<string> {
  const [from, to] = options["OutExtension"][0].split("=");
  const [, banner] = /^js=(.*)$/.exec(options["Banner"][0]) ?? [];
  const outdir = mkdtempSync(join(tmpdir(), "leasehold-sam-"));
  onTestFinished(() => rmSync(outdir, { recursive: true, force: true }));
  await build({
    entryPoints: options["EntryPoints"].map((entry: string) => join(repo, "examples", entry)),
    format: options["Format"],
    target: options["Target"],
    outExtension: { [from]: to },
    banner: { js: banner ?? "" },
    alias: { leasehold: join(repo, "lib/index.ts") },
    platform: "node",
    bundle: true,
    minify: true,
    outdir,
  });
  return join(outdir, handler.replace(/\.\w+$/, to));
}

/** What the handler returns for an event that comes twice, in a process of its own. */
async function invoked(module: string, event: unknown, variables: Record<string, string>): Promise<unknown> {
  const { accessKeyId, secretAccessKey } = LOCAL_AWS.credentials;
  const script = `
    const { handler } = await import(${JSON.stringify(module)});
    const event = ${JSON.stringify(event)};
    console.error(JSON.stringify([await handler(event, {}), await handler(event, {})]));
  `;
  const { stderr } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    env: {
      PATH: process.env["PATH"],
      AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
      AWS_REGION: LOCAL_AWS.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      ...variables,
    },
  });
  return JSON.parse(stderr.trim().split("\n").at(-1) ?? "");
}

// The CDK alone takes a starved machine half a minute to load.
describe("a lease table without the CDK", { timeout: 300_000 }, () => {
  it("is by CloudFormation what the construct makes, and elects", async () => {
    const { Leases } = included("cloudformation.yaml");
    expect(Leases).toMatchObject({ DeletionPolicy: "Retain", UpdateReplacePolicy: "Retain" });
    const made = ofCloudFormation(Leases.Properties);
    expect(made).toEqual(ofConstruct());
    await create("by-cloudformation", made);
    await elects("by-cloudformation");
  });

  it("is by SAM what the construct makes, and its function may lead its lease and no other", async () => {
    const { Leases, NightlyClose } = included("sam.yaml");
    const made = ofCloudFormation(Leases.Properties);
    expect(made).toEqual(ofConstruct());
    await create("by-sam", made);
    const [{ Statement }] = NightlyClose.Properties.Policies;
    expect(Statement.map(({ Resource }: Json) => Resource)).toEqual([{ "Fn::GetAtt": "Leases.Arn" }]);
    await elects("by-sam", Statement);
  });

  it("has by SAM a function that, built and configured as it says, leads an occurrence once", async () => {
    const { NightlyClose } = included("sam.yaml");
    const { Environment, Events, Handler } = NightlyClose.Properties;
    const event = JSON.parse(Events.AtTwo.Properties.Input.replace("<aws.scheduler.scheduled-time>", TICK));
    const table = "by-sam-function";
    await createLeaseTable(engine.client, table);
    const variables = { ...Environment.Variables, LEASE_TABLE_NAME: table };
    const handler = await built(NightlyClose.Metadata.BuildProperties, Handler);
    expect(await invoked(handler, event, variables)).toEqual([
      { led: true },
      { led: false, reason: "tick-done" },
    ]);
  });

  it("is by Terraform what the construct makes, and whoever has the policy may lead its lease", async () => {
    const { made, statements, prevents } = await ofTerraform();
    expect(made).toEqual(ofConstruct());
    expect(prevents).toBe(true);
    await create("by-terraform", made);
    expect(statements.map(({ Resource }) => Resource)).toEqual([["${aws_dynamodb_table.leases.arn}"]]);
    await elects("by-terraform", statements);
  });

  it("is by the command line what the construct makes, and elects", async () => {
    const made = ofCommandLine();
    expect(made).toEqual(ofConstruct());
    await create("by-command-line", made);
    await elects("by-command-line");
  });

  it("is by leasehold table create what the construct makes, its encryption included", () => {
    const { CreateTable, UpdateTimeToLive, UpdateContinuousBackups } = tableRequests("leases", []);
    const made = ofCloudFormation({ ...CreateTable, ...UpdateTimeToLive, ...UpdateContinuousBackups });
    expect(made).toEqual(ofConstruct());
    expect(CreateTable.SSESpecification).toEqual(encryptionOfConstruct());
  });
});
