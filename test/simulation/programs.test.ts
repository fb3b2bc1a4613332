import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { violationsOf } from "./checks/all.ts";
import { drawingOf } from "./report/drawing.ts";
import { scenarioNamed } from "./scenarios.ts";
import { playOne } from "./world/drive.ts";
import { historyOf } from "./world/history-of.ts";

const repo = join(import.meta.dirname, "../..");

/** Runs one of the two programs to its end. */
function program(file: string, ...args: string[]): { readonly code: number | null; readonly said: string } {
  const { status, stderr } = spawnSync(process.execPath, [`test/simulation/${file}`, ...args], {
    cwd: repo,
    encoding: "utf8",
  });
  return { code: status, said: stderr };
}

describe("a program that replays or explores histories", { timeout: 120_000 }, () => {
  it.each([
    ["run.ts", ["--seed", "x"], /'--seed <number>' argument 'x' is invalid\. It must be a whole number/],
    [
      "run.ts",
      ["--seed", "3", "--scenario", "foo"],
      /argument 'foo' is invalid\. Allowed choices are mixed,/,
    ],
    ["explore.ts", ["--seed", "1.5"], /'--seed <number>' argument '1\.5' is invalid/],
    [
      "explore.ts",
      ["--minutes", "-1"],
      /'--minutes <number>' argument '-1' is invalid\. It must be a number/,
    ],
    ["explore.ts", ["--histories", "1", "--scenario", "foo"], /argument 'foo' is invalid/],
  ])("%s refuses %j in a sentence", (file, args, refusal) => {
    const { code, said } = program(file, ...args);
    expect(code).toBe(1);
    expect(said).toMatch(refusal);
    expect(said).not.toMatch(/^ +at /m);
  });
});

describe("the picture of a history", () => {
  it("is what its command draws; if not: npm run history -- --seed 3 --quiet --svg docs/history.svg", async () => {
    const history = await playOne(historyOf(scenarioNamed("mixed"), 3));
    const drawn = drawingOf(history, violationsOf(history));
    expect(drawn === readFileSync(join(repo, "docs/history.svg"), "utf8")).toBe(true);
  });
});
