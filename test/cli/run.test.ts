import { execFile } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { LeaseClient } from "leasehold";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { makeOwnedFolder } from "../../local/harness/processes.ts";
import { cliCommand, cliEnvironment, runCli } from "../support/cli.ts";
import { engineForTests } from "../support/engine-for-tests.ts";
import { read } from "../support/pages.ts";
import { remaining } from "../support/processes.ts";
import { eventsIn } from "../support/run-events.ts";
import { eventually, RunningCli } from "../support/running-cli.ts";
import { noTerminal, ScreenOf } from "../support/terminal.ts";

const table = "leases";
const engine = engineForTests(table);
let leases: LeaseClient;

beforeAll(() => {
  leases = new LeaseClient({ tableName: table, client: engine.client, holder: "another" });
});

afterAll(() => leases.close());

const hourOf = (ms: number): string => new Date(Math.floor(ms / 3_600_000) * 3_600_000).toISOString();
const settings = () => ({ endpoint: engine.endpoint, table });
/** Runs to the end: the options, then a script of the shell. */
const run = (name: string, script: string, ...options: string[]) =>
  runCli(settings(), "run", name, ...options, "--", "sh", "-c", script);
const start = (name: string, script: string, ...options: string[]) =>
  RunningCli.start(settings(), "run", name, ...options, "--", "sh", "-c", script);
const stateOf = async (name: string) => (await leases.get(name)).kind;

describe.concurrent("leasehold run", () => {
  it("runs the command while it leads, tells it name, token and holder, and exits as it does", async () => {
    const script = 'echo "$LEASEHOLD_NAME|$LEASEHOLD_TOKEN|$LEASEHOLD_HOLDER"; echo trouble >&2; exit 3';
    const { code, stdout, stderr } = await run("env", script);
    expect(code).toBe(3);
    const { token, kind } = await leases.get("env");
    expect(stdout).toMatch(new RegExp(`^env\\|${token}\\|\\S+\n$`));
    expect(stderr).toMatch(/^trouble$/m);
    expect(kind).toBe("vacant");
  });

  it("passes its input to the command, and keeps the lease while the command runs", async () => {
    await using program = await start("input", "echo ready; cat; exit 0");
    await program.prints(/ready/);
    expect(await stateOf("input")).toBe("held");
    program.type("what was typed");
    expect(await program.ended()).toMatchObject({ code: 0, stdout: "ready\nwhat was typed" });
    expect(await stateOf("input")).toBe("vacant");
  });

  it("exits with 128 and the number of the signal that ended the command", async () => {
    expect(await run("signalled", "kill -USR1 $$")).toMatchObject({ code: 128 + 10, signal: null });
    expect(await stateOf("signalled")).toBe("vacant");
  });

  it("gives --json to programs on standard error, and says nothing with --quiet", async () => {
    const { stderr } = await run("told", "exit 4", "--json");
    const { token } = await leases.get("told");
    expect(eventsIn(stderr)).toMatchObject([
      { event: "leads", lease: "told", holder: expect.any(String), token },
      { event: "ended", lease: "told", code: 4 },
    ]);
    const lease = await leases.acquire("told");
    const { holder: leader } = lease;
    const followed = await run("told", "exit 4", "--json", "--once");
    expect(eventsIn(followed.stderr)).toMatchObject([{ event: "followed", reason: "held", leader }]);
    await lease.release();
    expect((await run("\u001b[2Jodd", "exit 4")).stderr).toMatch(/^leasehold: lease "\\x1b\[2Jodd": leads/);
    expect(await run("quiet", "exit 4", "--quiet")).toMatchObject({ code: 4, stdout: "", stderr: "" });
  });

  it("passes the environment on as it is, also names that a shell does not take", async () => {
    const env = { "discovery.type": "single 'node'\n$HOME", "my-var": "a=b", go: "1" };
    const program = ["--", process.execPath, "-p", "JSON.stringify(process.env)"];
    const { code, stdout } = await runCli(
      // What an outer run has told its own command is none of this one's.
      { ...settings(), env: { ...env, LEASEHOLD_TICK: "2026-01-30T02:00:00.000Z" } },
      "run",
      "odd-names",
      ...program,
    );
    expect(code).toBe(0);
    const found = JSON.parse(stdout);
    expect(found).toMatchObject(env);
    expect(
      Object.keys(found)
        .filter((name) => name.startsWith("LEASEHOLD_"))
        .sort(),
    ).toEqual(["LEASEHOLD_HOLDER", "LEASEHOLD_NAME", "LEASEHOLD_TOKEN"]);
  });

  it("with --once exits with 75 when someone else leads, and says who", async () => {
    const lease = await leases.acquire("busy");
    const { code, stdout, stderr } = await run("busy", "echo ran", "--once");
    expect({ code, stdout }).toEqual({ code: 75, stdout: "" });
    expect(stderr).toContain(lease.holder);
    await lease.release();
  });

  it("waits for its turn, and claims nothing when it is told to end before", async () => {
    const lease = await leases.acquire("queue");
    await using first = await start("queue", "echo leads", "--duration", "3s");
    await using second = await start("queue", "echo never", "--duration", "3s");
    await Promise.all([first.says(/waits/), second.says(/waits/)]);
    second.kill("SIGINT");
    expect(await second.ended()).toMatchObject({ code: 130, stdout: "" });
    await lease.release();
    expect(await first.ended()).toMatchObject({ code: 0, stdout: "leads\n" });
    expect(await stateOf("queue")).toBe("vacant");
  });

  it("passes signals on to the whole group, waits, releases, and exits as the command does", async () => {
    const script = `
      trap 'echo child told' TERM; (trap '' USR1; trap 'echo grandchild told; exit' TERM; echo ready; sleep 60 & wait) &
      trap 'echo reload' USR1; wait; wait; wait; echo finishing; sleep 0.2; exit 7`;
    await using program = await start("signals", script);
    await program.prints(/ready/);
    program.kill("SIGUSR1");
    await program.prints(/reload/);
    program.kill("SIGTERM");
    await program.prints(/finishing/);
    expect(await stateOf("signals")).toBe("held");
    const { code, stdout } = await program.ended();
    expect(code).toBe(7);
    expect(stdout).toContain("child told");
    expect(stdout).toContain("grandchild told");
    expect(await stateOf("signals")).toBe("vacant");
  });

  it("ends what the command has left behind before it releases", async () => {
    const { code, stdout } = await run("left", "sleep 100 & echo $!; exit 0");
    expect(code).toBe(0);
    expect(await remaining([Number(stdout)], 0)).toEqual([]);
  });

  it("tells by its exit code why a command could not be run, and holds nothing then", async () => {
    const of = async (...args: string[]) => (await runCli(settings(), "run", ...args)).code;
    const missing = await runCli(settings(), "run", "failing", "--", "no-such-program", "--help");
    expect(missing).toMatchObject({ code: 127, stdout: "" });
    expect(missing.stderr).toMatch(/^leasehold: cannot run "no-such-program": [^\n]+\n$/m);
    expect(await of("failing", "--", "/etc/passwd")).toBe(126);
    expect(await stateOf("failing")).toBe("vacant");
    expect(await of("failing", "--table", "nowhere", "--", "true")).toBe(125);
    expect(await of("failing")).toBe(125);
  });

  it("does an occurrence once by the guide's crontab on two machines", async () => {
    const lines = read("examples/nightly.crontab").trim().split("\n");
    const line = lines.pop() ?? "";
    expect(line).toMatch(/^0 2 \* \* \* leasehold run /);
    const variables = Object.fromEntries(lines.map((one) => one.split("=") as [string, string]));
    await using folder = await makeOwnedFolder("leasehold-crontab-");
    symlinkSync(inject("cli"), join(folder.path, "leasehold"));
    const job = '#!/bin/sh\necho "$LEASEHOLD_TICK" >> "${0%/*}/done"\n';
    writeFileSync(join(folder.path, "nightly-close"), job, { mode: 0o755 });
    const env = cliEnvironment({ endpoint: engine.endpoint, table: variables["LEASE_TABLE_NAME"] });
    const PATH = `${folder.path}:${dirname(process.execPath)}:${variables["PATH"]}`;
    // Cron gives the line to a shell.
    const machine = () =>
      promisify(execFile)("/bin/sh", ["-c", line.replace(/^(\S+ ){5}/, "")], {
        env: { ...env, ...variables, PATH },
      }).then(
        ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
        ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
      );
    const hours = [hourOf(Date.now())];
    const both = await Promise.all([machine(), machine()]);
    const late = await machine();
    hours.push(hourOf(Date.now()));
    const done = readFileSync(join(folder.path, "done"), "utf8").trim().split("\n");
    expect(new Set(done).size).toBe(done.length);
    expect(hours).toEqual(expect.arrayContaining(done));
    const silent = { stdout: "", stderr: "" };
    if (hours[0] !== hours[1]) return; // The hour was over in between: two occurrences.
    expect(new Set(both.map(({ code }) => code))).toEqual(new Set([0, 75]));
    expect([...both, late]).toMatchObject([silent, silent, { code: 75, ...silent }]);
  });
});

const onTerminal = (name: string, script: string) =>
  new ScreenOf(cliCommand("run", name, "--quiet", "--", "sh", "-c", script), {
    env: cliEnvironment(settings()),
    columns: 80,
  });

describe.skipIf(noTerminal)("leasehold run on a terminal", () => {
  it("lets the command read from the terminal, and tells it of Ctrl-C and of a new size", async () => {
    const script = `read line; echo "got $line"; trap 'stty size' WINCH; trap 'echo interrupted; exit 9' INT;
      echo waiting; sleep 60 & while :; do wait; done`;
    await using terminal = onTerminal("reads", script);
    terminal.type("hello\r");
    await terminal.prints(/got hello\r\n[^]*waiting/);
    terminal.resize(77, 24);
    await terminal.prints(/24 77/);
    terminal.type("\x03");
    expect(await terminal.ended()).toBe(9);
    expect(terminal.printed).toMatch(/interrupted/);
  });

  it("stops with the command at Ctrl-Z, and both go on together", async () => {
    const script = `echo go; trap 'exit 4' INT; while :; do echo -n .; sleep 0.02; done`;
    await using terminal = onTerminal("stops", script);
    await terminal.prints(/go[^]*\.\./);
    terminal.type("\x1a");
    let seen = "";
    // Nothing more comes from a command that stands still.
    await eventually(() => {
      const still = terminal.printed !== "" && terminal.printed === seen;
      seen = terminal.printed;
      return still;
    });
    const { length } = terminal.printed;
    await sleep(150);
    expect(terminal.printed).toHaveLength(length);
    terminal.signal("SIGCONT");
    await eventually(() => terminal.printed.length > length + 3);
    terminal.type("\x03");
    expect(await terminal.ended()).toBe(4);
  });
});
