import { stripVTControlCharacters } from "node:util";
import { Help } from "commander";
import picocolors from "picocolors";

/** Colours, or none. */
export type Colors = ReturnType<typeof picocolors.createColors>;

/** Where a run is told of: lines that stay, folded at {@link WIDTH}, and, on a terminal, one that changes. */
export interface Screen {
  readonly colors: Colors;
  line(text: string): void;
  /** Shows what is going on until the next line. On a terminal only. */
  progress(text: string): void;
}

/** Most columns that a line takes. */
const WIDTH = 100;

/** Breaks lines between words where they are longer than so many columns. */
export function fold(text: string, width: number = WIDTH): string {
  return new Help().boxWrap(text, width);
}

/** Makes a screen of a stream. Colours and the progress line are for terminals. */
export function makeScreen(stream: NodeJS.WriteStream): Screen {
  // Not a terminal: the property is missing, whatever its type says, and a default would take its place.
  const terminal = "isTTY" in stream && stream.isTTY;
  // A dumb one would show the sequences, and keep every state of the line that changes.
  const obeys = terminal && process.env["TERM"] !== "dumb";
  const erase = obeys ? "\r\x1b[2K" : "";
  let shown = "";
  return {
    colors: picocolors.createColors(obeys && !process.env["NO_COLOR"]),
    line: (text) => {
      shown = "";
      stream.write(`${erase}${fold(text)}\n`);
    },
    progress: (text) => {
      if (!obeys || text === shown) return;
      shown = text;
      stream.write(`${erase}${text.slice(0, (stream.columns || 80) - 1)}`);
    },
  };
}

/** Rows of labels and values, aligned. */
export function tableLines(rows: readonly (readonly [label: string, value: string])[]): string[] {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}`);
}

/** The first of many problems, each as a line of its own, and how many more there are. */
export function problemLines(problems: readonly string[], prefix: string, most: number): string[] {
  const lines = problems.slice(0, most).map((what) => `${prefix}${what}`);
  const more = problems.length - most;
  return more > 0 ? [...lines, `${prefix}and ${more} more`] : lines;
}

/** Joins parts by semicolons, and goes on in indented lines where they do not fit into one, between parts if possible. */
export function wrapParts(start: string, parts: readonly string[]): string {
  const indent = stripVTControlCharacters(start).length;
  const width = WIDTH - indent;
  const fits = (part: string): boolean => stripVTControlCharacters(part).length < width;
  const whole = parts.map((part) => (fits(part) ? part.replaceAll(" ", "\0") : part));
  const lines = fold(whole.join("; "), width).replaceAll("\0", " ").split("\n");
  return start + lines.join(`\n${" ".repeat(indent)}`);
}

/** A number and its noun, which gets an s when there are several. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** A length of time in seconds, to the tenth. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
