import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { start } from "../support/programs.ts";

it("numbers every invoice once, through a killed leader, a frozen one and duplicates", {
  timeout: 120_000,
}, async () => {
  const began = performance.now();
  const { code, stdout, stderr } = await (await start("start", "--json")).ended();
  expect(stdout.trim().split("\n"), stderr).toHaveLength(1);
  const result: Record<string, unknown> = JSON.parse(stdout);
  expect(result, stderr).toMatchObject({ ticks: 16, gaps: 0, duplicates: 0, overlaps: 0, ok: true });
  expect(code).toBe(0);
  const keys =
    "ticks invocations led followed crashed frozen takeovers staleWritesRejected invoices numbered gaps duplicates tokens overlaps ok";
  expect(Object.keys(result)).toEqual(keys.split(" "));
  for (const fault of ["crashed", "frozen", "staleWritesRejected"]) expect(result[fault], stderr).toBe(1);
  expect(result["takeovers"]).toBeGreaterThanOrEqual(2);
  expect(result["invoices"]).toBe(16 * 6);
  expect(result["numbered"]).toBe(result["invoices"]);
  // The report names every tick, fits a terminal, and has no colour where there is no terminal.
  for (let tick = 1; tick <= 16; tick++) expect(stderr).toContain(`00:${String(tick).padStart(2, "0")}  `);
  expect(Math.max(...stderr.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  // It says why nobody leads when that begins, and as long as it lasts.
  const released = "KILLED in mid-work. It released nothing: nobody can lead until its lease has run out";
  expect(stderr.replaceAll(/\s+/g, " ")).toContain(released);
  expect(stderr).toContain("was killed, its lease has to run out first");
  expect(stderr).not.toContain("\u001b");
  expect(stderr).not.toContain("Warning");
  expect(performance.now() - began).toBeLessThan(90_000);
});

describe("npm start", { timeout: 120_000 }, () => {
  // Three at once: each mostly waits.
  it("fails its own check without an election, and leaves nothing behind, on SIGINT and SIGKILL as well", async () => {
    const unelected = async () => {
      const run = await start("start", "--without-election", "--json", "--ticks", "2");
      const { code, stdout, stderr } = await run.ended();
      const result: Record<string, unknown> = JSON.parse(stdout);
      expect(result, stderr).toMatchObject({ ok: false, followed: 0, tokens: [] });
      expect(result["duplicates"]).toBeGreaterThan(0);
      expect(result["overlaps"]).toBeGreaterThan(0);
      const verdict = stderr.trim().split("\n").at(-1);
      expect(verdict).toMatch(/^NOT OK: the numbering has \d+ (duplicate|gap)s?/);
      return { code, left: await run.left([], 0) };
    };
    const ending = async (signal: NodeJS.Signals, withinMs: number) => {
      const run = await start("start", "--seed", "3");
      // The first tick is told when environments run and some of them are frozen.
      for await (const line of createInterface({ input: run.stdout })) if (line.includes(" 00:01 ")) break;
      const started = run.started();
      // An engine, a reaper, three environments and one.
      expect(started.length).toBeGreaterThanOrEqual(6);
      run.child.kill(signal);
      return { code: (await run.ended()).code, left: await run.left(started, withinMs) };
    };
    expect(await Promise.all([unelected(), ending("SIGINT", 0), ending("SIGKILL", 3_000)])).toEqual([
      { code: 1, left: [] },
      { code: 130, left: [] },
      { code: null, left: [] },
    ]);
  });

  it("says so and leaves nothing behind when SIGINT or SIGTERM interrupts synthesis", async () => {
    const interrupted = async (signal: NodeJS.Signals) => {
      const run = await start("start");
      while (run.started().length < 4) await delay(50);
      const started = run.started();
      run.child.kill(signal);
      // npm passes on what the terminal has sent to everybody: that is the same interruption.
      await delay(5);
      run.child.kill(signal);
      const { code, stdout } = await run.ended();
      return { code, stdout, left: await run.left(started, 0) };
    };
    const told = { stdout: "Interrupted; nothing is left running.\n", left: [] };
    expect(await Promise.all([interrupted("SIGINT"), interrupted("SIGTERM")])).toEqual([
      { code: 130, ...told },
      { code: 143, ...told },
    ]);
  });

  it.each([
    [["--ticks", "1"], "2 to 500"],
    [["--ticks", "2.5"], "2 to 500"],
    [["--seed", "-1"], "0 to 2147483647"],
    [["--tick", "5"], "unknown option"],
    [["16"], "too many arguments"],
  ])("refuses %j at once and says what is allowed", async (args, message) => {
    const { code, stdout, stderr } = await (await start("start", ...args)).ended();
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
  });
});
