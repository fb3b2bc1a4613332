import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { App, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { SecurityGroup, SubnetType, Vpc } from "aws-cdk-lib/aws-ec2";
import { Architecture, Runtime, Tracing } from "aws-cdk-lib/aws-lambda";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import { describe, expect, it } from "vitest";
import { LeaderSchedule, type LeaderScheduleProps, LeaseTable } from "../../lib/cdk/index.ts";
import { deployed, isAllowed } from "../support/iam.ts";
import { type Project, writeProject } from "./project.ts";

const FUNCTION = "AWS::Lambda::Function";

function jobStack(project: Project, app: App, props: Partial<LeaderScheduleProps> = {}): Stack {
  const stack = new Stack(app, "Test");
  new LeaderSchedule(stack, "Job", {
    table: LeaseTable.fromTableName(stack, "Leases", "leases"),
    leaseName: "nightly-close",
    schedule: ScheduleExpression.rate(Duration.minutes(1)),
    entry: join(project.root, "job.ts"),
    depsLockFilePath: join(project.root, "package-lock.json"),
    ...props,
  });
  return stack;
}

function templateOf(props: Partial<LeaderScheduleProps> = {}): Template {
  using project = writeProject({ "job.ts": "export const handler = async () => {};" });
  const unbundled = new App({ context: { "aws:cdk:bundling-stacks": [] } });
  return Template.fromStack(jobStack(project, unbundled, props));
}

describe("a function made from an entry", () => {
  it("runs on the newest Node and ARM, traced, with the least memory that serves and half a minute", () => {
    templateOf().hasResourceProperties(FUNCTION, {
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      MemorySize: 256,
      Timeout: 30,
      TracingConfig: { Mode: "Active" },
    });
  });

  it("writes structured logs to a group of its own, which keeps them for a month", () => {
    const template = templateOf();
    template.hasResourceProperties("AWS::Logs::LogGroup", { RetentionInDays: 30 });
    const [group] = Object.keys(template.findResources("AWS::Logs::LogGroup"));
    template.hasResourceProperties(FUNCTION, {
      LoggingConfig: { LogFormat: "JSON", LogGroup: { Ref: group } },
    });
  });

  it("takes what it is given", () => {
    const template = templateOf({
      memorySize: 512,
      timeout: Duration.seconds(20),
      environment: { INVOICE_TABLE_NAME: "invoices" },
      logRetention: RetentionDays.ONE_DAY,
      description: "closes the day",
    });
    template.hasResourceProperties(FUNCTION, {
      MemorySize: 512,
      Timeout: 20,
      Description: "closes the day",
      Environment: {
        Variables: Match.objectLike({ INVOICE_TABLE_NAME: "invoices", LEASE_NAME: "nightly-close" }),
      },
    });
    template.hasResourceProperties("AWS::Logs::LogGroup", { RetentionInDays: 1 });
  });

  it("runs on the runtime, the processor and without the traces that it is asked for, and keeps no logs", () => {
    const template = templateOf({
      runtime: Runtime.NODEJS_22_X,
      architecture: Architecture.X86_64,
      tracing: Tracing.DISABLED,
      logRemovalPolicy: RemovalPolicy.DESTROY,
    });
    template.hasResourceProperties(FUNCTION, {
      Runtime: "nodejs22.x",
      Architectures: ["x86_64"],
      TracingConfig: Match.absent(),
    });
    template.hasResource("AWS::Logs::LogGroup", { DeletionPolicy: "Delete" });
    templateOf().hasResource("AWS::Logs::LogGroup", { DeletionPolicy: "Retain" });
  });

  it("runs in the network, the subnets and the security groups that it is given, and may attach to them", async () => {
    using project = writeProject({ "job.ts": "export const handler = async () => {};" });
    const app = new App({ context: { "aws:cdk:bundling-stacks": [] } });
    const home = new Stack(app, "Network");
    const vpc = new Vpc(home, "Vpc", { natGateways: 0 });
    const group = new SecurityGroup(home, "Group", { vpc });
    const stack = jobStack(project, app, {
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      securityGroups: [group],
    });
    const template = Template.fromStack(stack);
    template.hasResourceProperties(FUNCTION, {
      VpcConfig: {
        SecurityGroupIds: [stack.resolve(group.securityGroupId) as unknown],
        SubnetIds: vpc.isolatedSubnets.map(({ subnetId }) => stack.resolve(subnetId) as unknown),
      },
    });
    const [fn] = Object.values(template.findResources(FUNCTION));
    const role = String(fn?.["Properties"].Role["Fn::GetAtt"][0]);
    const may = (name: string, kind: string): Promise<boolean> =>
      isAllowed(deployed(template.toJSON()).statementsOf(role), {
        action: `ec2:${name}`,
        resource: `arn:aws:ec2:eu-central-1:000000000000:${kind}/a`,
      });
    expect(await may("CreateNetworkInterface", "network-interface")).toBe(true);
    expect(await may("DeleteNetworkInterface", "network-interface")).toBe(true);
    expect(await may("CreateVpc", "vpc")).toBe(false);
  });

  it("is refused parts of a network without the network, and a runtime that the client does not run on", () => {
    expect(() => templateOf({ securityGroups: [] })).toThrow(/parts of a vpc.*give vpc as well/);
    expect(() => templateOf({ runtime: Runtime.NODEJS_20_X })).toThrow(
      /Test\/Job: runtime is nodejs20\.x, but the client needs Node 22 or later; give lambda\.Runtime\.NODEJS_24_X/,
    );
    expect(() => templateOf({ runtime: Runtime.PYTHON_3_13 })).toThrow(/runtime is python3\.13/);
  });

  it("has a role of its own without managed policies", () => {
    templateOf().allResourcesProperties(
      "AWS::IAM::Role",
      Match.objectLike({ ManagedPolicyArns: Match.absent() }),
    );
  });

  it("says to install esbuild where there is none, and never calls Docker", () => {
    using project = writeProject({
      "job.ts": "export const handler = async () => {};",
      "bin/docker": '#!/bin/sh\ntouch "$(dirname "$0")/called"\n',
    });
    chmodSync(join(project.root, "bin/docker"), 0o755);
    const script = `
      import { App, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
      import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
      import { LeaderSchedule, LeaseTable } from "./lib/cdk/index.ts";
      const stack = new Stack(new App({ outdir: ${JSON.stringify(join(project.root, "out"))} }), "Test");
      new LeaderSchedule(stack, "Job", {
        table: new LeaseTable(stack, "Leases"),
        leaseName: "job",
        schedule: ScheduleExpression.rate(Duration.minutes(1)),
        entry: ${JSON.stringify(join(project.root, "job.ts"))},
        depsLockFilePath: ${JSON.stringify(join(project.root, "package-lock.json"))},
      });`;
    // Every package is here, so one of them has to be hidden.
    const hide = `
      import Module from "node:module";
      const find = Module._resolveFilename;
      Module._resolveFilename = function (name, ...rest) {
        if (/^esbuild(\\/|$)/.test(name)) throw new Error("hidden");
        return find.call(this, name, ...rest);
      };`;
    const data = (text: string): string => `data:text/javascript,${encodeURIComponent(text)}`;
    const args = ["--import", data(hide), "--input-type=module", "--eval", script];
    const { status, stderr } = spawnSync(process.execPath, args, {
      env: { PATH: join(project.root, "bin") + ":/bin" },
      encoding: "utf8",
    });
    expect(status).not.toBe(0);
    expect(stderr).toMatch(
      /Test\/Job: the function is bundled with esbuild.*`npm install --save-dev esbuild`/,
    );
    expect(existsSync(join(project.root, "bin/called"))).toBe(false);
  });

  it("is bundled into one ES module that Node can import, CommonJS packages included", () => {
    using project = writeProject({
      "job.ts":
        'import { shout } from "old-package";\nexport const handler = async (name: string): Promise<string> => shout(name);',
      "node_modules/old-package/index.js":
        'const { EOL } = require("node:os"); exports.shout = (name) => name.toUpperCase() + EOL;',
    });
    using out = writeProject({});
    const app = new App({ outdir: out.root });
    jobStack(project, app);
    app.synth();
    const asset = readdirSync(out.root).find((name) => name.startsWith("asset.")) ?? "";
    expect(readdirSync(join(out.root, asset)).sort()).toEqual(["index.mjs", "index.mjs.map"]);
    const use = `import { handler } from "./${asset}/index.mjs"; process.stdout.write(await handler("lease"));`;
    writeFileSync(join(out.root, "use.mjs"), use);
    const run = spawnSync(process.execPath, [join(out.root, "use.mjs")], { encoding: "utf8" });
    expect(run.stdout.trim(), run.stderr).toBe("LEASE");
    expect(readFileSync(join(out.root, asset, "index.mjs"), "utf8")).not.toContain(": Promise<string>");
  });
});
