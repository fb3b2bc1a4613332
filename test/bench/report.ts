import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { fold } from "../../local/harness/screen.ts";
import { cellOf, isReached } from "./figures.ts";
import type { FigurePlot, FigureTable, FigureTarget, Section } from "./part.ts";
import { circumstances } from "./versions.ts";

/** What came of one part. */
export interface Measured {
  readonly part: string;
  readonly sections: readonly Section[];
}

const INTRODUCTION = `# How fast it is, and what it costs

<!-- Written by \`npm run bench\`; what is changed here by hand is lost with its next run. -->

\`npm run bench\` measures this package beside what it could be compared with: the same requests sent
without it, and what people would use instead. All contenders of a table are measured in one run, in
turns, on one machine, against one engine. A figure is the median of its measurements; between which
values the middle half of them lies stands behind it.

Compare the columns of a table with each other. Do not compare a time with one of another page, or
with what you would measure on AWS: the engine is a small program on the same machine, and it answers
without a network. Counts of requests and bytes hold anywhere.

\`npm run bench -- --only <part>\` measures a part anew and leaves the others as they are. \`--help\` lists them.
`;

/**
 * Writes `performance.md` and its plots into a folder. Of parts that were not measured now, the page keeps what it has. Parts come in the
 * order that is given.
 */
export async function writePage(
  folder: string,
  measured: readonly Measured[],
  order: readonly string[],
): Promise<void> {
  const file = join(folder, "performance.md");
  const plots = join(folder, "performance");
  const blocks = blocksOf(await readFile(file, "utf8").catch(() => ""));
  await mkdir(plots, { recursive: true });
  for (const { part, sections } of measured) {
    blocks.set(part, blockOf(part, sections));
    for (const plot of sections.flatMap((section) => section.plots))
      await writeFile(join(plots, `${plot.file}.svg`), await svgOf(plot));
  }
  const page = [INTRODUCTION, ...order.flatMap((part) => blocks.get(part) ?? [])].join("\n");
  await writeFile(file, page);
  for (const drawn of await readdir(plots))
    if (!page.includes(`(performance/${drawn})`)) await rm(join(plots, drawn));
}

/** The parts of a page, by their names. */
function blocksOf(page: string): Map<string, string> {
  const blocks = page.matchAll(/^<!-- part: (\S+) -->\n.*?^<!-- end of \1 -->\n/gms);
  return new Map([...blocks].map(([block, part = ""]) => [part, block]));
}

function blockOf(part: string, sections: readonly Section[]): string {
  const { date, machine, load, versions } = circumstances();
  const with_ = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const measured = `Measured on ${date} with ${machine} (load ${load}): ${with_.join(", ")}.`;
  return [
    `<!-- part: ${part} -->`,
    ...sections.map((section) => markdownOf(section)),
    `${fold(measured)}\n`,
    `<!-- end of ${part} -->\n`,
  ].join("\n");
}

/** One section as Markdown. */
export function markdownOf({ title, text, tables, plots, targets }: Section): string {
  return [
    `## ${title}`,
    ...text.map((paragraph) => fold(paragraph)),
    ...tables.map(tableOf),
    ...plots.map(({ alt, file }) => `![${alt}](performance/${file}.svg)`),
    ...(targets.length === 0 ? [] : [tableOf(targetsOf(targets))]),
  ]
    .map((block) => `${block}\n`)
    .join("\n");
}

function targetsOf(targets: readonly FigureTarget[]): FigureTable {
  const rows = targets.map((target) => [
    target.what,
    target.whose === undefined ? target.atMost : `${cellOf(target.atMost)}: ${target.whose}`,
    target.measured,
    verdictOn(target),
  ]);
  return { columns: ["target", "at most", "measured", ""], rows };
}

function verdictOn(target: FigureTarget): string {
  if (isReached(target)) return "reached";
  return target.because === undefined ? "**missed**" : `**missed**: ${target.because}`;
}

function tableOf({ columns, rows }: FigureTable): string {
  const line = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((cell) => cellOf(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(columns), `|${columns.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

/** Draws a plot. */
export function svgOf({ spec }: FigurePlot): Promise<string> {
  const whole = { background: "white", ...spec } as unknown as TopLevelSpec;
  return new vega.View(vega.parse(compile(whole).spec), { renderer: "none" }).toSVG();
}
