import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import { spawnOwned } from "../../local/harness/processes.ts";
import { runCli } from "../support/cli.ts";

it("serves a lease table until it is told to stop, and prints the environment that reaches it", async () => {
  const served = await spawnOwned(process.execPath, ["--no-warnings", "local/serve.ts"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (served.child.stdout === null) throw new Error("the program has no output");
  const env: Record<string, string> = {};
  for await (const line of createInterface({ input: served.child.stdout })) {
    for (const [, name = "", value = ""] of line.matchAll(/(\w+)=(\S+)/g)) env[name] = value;
    if ("LEASE_TABLE_NAME" in env) break;
  }
  expect(await runCli({ env }, "list")).toMatchObject({ code: 0, stderr: 'no leases in table "leases"\n' });
  expect(await runCli({ env }, "run", "job", "--quiet", "--", "true")).toMatchObject({ code: 0 });
  expect((await runCli({ env }, "list")).stdout).toMatch(/^job +vacant/m);
  served.child.kill("SIGTERM");
  expect(await served.gone).toEqual({ code: 0, signal: null });
  expect((await runCli({ env }, "list")).code).toBe(1);
});
