import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { LeaseClient } from "../../lib/index.ts";
import { spawnOwned } from "../../local/harness/processes.ts";
import { cliEnvironment } from "../support/cli.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { eventually } from "../support/running-cli.ts";

const table = "leases";
const engine = engineForTests(table);
let leases: LeaseClient;

beforeAll(() => {
  leases = new LeaseClient({ tableName: table, client: engine.client });
});

afterAll(() => leases.close());

/** What npm sets for `npx leasehold run …`. */
const NPX = { npm_lifecycle_event: "npx", npm_lifecycle_script: "'leasehold'" };

/** Has a shell start `leasehold run`, as npx has one, and ends the shell alone once the command runs; gives the pid of leasehold. */
async function orphaned(name: string, env: Readonly<Record<string, string>>): Promise<number> {
  const script = '"$@" & echo "pid $!"; wait';
  const argv = ["-c", script, "sh", process.execPath, inject("cli"), "run", name, "--", "sleep", "600"];
  const settings = { endpoint: engine.endpoint, table, env };
  const shell = await spawnOwned("/bin/sh", argv, {
    env: cliEnvironment(settings),
    stdio: ["ignore", "pipe", "ignore"],
  });
  let printed = "";
  shell.child.stdout?.setEncoding("utf8").on("data", (text: string) => (printed += text));
  const found = await eventually(() => /^pid (\d+)$/m.exec(printed));
  while ((await leases.get(name)).holder === undefined) await new Promise((done) => setTimeout(done, 50));
  shell.child.kill("SIGKILL");
  await shell.gone;
  return Number(found?.[1]);
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it.concurrent("ends with the npx that started it, and releases", { timeout: 60_000 }, async () => {
  const pid = await orphaned("with", NPX);
  try {
    expect(await eventually(() => !lives(pid))).toBe(true);
    expect((await leases.get("with")).kind).toBe("vacant");
  } finally {
    if (lives(pid)) process.kill(pid, "SIGTERM");
  }
});

it.concurrent.for([
  ["a script of npm", { npm_lifecycle_event: "start", npm_lifecycle_script: "leasehold run x &" }],
  ["another program that npx runs", { npm_lifecycle_event: "npx", npm_lifecycle_script: "supervisor" }],
  ["anybody else", {}],
] as const)("outlives %s that started it", { timeout: 60_000 }, async ([name, env]) => {
  const pid = await orphaned(name, env);
  // It looks once a second.
  await new Promise((done) => setTimeout(done, 2_500));
  const alive = lives(pid);
  if (alive) process.kill(pid, "SIGTERM");
  expect(alive).toBe(true);
  expect(await eventually(() => !lives(pid))).toBe(true);
});
