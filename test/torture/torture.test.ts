import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { spawnOwned } from "../../local/harness/processes.ts";
import { descendantsOf, remaining } from "../local/processes.ts";
import type { Summary } from "./judge.ts";

const PROGRAM = fileURLToPath(new URL("./run.ts", import.meta.url));

/** Starts the program as a user would, with a folder for temporary files of its own. */
async function start(...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-torture-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { child, gone } = await spawnOwned(process.execPath, [PROGRAM, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: folder },
  });
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  return { child, gone, output, folder, pid: child.pid ?? 0 };
}

/** What is left of a run: processes, temporary files, memory that libfaketime shared. */
async function leftOf(started: readonly number[], folder: string): Promise<readonly unknown[]> {
  const running = await remaining(started, 2_000);
  const shared = existsSync("/dev/shm") ? readdirSync("/dev/shm") : [];
  const own = shared.filter((name) => started.some((pid) => name.endsWith(`_${pid}`)));
  return [...running, ...readdirSync(folder), ...own];
}

describe("a short torture", () => {
  it("finds no violation, and leaves no process and no folder behind", { timeout: 100_000 }, async () => {
    const { gone, output, pid, folder } = await start("--minutes", "0.5", "--seed", "20", "--json");
    await delay(8_000);
    const started = descendantsOf(pid);
    const { code } = await gone;
    const summary = JSON.parse(output.stdout) as Summary;
    expect(summary.violations, output.stderr).toEqual([]);
    expect(code).toBe(0);
    expect(summary.terms).toBeGreaterThan(3);
    expect(summary.invoices).toBeGreaterThan(20);
    expect(Object.keys(summary.faults).length).toBeGreaterThan(8);
    expect(started.length).toBeGreaterThan(5);
    expect(await leftOf(started, folder)).toEqual([]);
  });

  it("leaves nothing behind when it is interrupted", { timeout: 30_000 }, async () => {
    const { gone, output, pid, folder, child } = await start("--minutes", "5");
    await delay(6_000);
    const started = descendantsOf(pid);
    child.kill("SIGINT");
    expect(await gone).toEqual({ code: 130, signal: null });
    expect(output.stdout).toContain("Interrupted; nothing is left running.");
    expect(output.stderr).toBe("");
    expect(await leftOf(started, folder)).toEqual([]);
  });

  it("says what is wrong with its options", async () => {
    const { gone, output } = await start("--minutes", "0");
    expect((await gone).code).toBe(1);
    expect(output.stderr).toContain("It must be a number of minutes from 0.1 to 1440.");
  });
});
