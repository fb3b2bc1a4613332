import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { replay } from "./transcript.ts";

const FOLDER = new URL("transcripts/", import.meta.url);

/** Set it to write down what the machine does now, and to see how that differs. */
const UPDATES = process.env["UPDATE_TRANSCRIPTS"] !== undefined;

const files = readdirSync(FOLDER).filter((file) => file.endsWith(".txt"));

describe("a term, event by event", () => {
  it.each(files)("goes as %s says", (file) => {
    const url = new URL(file, FOLDER);
    const before = readFileSync(url, "utf8");
    const after = replay(before);
    if (UPDATES && before !== after) {
      console.log(`${file}:\n${differenceOf(before, after)}`);
      writeFileSync(url, after);
      return;
    }
    expect(after).toBe(before);
  });

  it("is written down for ten situations at least", () => {
    expect(files.length).toBeGreaterThanOrEqual(10);
  });
});

function differenceOf(before: string, after: string): string {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const gone = old.filter((line) => !now.includes(line)).map((line) => `- ${line}`);
  const come = now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`);
  return [...gone, ...come].join("\n");
}
