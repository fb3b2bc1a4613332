import Table from "cli-table3";
import picocolors from "picocolors";

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

  /** Writes a line of the result. */
  print(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  /** Writes the result for a program: one JSON value on one line. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value));
  }

  /** Writes a line that is not part of the result. */
  say(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  /** Draws titles and texts, a line each. */
  pairs(facts: readonly (readonly [title: string, text: string])[]): string {
    return draw(
      [],
      facts.map(([title, text]) => [this.colours.dim(title), text]),
    );
  }

  /** Draws rows under a head, without lines between them. */
  tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
    return draw(
      head.map((title) => this.colours.bold(title)),
      rows,
    );
  }
}

function draw(head: string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head,
    chars: BARE,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const NO_LINES = [
  "top,top-mid,top-left,top-right,bottom,bottom-mid,bottom-left,bottom-right",
  "left,left-mid,mid,mid-mid,right,right-mid,middle",
];
const BARE = Object.fromEntries(NO_LINES.flatMap((parts) => parts.split(",")).map((part) => [part, ""]));
