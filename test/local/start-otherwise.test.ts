import { once } from "node:events";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { npmStart, runNpmStart } from "./npm-start.ts";
import { descendantsOf, remaining } from "./processes.ts";

describe("npm start", { timeout: 90_000 }, () => {
  it("fails its own check without an election", async () => {
    const { code, stdout, stderr } = await runNpmStart("--without-election", "--json", "--ticks", "2");
    const result: Record<string, unknown> = JSON.parse(stdout);
    expect(result, stderr).toMatchObject({ ok: false, followed: 0, tokens: [] });
    expect(result["duplicates"]).toBeGreaterThan(0);
    expect(result["overlaps"]).toBeGreaterThan(0);
    expect(code).toBe(1);
  });

  it.each(["SIGINT", "SIGKILL"] as const)("leaves no process and no folder behind on %s", async (signal) => {
    const foldersBefore = folders();
    const child = npmStart("--seed", "3");
    const exit = once(child, "exit");
    // The first tick is told when environments run and some of them are frozen.
    for await (const line of createInterface({ input: child.stdout })) if (line.includes(" 00:01 ")) break;
    const below = descendantsOf(child.pid ?? 0);
    // An engine, a reaper, three environments and one.
    expect(below.length).toBeGreaterThanOrEqual(6);
    child.kill(signal);
    await exit;
    if (signal === "SIGINT") expect(child.exitCode).toBe(130);
    expect(await remaining(below, signal === "SIGINT" ? 0 : 3_000)).toEqual([]);
    expect(folders().filter((folder) => !foldersBefore.includes(folder))).toEqual([]);
  });

  it.each([
    [["--ticks", "1"], "2 to 500"],
    [["--ticks", "2.5"], "2 to 500"],
    [["--seed", "-1"], "0 to 2147483647"],
    [["--tick", "5"], "unknown option"],
    [["16"], "too many arguments"],
  ])("refuses %j at once and says what is allowed", async (args, message) => {
    const { code, stdout, stderr } = await runNpmStart(...args);
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
  });
});

function folders(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith("leasehold-local-"));
}
