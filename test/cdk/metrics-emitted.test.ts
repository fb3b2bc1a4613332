import { readdirSync } from "node:fs";
import { join } from "node:path";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { LeaseTableStack } from "../../bin/stacks/lease-table-stack.ts";
import { handlerOf, ReferenceStack } from "../../bin/stacks/reference-stack.ts";
import { LeadershipAlarms, LeadershipMetrics } from "../../lib/cdk/index.ts";
import { METRICS } from "../../lib/diagnostics/catalogue.ts";
import type { LeaderOnlyContext } from "../../lib/middy/index.ts";
import { LOCAL_AWS } from "../../local/engine.ts";
import { everythingHappens } from "../support/all-events.ts";
import { AWS_METRICS, DYNAMODB_OPERATIONS } from "../support/aws-metrics.ts";
import { captureOutput } from "../support/emf.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { metricsOfAlarms, metricsOfDashboards, type NamedMetric } from "../support/named-metrics.ts";
import { writeProject } from "./project.ts";

const repo = join(import.meta.dirname, "../..");

const engine = engineForTests("leases", "invoices");
let templates: readonly Template[];
/** The metrics that the code has written: namespace, name and dimensions. */
let emitted: ReadonlySet<string>;

const keyOf = ({ namespace, name, dimensions }: Omit<NamedMetric, "where">): string =>
  JSON.stringify([namespace, name, Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))]);

/** The app's stacks, as they are deployed but for the code of the functions. */
function synthesized(): readonly Template[] {
  const files = readdirSync(join(repo, "lambda")).map((file) => [
    `lambda/${file}`,
    "export const handler = 1;",
  ]);
  using project = writeProject(Object.fromEntries(files));
  const app = new App({ context: { "aws:cdk:bundling-stacks": [] } });
  const leases = new LeaseTableStack(app, "Leases");
  const stack = new ReferenceStack(app, "Reference", {
    leases: leases.table,
    numberInvoices: handlerOf("on"),
    root: project.root,
  });
  return [Template.fromStack(stack), Template.fromStack(leases)];
}

/** What the template tells the function that contends; tables are known at deployment only. */
function environmentOf(template: Template): Readonly<Record<string, string>> {
  const functions = Object.values(template.findResources("AWS::Lambda::Function"));
  const environments = functions.map((fn) => fn["Properties"]["Environment"]["Variables"]);
  const variables = environments.find(({ LEASE_NAME }) => LEASE_NAME !== undefined);
  return { ...variables, LEASE_TABLE_NAME: "leases", INVOICE_TABLE_NAME: "invoices" };
}

/** Runs the deployed handler, and lets everything happen to its lease while its module reports. */
async function run(environment: Readonly<Record<string, string>>): Promise<ReadonlySet<string>> {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  using output = captureOutput();
  const { handler } = await import("../../lambda/number-invoices.ts");
  const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 10_000 } as LeaderOnlyContext;
  const occurrence = { tick: "2026-01-01T00:01:00.000Z", executionId: "e" };
  expect(await handler(occurrence, context)).toMatchObject({ led: true });
  expect(await handler(occurrence, context)).toMatchObject({ led: false });
  await everythingHappens(environment["LEASE_NAME"] ?? "");
  return new Set(output.metrics().map(keyOf));
}

beforeAll(async () => {
  templates = synthesized();
  vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", engine.endpoint);
  vi.stubEnv("AWS_REGION", LOCAL_AWS.region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", LOCAL_AWS.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", LOCAL_AWS.credentials.secretAccessKey);
  const [reference = templates[0]] = templates;
  if (reference === undefined) throw new Error("nothing was synthesized");
  emitted = await run(environmentOf(reference));
});

afterAll(() => vi.unstubAllEnvs());

/** Those of the metrics that neither our code nor AWS writes. */
function unknownIn(named: readonly NamedMetric[]): NamedMetric[] {
  return named.filter((metric) => {
    if (!metric.namespace.startsWith("AWS/")) return !emitted.has(keyOf(metric));
    const { Operation } = metric.dimensions;
    if (Operation !== undefined && !DYNAMODB_OPERATIONS.has(Operation)) return true;
    const dimensions = Object.keys(metric.dimensions).sort().join();
    return !AWS_METRICS.some(
      ({ namespace, name, dimensions: documented }) =>
        namespace === metric.namespace && name === metric.name && documented.join() === dimensions,
    );
  });
}

describe("every metric that the reference app names", () => {
  it("in an alarm is written by its code under that namespace, name and dimensions, or by AWS", () => {
    const named = templates.flatMap(metricsOfAlarms);
    expect(new Set(named.map(({ namespace }) => namespace))).toEqual(
      new Set(["Leasehold", "AWS/DynamoDB", "AWS/SQS", "AWS/EventBridge/Pipes"]),
    );
    expect(named.length).toBeGreaterThan(15);
    expect(unknownIn(named)).toEqual([]);
  });

  it("on the dashboard, too, and that shows all that our code writes of the lease", () => {
    const named = templates.flatMap(metricsOfDashboards);
    expect(new Set(named.map(({ namespace }) => namespace))).toEqual(new Set(["Leasehold", "AWS/DynamoDB"]));
    expect(unknownIn(named)).toEqual([]);
    const ours = named.filter(({ namespace }) => namespace === "Leasehold").map(({ name }) => name);
    expect(ours.sort()).toEqual(
      Object.values(METRICS)
        .map(({ emf }) => emf.name)
        .sort(),
    );
  });

  it("would be found out if the function called its service or lease otherwise, or AWS its own", () => {
    const stack = new Stack(new App(), "Wrong");
    for (const [id, names] of Object.entries({
      Service: { leaseName: "number-invoices", serviceName: "invoices" },
      Lease: { leaseName: "invoices", serviceName: "number-invoices" },
      Namespace: { leaseName: "number-invoices", serviceName: "number-invoices", namespace: "Other" },
    })) {
      new LeadershipAlarms(stack, id, { metrics: new LeadershipMetrics(names) });
    }
    const named = metricsOfAlarms(Template.fromStack(stack));
    expect(unknownIn(named)).toEqual(named);
    const [where, namespace, name] = ["test", "AWS/DynamoDB", "ThrottledRequests"];
    const wrong: NamedMetric[] = [
      { where, namespace, name, dimensions: { TableName: "t" } },
      { where, namespace, name, dimensions: { TableName: "t", Operation: "GetItems" } },
      { where, namespace, name: "UserErrors", dimensions: { TableName: "t", Operation: "GetItem" } },
    ];
    expect(unknownIn(wrong)).toEqual(wrong);
  });

  it("is said to be in the function's environment by the construct itself", () => {
    const [reference] = templates;
    reference?.hasResourceProperties("AWS::Lambda::Function", {
      Environment: {
        Variables: {
          LEASE_NAME: "number-invoices",
          POWERTOOLS_SERVICE_NAME: "number-invoices",
          POWERTOOLS_METRICS_NAMESPACE: "Leasehold",
        },
      },
    });
  });
});
