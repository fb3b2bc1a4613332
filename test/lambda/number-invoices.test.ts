import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { invoiceKeys } from "../../lambda/invoice-table.ts";
import { leaseVariables } from "../../lib/dynamodb/lease-environment.ts";
import { LeaseClient } from "../../lib/index.ts";
import type { LeaderOnlyContext } from "../../lib/middy/index.ts";
import { LOCAL_AWS } from "../../local/engine.ts";
import { readBooks } from "../../local/harness/books.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { leaseErrorOf } from "../support/failures.ts";
import { rowOf } from "../support/lease-tables.ts";

const engine = engineForTests("leases", "invoices");
let names = 0;
let job: { readonly tableName: string; readonly name: string; readonly durationMs: number };

beforeAll(() => {
  vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", engine.endpoint);
  vi.stubEnv("AWS_REGION", LOCAL_AWS.region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", LOCAL_AWS.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", LOCAL_AWS.credentials.secretAccessKey);
  vi.stubEnv("POWERTOOLS_LOG_LEVEL", "SILENT");
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "true");
  vi.stubEnv("INVOICE_TABLE_NAME", "invoices");
  vi.stubEnv("INVOICE_RENDER_MS", "0");
});

beforeEach(() => {
  names += 1;
  job = { tableName: "leases", name: `job-${names}`, durationMs: 5_000 };
});

afterAll(() => vi.unstubAllEnvs());

/** The handler as deployed reads its environment when it is loaded: load it anew for each. */
async function deployed(variables: Record<string, string | undefined> = leaseVariables(job)) {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  vi.resetModules();
  return (await import("../../lambda/number-invoices.ts")).handler;
}

/** What Lambda passes; the middleware adds the lease. */
const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 10_000 } as LeaderOnlyContext;
const occurrence = (minute: number) => ({ tick: `2026-01-01T00:0${minute}:00.000Z`, executionId: "e" });

async function receive(id: string): Promise<void> {
  for (const key of [invoiceKeys.invoice(id), invoiceKeys.pending(id)]) {
    await engine.client.send(new PutItemCommand({ TableName: "invoices", Item: marshall(key) }));
  }
}

describe("the function that numbers invoices", () => {
  it("leads under the name and for as long as its environment states, once per occurrence", async () => {
    const handler = await deployed();
    await receive("a");
    expect(await handler(occurrence(1), context)).toMatchObject({ led: true, numbers: [1] });
    expect(await handler(occurrence(1), context)).toMatchObject({ led: false, reason: "tick-done" });
    expect(await rowOf(engine.client, "leases", job.name)).toMatchObject({
      durationMs: job.durationMs,
      tick: occurrence(1).tick,
      transitions: 1,
    });
  });

  it("writes nothing and fails with FENCED when another was elected before its write", async () => {
    const handler = await deployed({ ...leaseVariables(job), INVOICE_RENDER_MS: "500" });
    await receive("b");
    const before = await readBooks(engine.client, "invoices");
    await using rival = new LeaseClient({ tableName: "leases", client: engine.client });
    const run = handler(occurrence(2), context);
    const refused = leaseErrorOf(Promise.resolve(run), "FENCED");
    await expect.poll(async () => (await rival.get(job.name)).kind, { interval: 20 }).toBe("held");
    await rival.forceRelease(job.name);
    const successor = await rival.acquire(job.name);
    expect(await refused).toMatchObject({ lease: job.name, token: successor.token });
    expect(await readBooks(engine.client, "invoices")).toEqual(before);
  });

  it("does not start where a variable of its election is missing, and says which", async () => {
    for (const missing of Object.keys(leaseVariables(job))) {
      const error = await leaseErrorOf(
        deployed({ ...leaseVariables(job), [missing]: undefined }),
        "INVALID_ARGUMENT",
      );
      expect(error.message).toContain(missing);
    }
  });
});
