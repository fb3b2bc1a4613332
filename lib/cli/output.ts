import Table from "cli-table3";
import picocolors from "picocolors";
import { type Column, fit, GAP } from "./fitting.ts";
import { safeJson } from "./text.ts";

/** Where a command's words go: results to standard output, all else to standard error. */
export class Output {
  /** Whether a program reads the results. */
  readonly json: boolean;
  /** Whether a person looks at standard output. */
  readonly isTerminal: boolean = process.stdout.isTTY;
  /** Colours; none unless standard output is a terminal, nor where `NO_COLOR` is set (no-color.org). */
  readonly colours: ReturnType<typeof picocolors.createColors>;

  constructor(json: boolean) {
    this.json = json;
    this.colours = picocolors.createColors(this.isTerminal && !json && !process.env["NO_COLOR"]);
  }

  /** Whether a picture can be drawn again and again in its place. */
  get redraws(): boolean {
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
  async printArray(values: AsyncIterable<unknown>): Promise<void> {
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

/** To how many characters a text beside its title may be cut. */
const LEAST_TEXT = 8;

type Rows = readonly [head: readonly string[], rows: readonly (readonly string[])[]];

const width = (widths: readonly number[]): number => widths.reduce((sum, cell) => sum + cell + GAP, -GAP);

/** Draws cells; what is longer than its width is cut. Tells how wide the columns have become. */
function draw([head, rows]: Rows, widths?: readonly number[]): { text: string; widths: number[] } {
  const table = new Table({
    head: [...head],
    chars: BARE,
    style: { head: [], border: [], "padding-left": 0, "padding-right": GAP },
    ...(widths && { colWidths: widths.map((cell) => cell + GAP) }),
  });
  table.push(...rows.map((row) => [...row]));
  const lines = table.toString().split("\n");
  return {
    text: lines.map((line) => line.trimEnd()).join("\n"),
    widths: table.options.colWidths.map((cell) => (cell ?? 0) - GAP),
  };
}

const NO_LINES = [
  "top,top-mid,top-left,top-right,bottom,bottom-mid,bottom-left,bottom-right",
  "left,left-mid,mid,mid-mid,right,right-mid,middle",
];
const BARE = Object.fromEntries(NO_LINES.flatMap((parts) => parts.split(",")).map((part) => [part, ""]));
