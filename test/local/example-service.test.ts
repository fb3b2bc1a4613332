import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { spawnOwned } from "../../local/harness/processes.ts";
import { descendantsOf, remaining } from "../support/processes.ts";
import { start } from "../support/programs.ts";
import { noTerminal, ScreenOf } from "../support/terminal.ts";

const repo = fileURLToPath(new URL("../../", import.meta.url));
const { PATH = "", HOME = "/" } = process.env;

const LEADS = /([AB]) leads with token (\d+)/g;

/** Plays it to its end, without a terminal. */
async function whole(): Promise<void> {
  const run = await start("example:service");
  const { code, stdout, stderr } = await run.ended();
  expect(stderr).toBe("");
  const terms = [...stdout.matchAll(LEADS)];
  const [[, killed, before], [, follower, after]] = terms as [RegExpExecArray, RegExpExecArray];
  expect(new Set([killed, follower])).toEqual(new Set(["A", "B"]));
  expect(Number(after)).toBeGreaterThan(Number(before));
  expect(stdout).toMatch(
    new RegExp(`${killed} is killed[^]*Nobody led for \\d[^]*${follower} has ended with exit code 0`),
  );
  expect(code).toBe(0);
  expect(await run.left([], 0)).toEqual([]);
}

/** Interrupts it while the first of the two leads. */
async function interrupted(): Promise<void> {
  const run = await start("example:service");
  for await (const line of createInterface({ input: run.stdout })) if (/leads with token/.test(line)) break;
  const started = run.started();
  expect(started.length).toBeGreaterThan(3); // a reaper, an engine, two copies
  run.child.kill("SIGINT");
  expect((await run.ended()).code).toBe(130);
  expect(await run.left(started, 0)).toEqual([]);
}

/** Has it stay at a terminal, pastes the command that it names into a shell, and ends it with Ctrl-C. */
async function atTerminal(): Promise<void> {
  const program: [string, string[]] = [process.execPath, ["--no-warnings", "local/service/start.ts"]];
  await using screen = new ScreenOf(program, { env: { PATH }, rows: 60 });
  const seen = await screen.sees(/until Ctrl-C[^]* npm run leasehold [^]*release writer/, 120_000);
  const started = descendantsOf(screen.pid);
  expect(started.length).toBeGreaterThan(2); // a reaper, an engine, a copy
  const [command = ""] = /AWS_ACCESS[^]*--endpoint \S+/.exec(seen) ?? [];
  const pasted = await spawnOwned("sh", ["-c", command], {
    cwd: repo,
    env: { PATH, HOME },
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const told: string[] = [];
  if (pasted.child.stdout === null) throw new Error("the command has no output");
  for await (const line of createInterface({ input: pasted.child.stdout })) {
    told.push(line);
    if (line.includes("writer held by")) break;
  }
  await pasted.kill();
  const [, , token] = [...seen.matchAll(LEADS)].at(-1) ?? [];
  expect(told.at(-1)).toContain(`token ${token}`);
  screen.type("\x03");
  expect(await screen.ended()).toBe(130);
  expect(await remaining(started, 0)).toEqual([]);
}

it("npm run example:service shows a killed leader followed with a higher token, and leaves nothing behind", {
  timeout: 300_000,
}, async () => {
  await Promise.all([whole(), interrupted(), ...(noTerminal === undefined ? [atTerminal()] : [])]);
});
