import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { FunctionSpec } from "../../local/assembly/deployment.ts";
import type { Outcome } from "../../local/functions/environment.ts";
import { FunctionService, type Invocation } from "../../local/functions/service.ts";
import { UNDISTURBED } from "../../local/harness/link.ts";
import { makeOwnedFolder, type OwnedFolder } from "../../local/harness/processes.ts";
import { transactionOutcome } from "../../local/harness/transactions.ts";
import { descendantsOf, stillRunning } from "../support/processes.ts";

const CODE = `
import { readdir, writeFile } from "node:fs/promises";
let runs = 0;
const met = async () => (await readdir(process.env.LAMBDA_TASK_ROOT)).filter((name) => name.startsWith("met-"));
export const handler = async (event, context) => {
  runs += 1;
  if (event.do === "throw") throw Object.assign(new Error("no luck"), { code: "UNLUCKY" });
  if (event.do === "die") process.kill(process.pid, "SIGKILL");
  if (event.do === "hang") await new Promise((resolve) => setTimeout(resolve, 60_000));
  if (event.do === "wait") await new Promise((resolve) => setTimeout(resolve, 600));
  if (event.do === "meet") {
    await writeFile(process.env.LAMBDA_TASK_ROOT + "/met-" + process.pid, "");
    while ((await met()).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { runs, pid: process.pid, variables: { ...process.env }, leftMs: context.getRemainingTimeInMillis(),
    requestId: context.awsRequestId, functionName: context.functionName };
};`;

let folder: OwnedFolder;
let spec: FunctionSpec;
let service: FunctionService | undefined;
const settled: { readonly invocation: Invocation; readonly outcome: Outcome }[] = [];
const given: (string | undefined)[] = [];
const broken: unknown[] = [];

beforeAll(async () => {
  folder = await makeOwnedFolder("leasehold-test-");
  await writeFile(join(folder.path, "index.mjs"), CODE);
  spec = {
    name: "job",
    arn: "arn:job",
    codeFolder: folder.path,
    handler: "index.handler",
    timeoutMs: 1_000,
    memoryMb: 128,
    variables: { FROM_TEMPLATE: "yes" },
    reservedConcurrency: undefined,
    asynchronous: { retries: 2, maxAgeMs: 3_600_000, deadLetterArn: "arn:dead" },
  };
});

afterAll(() => folder[Symbol.asyncDispose]());

afterEach(async () => {
  await service?.stop();
  for (const list of [settled, given, broken]) list.length = 0;
});

const open = (more: Partial<FunctionSpec> = {}): FunctionService => {
  service = new FunctionService(
    { ...spec, ...more },
    {
      engine: "http://127.0.0.1:9",
      // Lambda's minute between attempts takes 30 ms.
      timeScale: 30 / 60_000,
      observer: {
        started: () => UNDISTURBED,
        settled: (invocation, outcome) => void settled.push({ invocation, outcome }),
        gaveUp: (_, deadLetterArn) => void given.push(deadLetterArn),
        log: () => {},
        broke: (error) => void broken.push(error),
      },
    },
  );
  return service;
};

const deliver = async (opened: FunctionService, ...events: object[]): Promise<void> => {
  for (const event of events) opened.deliver(JSON.stringify(event));
  while (opened.busy) await delay(10);
};

const resultOf = (index: number): Record<string, unknown> => {
  const outcome = settled[index]?.outcome;
  if (outcome?.kind !== "returned") throw new Error(`not returned: ${JSON.stringify(outcome)}`);
  return Object.assign({}, outcome.value);
};

describe("a function's service", () => {
  it("runs the deployed code with the template's variables, Lambda's, and nothing of this process", async () => {
    await deliver(open(), {});
    const { variables, leftMs, requestId, functionName } = resultOf(0);
    expect(variables).toMatchObject({ FROM_TEMPLATE: "yes", AWS_LAMBDA_FUNCTION_NAME: "job" });
    expect(variables).not.toHaveProperty("HOME");
    expect(requestId).toBe(settled[0]?.invocation.requestId);
    expect(functionName).toBe("job");
    expect(Number(leftMs)).toBeGreaterThan(500);
    expect(Number(leftMs)).toBeLessThanOrEqual(1_000);
  });

  it("uses an environment again, one run at a time, and another for what comes meanwhile", async () => {
    // The first run lasts until a second environment runs, however slowly that starts.
    const opened = open({ timeoutMs: 30_000 });
    await opened.start(1);
    await deliver(opened, { do: "meet" }, { do: "meet" });
    await deliver(opened, {});
    const pids = [0, 1, 2].map((index) => resultOf(index)["pid"]);
    expect(new Set(pids).size).toBe(2);
    expect(resultOf(2)["runs"]).toBe(2);
  });

  it("runs no more at once than the template reserves", async () => {
    await deliver(open({ reservedConcurrency: 1 }), { do: "wait" }, { do: "wait" });
    expect(resultOf(0)["pid"]).toBe(resultOf(1)["pid"]);
  });

  it("lets an environment stand still between runs", async () => {
    const opened = open();
    await deliver(opened, {});
    const state = execFileSync("ps", ["-o", "stat=", "-p", String(resultOf(0)["pid"])], { encoding: "utf8" });
    expect(state).toMatch(/^T/);
  });

  it("tries a failed event twice again with the same request id, then gives it up", async () => {
    await deliver(open(), { do: "throw" });
    expect(settled.map(({ invocation }) => invocation.attempt)).toEqual([1, 2, 3]);
    expect(new Set(settled.map(({ invocation }) => invocation.requestId)).size).toBe(1);
    expect(settled[0]?.outcome).toMatchObject({
      kind: "threw",
      error: { code: "UNLUCKY", message: "no luck" },
    });
    expect(given).toEqual(["arn:dead"]);
  });

  it("tries no event again that would be too old, or more often than the template says", async () => {
    await deliver(open({ asynchronous: { ...spec.asynchronous, maxAgeMs: 30_000 } }), { do: "throw" });
    expect(settled).toHaveLength(1);
    await service?.stop();
    await deliver(open({ asynchronous: { ...spec.asynchronous, retries: 0 } }), { do: "throw" });
    expect(settled).toHaveLength(2);
    expect(given).toHaveLength(2);
  });

  it("kills a run at the function's timeout", async () => {
    await deliver(open({ asynchronous: { ...spec.asynchronous, retries: 0 } }), { do: "hang" });
    expect(settled[0]?.outcome).toEqual({ kind: "timed-out" });
  });

  it("replaces an environment that crashed", async () => {
    const opened = open({ asynchronous: { ...spec.asynchronous, retries: 0 }, reservedConcurrency: 1 });
    await deliver(opened, { do: "die" });
    await deliver(opened, {});
    expect(settled.map(({ outcome }) => outcome.kind)).toEqual(["crashed", "returned"]);
  });

  it("leaves no process behind when it stops in mid-run", async () => {
    const before = descendantsOf(process.pid);
    const opened = open();
    await opened.start(2);
    opened.deliver(JSON.stringify({ do: "hang" }));
    const started = descendantsOf(process.pid).filter((pid) => !before.includes(pid));
    expect(started.length).toBeGreaterThanOrEqual(2);
    await opened.stop();
    expect(stillRunning(started)).toEqual([]);
  });

  it("says so when an environment cannot come up", async () => {
    await expect(open({ handler: "missing.handler" }).start(1)).rejects.toThrow(/did not come up/);
    await service?.stop();
    const opened = open({ handler: "index.missing" });
    opened.deliver("{}");
    while (broken.length === 0) await delay(10);
    expect(String(broken[0])).toMatch(/did not come up/);
  });
});

describe("a transaction's answer", () => {
  const reasons = (...codes: string[]): Buffer =>
    Buffer.from(JSON.stringify({ CancellationReasons: codes.map((Code) => ({ Code })) }));

  const outcome = (status: number, answer: Buffer) => transactionOutcome({ status, answer });

  it("is fenced when a condition failed, and failed when anything else did", () => {
    expect(outcome(200, Buffer.from("{}"))).toBe("accepted");
    expect(outcome(400, reasons("ConditionalCheckFailed", "None"))).toBe("fenced");
    expect(outcome(400, reasons("None", "TransactionConflict"))).toBe("failed");
    expect(outcome(400, Buffer.from("{}"))).toBe("failed");
    expect(outcome(500, Buffer.from("no JSON"))).toBe("failed");
  });
});
