import { stripVTControlCharacters } from "node:util";
import Table from "cli-table3";
import picocolors from "picocolors";
import { type Column, fit, GAP } from "./fitting.ts";
import { safeJson } from "./text.ts";

/** Where a command's words go: results to standard output, all else to standard error. */
export class Output {
  /** Whether a program reads the results. */
  readonly json: boolean;
  /** Whether a person looks at standard output. */
  readonly isTerminal = isTerminal(process.stdout);
  /**
   * Colours; none unless standard output is a terminal that obeys sequences, whatever `CI` and `FORCE_COLOR` say, nor where `NO_COLOR` is set.
   */
  readonly colours: ReturnType<typeof picocolors.createColors>;

  constructor(json: boolean) {
    this.json = json;
    this.colours = picocolors.createColors(this.#obeys && !process.env["NO_COLOR"]);
  }

  /**
   * Whether a picture can be drawn again and again in its place. A terminal that says no size, as that of a container may, would be taken
   * for one of no lines, and nothing be drawn at all.
   */
  get redraws(): boolean {
    const { columns, rows } = process.stdout;
    return this.#obeys && columns > 0 && rows > 0;
  }

  /** Whether a person looks at a terminal that obeys sequences of control characters. */
  get #obeys(): boolean {
    return this.isTerminal && !this.json && process.env["TERM"] !== "dumb";
  }

  /** How many characters a line has on the terminal; `undefined` where lines may be of any length. */
  get columns(): number | undefined {
    return this.isTerminal ? process.stdout.columns || undefined : undefined;
  }

  /** Writes a line of the result. */
  print(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  /** Writes the result for a program: one JSON value on one line. */
  printJson(value: unknown): void {
    this.print(safeJson(value));
  }

  /**
   * Writes one JSON array, an element a line, each as it comes: however many there are, none waits for the others. After an error the
   * array has no end, so nobody takes it for whole.
   */
  async printArray(values: Iterable<unknown> | AsyncIterable<unknown>): Promise<void> {
    let count = 0;
    for await (const value of values) {
      process.stdout.write(`${count === 0 ? "[" : ",\n"}${safeJson(value)}`);
      count += 1;
    }
    this.print(count === 0 ? "[]" : "]");
  }

  /** Writes a line that is not part of the result. */
  say(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  /** Draws titles and texts, a line each: the whole text, or, where it is to fit, as much of it as the terminal is wide. */
  pairs(
    facts: readonly (readonly [title: string, text: string])[],
    { fits = false }: { readonly fits?: boolean } = {},
  ): string {
    const cells: Rows = [[], facts.map(([title, text]) => [this.colours.dim(title), text])];
    const whole = draw(cells);
    const { columns } = this;
    if (!fits || columns === undefined || width(whole.widths) <= columns) return whole.text;
    const [titles = 0] = whole.widths;
    return draw(cells, [titles, Math.max(LEAST_TEXT, columns - titles - GAP)]).text;
  }

  /** Draws rows under a head, without lines between them; on a terminal no wider than it is. */
  tableOf(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
    const head = columns.map(({ title }) => this.colours.bold(title));
    const whole = draw([head, rows]);
    const { columns: available } = this;
    if (available === undefined || width(whole.widths) <= available) return whole.text;
    const fitted = fit(columns, whole.widths, available);
    const pick = (cells: readonly string[]): string[] => fitted.map(({ at }) => cells[at] ?? "");
    const narrow: Rows = [pick(head), rows.map(pick)];
    return draw(
      narrow,
      fitted.map(({ width: cell }) => cell),
    ).text;
  }
}

/** Without a terminal, Node leaves `isTTY` undefined, whatever its type says. */
const isTerminal = ({ isTTY = false }: { readonly isTTY?: boolean }): boolean => isTTY;

/** To how many characters a text beside its title may be cut. */
const LEAST_TEXT = 8;

type Rows = readonly [head: readonly string[], rows: readonly (readonly string[])[]];

const width = (widths: readonly number[]): number => widths.reduce((sum, cell) => sum + cell + GAP, -GAP);

/** Draws cells; what is longer than its width is cut. Tells how wide the columns have become. */
function draw([head, rows]: Rows, widths?: readonly number[]): { text: string; widths: readonly number[] } {
  const all = head.length > 0 ? [head, ...rows] : rows;
  const wide = widths ?? widest(all);
  const lines = all.map((row) => wide.map((cell, at) => drawCell(row[at] ?? "", cell)).join(""));
  return { text: lines.map((line) => line.trimEnd()).join("\n"), widths: wide };
}

function widest(rows: Iterable<readonly string[]>): number[] {
  const most: number[] = [];
  for (const row of rows)
    for (const [at, text] of row.entries())
      most[at] = Math.max(most[at] ?? 0, plainWidth(text) ?? asTable(text).width);
  return most;
}

function drawCell(text: string, cell: number): string {
  const taken = plainWidth(text);
  if (taken !== undefined && taken <= cell) return text + " ".repeat(cell + GAP - taken);
  // Without colours, a plain text is as wide as it is long.
  if (taken === text.length) return `${text.slice(0, cell - 1)}…${" ".repeat(GAP)}`;
  return asTable(text, cell).text;
}

/** How wide a text is in which every character takes one place, whatever its colours; `undefined` for any other. */
function plainWidth(text: string): number | undefined {
  const bare = text.includes(ESCAPE) ? stripVTControlCharacters(text) : text;
  return /^[ -~]*$/.test(bare) ? bare.length : undefined;
}

const ESCAPE = "\u001b";

/**
 * Draws a table of one cell: the library knows how wide characters are, and where a text may be cut. It is not given whole tables: of a
 * thousand rows it compares each cell with all cells above it, and of each it takes a multiple of the time that a plain text needs.
 */
function asTable(text: string, cell?: number): { text: string; width: number } {
  const table = new Table({
    chars: BARE,
    style: { head: [], border: [], "padding-left": 0, "padding-right": GAP },
    ...(cell !== undefined && { colWidths: [cell + GAP] }),
  });
  table.push([text]);
  return { text: table.toString(), width: (table.options.colWidths[0] ?? 0) - GAP };
}

const NO_LINES = [
  "top,top-mid,top-left,top-right,bottom,bottom-mid,bottom-left,bottom-right",
  "left,left-mid,mid,mid-mid,right,right-mid,middle",
];
const BARE = Object.fromEntries(NO_LINES.flatMap((parts) => parts.split(",")).map((part) => [part, ""]));
