import { mkdtempDisposable, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import { makeScreen } from "../../local/harness/screen.ts";
import { cellOf, spreadOf } from "./figures.ts";
import { measure } from "./measure.ts";
import type { Part } from "./part.ts";

const screen = makeScreen(process.stderr);
const { signal } = new AbortController();
const options = { smoke: false, json: false };

/** A part that has measured one figure. */
function partOf(name: string, measured: number, file: string): Part {
  const spec = {
    data: { values: [{ who: "one", ms: measured }] },
    mark: "bar",
    encoding: { x: { field: "ms", type: "quantitative" }, y: { field: "who" } },
  };
  const section = {
    title: `Of ${name}`,
    text: ["What it is."],
    tables: [{ columns: ["who", "ms"], rows: [["one | two", measured]] }],
    plots: [{ file, alt: `Times of ${name}`, spec }],
    targets: [{ what: "ms", atMost: 2, whose: "its rival", measured, because: "it does more" }],
  };
  return { name, about: name, run: () => Promise.resolve([section]) };
}

const folder = () => mkdtempDisposable(join(tmpdir(), "leasehold-bench-"));
const pageIn = (out: string): Promise<string> => readFile(join(out, "performance.md"), "utf8");

it("writes a page with each figure, its target, its plot, and what it was measured with", async () => {
  await using temporary = await folder();
  const out = temporary.path;
  const { summary, lines } = await measure({ ...options, out }, screen, signal, [partOf("a", 1.2345, "a1")]);
  const page = await pageIn(out);
  expect(page).toContain("## Of a\n\nWhat it is.\n\n| who | ms |\n|---|---|\n| one \\| two | 1.23 |\n");
  expect(page).toContain("| ms | 2: its rival | 1.23 | reached |");
  expect(page).toContain("![Times of a](performance/a1.svg)");
  expect(page).toMatch(/Measured on \d{4}-\d\d-\d\d with \d+ cores? of .*Node \d+\.\d+\.\d+/s);
  expect(await readFile(join(out, "performance/a1.svg"), "utf8")).toMatch(/^<svg .*ms: 1\.2345; who: one/s);
  expect(stripVTControlCharacters(lines.join("\n"))).toContain("reached ms: 1.23, at most 2");
  expect(summary.ok).toBe(true);
});

it("keeps what it has of parts that were not measured now, in the order of the parts, and no plot that is not shown", async () => {
  await using temporary = await folder();
  const out = temporary.path;
  await measure({ ...options, out }, screen, signal, [partOf("a", 1, "a1"), partOf("b", 1, "b1")]);
  const anew = [partOf("a", 3, "a2"), partOf("b", 3, "b2")];
  const { summary } = await measure({ ...options, out, only: ["a"] }, screen, signal, anew);
  const page = await pageIn(out);
  expect(page.match(/^(## .*|\| ms \| .*)$/gm)).toEqual([
    "## Of a",
    "| ms | 2: its rival | 3 | **missed**: it does more |",
    "## Of b",
    "| ms | 2: its rival | 1 | reached |",
  ]);
  expect((await readdir(join(out, "performance"))).sort()).toEqual(["a2.svg", "b1.svg"]);
  expect(summary.ok).toBe(false);
});

it("writes nothing of a smoke run, and judges nothing by it", async () => {
  await using temporary = await folder();
  const out = temporary.path;
  const { summary } = await measure({ ...options, smoke: true, out }, screen, signal, [partOf("a", 3, "a1")]);
  expect(await readdir(out)).toEqual([]);
  expect(summary.ok).toBe(true);
});

it("tells median and quartiles, and a figure to three digits", () => {
  expect(spreadOf([4, 1, 3, 2, 5])).toEqual({ median: 3, low: 2, high: 4 });
  expect(spreadOf([1, 2])).toEqual({ median: 1.5, low: 1.25, high: 1.75 });
  expect([12_345, 1_234.5, 0.012345, 7, Number.NaN].map(cellOf)).toEqual([
    "12,345",
    "1,235",
    "0.0123",
    "7",
    "-",
  ]);
});
