import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, engineClient, LOCAL_AWS, startEngine } from "../../local/engine.ts";
import { createLeaseTable } from "../support/lease-tables.ts";

const repo = join(import.meta.dirname, "../..");
const lib = new URL("../../lib/index.ts", import.meta.url).href;
/** What an installed package would do: `leasehold` is found by its name. */
const asInstalled = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  registerHooks({
    resolve: (name, context, next) => next(name === "leasehold" ? "${lib}" : name, context),
  });
`)}`;

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
  const client = engineClient(engine.endpoint);
  await createLeaseTable(client, "leases");
  client.destroy();
});

afterAll(() => engine.stop());

/** An example, started as a program of its own, and what it has printed. */
class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  #printed = "";

  constructor(example: string, env: Record<string, string> = {}) {
    const args = ["--disable-warning=ExperimentalWarning", "--import", asInstalled, `examples/${example}`];
    const { accessKeyId, secretAccessKey } = LOCAL_AWS.credentials;
    this.#child = spawn(process.execPath, args, {
      cwd: repo,
      env: {
        PATH: process.env["PATH"],
        AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
        AWS_REGION: LOCAL_AWS.region,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        LEASE_TABLE_NAME: "leases",
        ...env,
      },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => (this.#printed += chunk));
    }
  }

  async prints(what: RegExp): Promise<string> {
    await expect.poll(() => this.#printed, { timeout: 15_000, interval: 20 }).toMatch(what);
    return this.#printed;
  }

  /** Asks it to stop, as a platform does, and resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    const [code] = (await once(this.#child, "exit")) as [number | null];
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}

const tokenIn = (text: string): number => Number(/token (\d+)/.exec(text)?.[1]);

describe("the programs", () => {
  it("of etcd's guide: the second leads within a retry after the first was told to stop", async () => {
    await using first = new Program("from-etcd.ts", { ENDPOINT: "one:1" });
    const led = await first.prints(/leader: one:1/);
    await using second = new Program("from-etcd.ts", { ENDPOINT: "two:1" });
    await second.prints(/leader: one:1/);
    expect(await first.stop()).toBe(0);
    const leads = await second.prints(/leads with token \d+[^]*leader: two:1/);
    expect(tokenIn(leads)).toBeGreaterThan(tokenIn(led));
    expect(await second.stop()).toBe(0);
  });

  it.each([
    ["from-kubernetes.ts", /reconciles under token \d+/],
    ["from-shedlock.ts", /runs the schedule/],
    ["from-zookeeper-and-curator.ts", /its turn, token \d+/],
  ])("%s starts, prints what it does, and ends in order when told to stop", async (example, line) => {
    await using program = new Program(example, { HEALTH_PORT: "0", POD_NAME: "pod-0" });
    await program.prints(line);
    expect(await program.stop()).toBe(0);
  });
});
