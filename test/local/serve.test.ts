import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { freePort, listenOnLoopback } from "../../local/harness/ports.ts";
import { spawnOwned } from "../../local/harness/processes.ts";
import { runCli } from "../support/cli.ts";

/** Starts the program, and resolves with it and what it says to put into the environment. */
async function serve(...args: string[]) {
  const served = await spawnOwned(process.execPath, ["--no-warnings", "local/serve.ts", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { stdout, stderr } = served.child;
  if (stdout === null || stderr === null) throw new Error("the program has no output");
  const said = text(stderr);
  const env: Record<string, string> = {};
  for await (const line of createInterface({ input: stdout })) {
    for (const [, name = "", value = ""] of line.matchAll(/(\w+)=(\S+)/g)) env[name] = value;
    if ("LEASE_TABLE_NAME" in env) break;
  }
  return { served, said, env };
}

it("serves a lease table until it is told to stop, and prints the environment that reaches it", async () => {
  const { served, said, env } = await serve();
  expect(await runCli({ env }, "list")).toMatchObject({ code: 0, stderr: 'no leases in table "leases"\n' });
  expect(await runCli({ env }, "run", "job", "--quiet", "--", "true")).toMatchObject({ code: 0 });
  expect((await runCli({ env }, "list")).stdout).toMatch(/^job +vacant/m);
  served.child.kill("SIGTERM");
  expect(await served.gone).toEqual({ code: 0, signal: null });
  expect(await said).toBe("");
  expect((await runCli({ env }, "list")).code).toBe(1);
});

it("listens where it is told to, and says so where that port is taken or is none", async () => {
  const port = await freePort();
  const { served, env } = await serve("--port", `${port}`);
  expect(env["AWS_ENDPOINT_URL_DYNAMODB"]).toBe(`http://127.0.0.1:${port}`);
  served.child.kill("SIGTERM");
  await served.gone;
  const other = createServer();
  const taken = await listenOnLoopback(other);
  const second = await serve("--port", `${taken}`);
  expect(await second.served.gone).toEqual({ code: 1, signal: null });
  expect(await second.said).toMatch(/^Port \d+ is taken\. Name another one/);
  await once(other.close(), "close");
  const third = await serve("--port", "x");
  expect(await third.served.gone).toEqual({ code: 1, signal: null });
  expect(await third.said).toMatch(/'--port <n>' argument 'x' is invalid/);
});

it("ends with an error when the engine has ended by itself", async () => {
  const { served, said, env } = await serve();
  const { port } = new URL(env["AWS_ENDPOINT_URL_DYNAMODB"] ?? "");
  const processes = execFileSync("ps", ["-A", "-o", "pid=,args="], { encoding: "utf8" }).split("\n");
  const engine = processes.find((line) => line.includes("dynoxide") && line.endsWith(`--port ${port}`));
  process.kill(Number.parseInt(engine ?? "", 10), "SIGKILL");
  expect(await served.gone).toEqual({ code: 1, signal: null });
  expect(await said).toMatch(/^The engine has ended by itself \(SIGKILL\)[^\n]+npm run engine\n$/);
});
