import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { start } from "../support/programs.ts";
import type { Summary } from "./judge.ts";

describe("a short torture", () => {
  it("of candidates and of workers finds no violation, and leaves no process and no folder behind", {
    timeout: 100_000,
  }, async () => {
    const run = await start("torture", "--minutes", "0.4", "--seed", "20", "--json");
    await delay(8_000);
    const started = run.started();
    const { code, stdout, stderr } = await run.ended();
    const summary = JSON.parse(stdout) as Summary;
    expect(summary.violations, stderr).toEqual([]);
    expect(code).toBe(0);
    expect(summary.terms).toBeGreaterThan(3);
    expect(summary.invoices).toBeGreaterThan(20);
    expect(Object.keys(summary.faults).length).toBeGreaterThan(8);
    expect(started.length).toBeGreaterThan(5);
    const { group } = summary;
    expect(Object.values(group.shares).reduce((sum, shards) => sum + shards)).toBe(group.shards);
    expect(group.writes.entries).toBeGreaterThan(group.shards);
    expect(group.permitTerms).toBeGreaterThan(3);
    expect(Object.keys(group.faults).length).toBeGreaterThan(8);
    expect(await run.left(started, 2_000)).toEqual([]);
  });

  it("leaves nothing behind when it is interrupted", { timeout: 30_000 }, async () => {
    const run = await start("torture", "--minutes", "5");
    await delay(6_000);
    const started = run.started();
    run.child.kill("SIGINT");
    const { stdout, stderr, ...ending } = await run.ended();
    expect(ending).toEqual({ code: 130, signal: null });
    expect(stdout).toContain("Interrupted; nothing is left running.");
    expect(stderr).toBe("");
    expect(await run.left(started, 2_000)).toEqual([]);
  });

  it("says what is wrong with its options", async () => {
    const { code, stderr } = await (await start("torture", "--minutes", "0")).ended();
    expect(code).toBe(1);
    expect(stderr).toContain("It must be a number of minutes from 0.1 to 1440.");
  });
});
