import { stripVTControlCharacters } from "node:util";
import Table from "cli-table3";
import picocolors from "picocolors";

/** Colours, or none. */
export type Colors = ReturnType<typeof picocolors.createColors>;

/** Where a run is told of: lines that stay and, on a terminal, one that changes. */
export interface Screen {
  readonly colors: Colors;
  line(text: string): void;
  /** Shows what is going on until the next line. On a terminal only. */
  progress(text: string): void;
}

/** Most columns that a line takes. */
export const WIDTH = 100;

/** Makes a screen of a stream. Colours and the progress line are for terminals. */
export function makeScreen(stream: NodeJS.WriteStream): Screen {
  // Not a terminal: the property is missing, whatever its type says, and a default would take its place.
  const terminal = "isTTY" in stream && stream.isTTY;
  const erase = terminal ? "\r\x1b[2K" : "";
  let shown = "";
  return {
    colors: picocolors.createColors(terminal && picocolors.isColorSupported),
    line: (text) => {
      shown = "";
      stream.write(`${erase}${text}\n`);
    },
    progress: (text) => {
      if (!terminal || text === shown) return;
      shown = text;
      stream.write(`${erase}${text.slice(0, (stream.columns || 80) - 1)}`);
    },
  };
}

/** Rows of labels and values, aligned. */
export function tableLines(rows: readonly (readonly [label: string, value: string])[]): string[] {
  const borders =
    "top,top-mid,top-left,top-right,bottom,bottom-mid,bottom-left,bottom-right,left,left-mid,mid,mid-mid,right,right-mid,middle";
  const chars = Object.fromEntries(borders.split(",").map((part) => [part, ""]));
  const table = new Table({ chars, style: { "padding-left": 0, "padding-right": 2, head: [], border: [] } });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
}

/** The first of many problems, each as a line of its own, and how many more there are. */
export function problemLines(problems: readonly string[], prefix: string, most: number): string[] {
  const lines = problems.slice(0, most).map((what) => `${prefix}${what}`);
  const more = problems.length - most;
  return more > 0 ? [...lines, `${prefix}and ${more} more`] : lines;
}

/** Joins parts by semicolons, and goes on in an indented line wherever the next part would not fit. */
export function wrapParts(start: string, parts: readonly string[]): string {
  const indent = " ".repeat(lengthOf(start));
  const [first = "", ...rest] = parts;
  const lines = [`${start}${first}`];
  for (const part of rest) {
    const joined = `${lines.at(-1)}; ${part}`;
    if (lengthOf(joined) < WIDTH) lines.splice(-1, 1, joined);
    else lines.splice(-1, 1, `${lines.at(-1)};`, `${indent}${part}`);
  }
  return lines.join("\n");
}

/** A number and its noun, which gets an s when there are several. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** A length of time in seconds, to the tenth. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function lengthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
