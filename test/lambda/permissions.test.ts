import { globSync } from "node:fs";
import { join } from "node:path";
import type { Context, LambdaFunctionURLEvent } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { LOCAL_AWS } from "../../local/engine.ts";
import { type DeployedApp, deployedApp } from "../support/deployed-functions.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { createLeaseTable } from "../support/lease-tables.ts";
import { read, rowsOf } from "../support/pages.ts";
import { type Judged, underPolicy } from "../support/under-policy.ts";

const repo = join(import.meta.dirname, "../..");
const ELECTED = "number-invoices.ts";
const UNELECTED = "number-invoices-unelected.ts";

const engine = engineForTests();
let app: DeployedApp;
let unelected: DeployedApp;

beforeAll(async () => {
  app = deployedApp(ELECTED);
  unelected = deployedApp(UNELECTED);
  for (const table of [app.leases, app.invoices]) await createLeaseTable(engine.client, table);
  vi.stubEnv("AWS_REGION", LOCAL_AWS.region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", LOCAL_AWS.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", LOCAL_AWS.credentials.secretAccessKey);
  vi.stubEnv("POWERTOOLS_LOG_LEVEL", "SILENT");
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "true");
});

afterAll(() => vi.unstubAllEnvs());

const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 15_000 } as unknown as Context;
const occurrence = (minute: number) => ({ tick: `2026-01-01T00:0${minute}:00.000Z`, executionId: "e" });
const asking = (rawQueryString: string) =>
  ({
    rawPath: "/",
    rawQueryString,
    requestContext: { http: { method: "GET" } },
  }) as unknown as LambdaFunctionURLEvent;

/** What each function has asked of IAM. */
const sent = new Map<string, readonly Judged[]>();

/** What each function is invoked with, so that it does all that it ever does. */
const EVENTS: Readonly<Record<string, readonly unknown[]>> = {
  "receive-invoices.ts": [occurrence(1)],
  [ELECTED]: [occurrence(1)],
  [UNELECTED]: [occurrence(2)],
  "leader-status.ts": [asking(""), asking("name=number-invoices")],
};

/**
 * Invokes a function in its own environment and under its own policy, and tells what it asked of
 * IAM.
 */
async function invoked(
  file: string,
  deployment: DeployedApp,
  events = EVENTS[file],
): Promise<readonly Judged[]> {
  const { statements = [], environment = {} } = deployment.functions[file] ?? {};
  await using gate = await underPolicy(engine.endpoint, statements);
  vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", gate.endpoint);
  for (const [name, value] of Object.entries({ ...environment, INVOICE_RENDER_MS: "0" }))
    vi.stubEnv(name, value);
  vi.resetModules();
  const { handler } = (await import(`../../lambda/${file.replace(".ts", "")}.ts`)) as {
    handler: (event: unknown, given: Context) => Promise<unknown>;
  };
  for (const event of events ?? []) {
    const answer = await handler(event, context);
    if (file === "leader-status.ts") expect(answer).toMatchObject({ statusCode: 200 });
  }
  return gate.judged;
}

describe("the functions of the reference app", () => {
  it("are all here", () => {
    const files = globSync("lambda/*.ts", { cwd: repo }).filter((file) =>
      /export (const|async function) handler/.test(read(file)),
    );
    expect(files.map((file) => file.replace("lambda/", "")).sort()).toEqual(Object.keys(EVENTS).sort());
  });

  it.each(["receive-invoices.ts", ELECTED, "leader-status.ts", UNELECTED])(
    "%s is allowed all that it sends, and holds no right on a table that it does not use",
    async (file) => {
      const deployment = file === UNELECTED ? unelected : app;
      if (file === UNELECTED) {
        expect(deployment.invoices, "both number the same invoices").toBe(app.invoices);
        await invoked("receive-invoices.ts", app, EVENTS[UNELECTED]);
      }
      const judged = await invoked(file, deployment);
      sent.set(file, judged);
      expect(judged.filter(({ allowed }) => !allowed)).toEqual([]);
      expect(judged.length).toBeGreaterThan(0);

      const actions = (name: string, allowed: readonly string[]) =>
        allowed.map((action) => `${name}: ${action}`);
      const nameOf = (arn: string): string => (arn.endsWith(app.leases) ? "leases" : "invoices");
      const used = new Set(judged.map(({ action, resource }) => `${nameOf(resource)}: ${action}`));
      const held = (deployment.functions[file]?.statements ?? []).flatMap(({ Action, Resource }) =>
        [Action].flat().some((action) => String(action).startsWith("dynamodb:"))
          ? actions(nameOf(String(Resource)), [Action].flat().map(String))
          : [],
      );
      expect(held.filter((right) => !used.has(right))).toEqual(UNUSED[file] ?? []);
    },
  );
});

/** Rights that one invocation has no use for. */
const UNUSED: Readonly<Record<string, readonly string[]>> = {
  // A grant is for all that its holder may ever do: who waits looks, and who leads may list its
  // candidates.
  [ELECTED]: ["leases: dynamodb:GetItem", "leases: dynamodb:Query"],
  "leader-status.ts": ["leases: dynamodb:Query"],
  // It is deployed in the place of the other, to show that it breaks.
  [UNELECTED]: [
    "leases: dynamodb:GetItem",
    "leases: dynamodb:Query",
    "leases: dynamodb:UpdateItem",
    "leases: dynamodb:ConditionCheckItem",
  ],
};

describe("the guide to permissions", () => {
  it("tells what each function takes of the lease table", () => {
    const rows = rowsOf("docs/guides/permissions.md", /^`lambda\//);
    const told = rows.map(([file = "", actions = ""]) => [file.slice(1, -1), actions.split(", ").sort()]);
    const taken = [...sent].map(([file, judged]) => {
      const actions = judged.flatMap(({ action, resource }) =>
        resource.endsWith(app.leases) ? [action.replace("dynamodb:", "")] : [],
      );
      return [`lambda/${file}`, [...new Set(actions)].sort()] as const;
    });
    expect(told).toEqual(taken.filter(([, actions]) => actions.length > 0));
  });
});
