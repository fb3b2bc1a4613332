import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { App, Duration, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import { describe, expect, it } from "vitest";
import { LeaderSchedule, type LeaderScheduleProps, LeaseTable } from "../../lib/cdk/index.ts";
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

  it("has a role of its own without managed policies", () => {
    templateOf().allResourcesProperties(
      "AWS::IAM::Role",
      Match.objectLike({ ManagedPolicyArns: Match.absent() }),
    );
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
