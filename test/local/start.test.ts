import { expect, it } from "vitest";
import { runNpmStart } from "./npm-start.ts";

it("numbers every invoice once, through a killed leader, a frozen one and duplicates", {
  timeout: 120_000,
}, async () => {
  const began = performance.now();
  const { code, stdout, stderr } = await runNpmStart("--json");
  expect(stdout.trim().split("\n"), stderr).toHaveLength(1);
  const result: Record<string, unknown> = JSON.parse(stdout);
  expect(result, stderr).toMatchObject({ ticks: 16, gaps: 0, duplicates: 0, overlaps: 0, ok: true });
  expect(code).toBe(0);
  expect(Object.keys(result)).toEqual([
    "ticks",
    "invocations",
    "led",
    "followed",
    "crashed",
    "frozen",
    "takeovers",
    "staleWritesRejected",
    "invoices",
    "numbered",
    "gaps",
    "duplicates",
    "tokens",
    "overlaps",
    "ok",
  ]);
  for (const fault of ["crashed", "frozen", "staleWritesRejected"]) expect(result[fault], stderr).toBe(1);
  expect(result["takeovers"]).toBeGreaterThanOrEqual(2);
  expect(result["invoices"]).toBe(16 * 6);
  expect(result["numbered"]).toBe(result["invoices"]);
  // The account names every tick, and has no colour where there is no terminal.
  for (let tick = 1; tick <= 16; tick++) expect(stderr).toContain(`00:${String(tick).padStart(2, "0")}  `);
  expect(stderr).not.toContain("\u001b");
  expect(performance.now() - began).toBeLessThan(90_000);
});
