import Table from "cli-table3";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Column, GAP } from "../../lib/cli/fitting.ts";
import { Output } from "../../lib/cli/output.ts";

const { isTTY, columns, rows: lines } = process.stdout;
const withOutput = (of: { isTTY: boolean | undefined; columns?: number; rows?: number }): void => {
  Object.assign(process.stdout, of);
};
// As without a terminal, whatever the tests themselves write to.
beforeEach(() => {
  withOutput({ isTTY: undefined });
  vi.stubEnv("TERM", "xterm");
});
afterEach(() => {
  vi.unstubAllEnvs();
  withOutput({ isTTY, columns, rows: lines });
});

const NO_LINES = Object.fromEntries(
  ["top", "bottom"]
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"])
    .map((part) => [part, ""]),
);

/** Draws all rows at once, as the library does. */
function drawn(rows: readonly (readonly string[])[], widths: readonly number[] = []): string {
  const style = { head: [], border: [], "padding-left": 0, "padding-right": GAP };
  const table = new Table({ chars: NO_LINES, style, colWidths: widths.map((cell) => cell + GAP) });
  table.push(...rows.map((row) => [...row]));
  return table.toString().replaceAll(/ +$/gm, "");
}

const COLUMNS: readonly Column[] = [
  { title: "LEASE", least: 5 },
  { title: "STATE" },
  { title: "TOKEN", leftOut: 1 },
];
const HEAD = COLUMNS.map(({ title }) => title);
/** The widest cells of each column come last. */
const rowsOf = (count: number): string[][] =>
  Array.from({ length: count }, (_, nth) => [
    nth === count - 1 ? "wide 幅の広い名前" : nth === count - 2 ? "a long name of letters" : `lease-${nth}`,
    nth % 7 === 0 ? "\u001b[32mheld\u001b[39m" : "",
    String(10 ** (nth % 9)),
  ]);

describe("a terminal", () => {
  const ofSize = (width: number, height: number): Output => {
    withOutput({ isTTY: true, columns: width, rows: height });
    return new Output(false);
  };
  const isColoured = ({ colours }: Output): boolean => colours.red("red") !== "red";

  it("is drawn on in place, in colours, unless a program reads or it is dumb", () => {
    expect(ofSize(80, 24).redraws).toBe(true);
    expect(isColoured(ofSize(80, 24))).toBe(true);
    expect(new Output(true).redraws).toBe(false);
    expect(isColoured(new Output(true))).toBe(false);
    vi.stubEnv("TERM", "dumb");
    for (const name of ["CI", "FORCE_COLOR"]) vi.stubEnv(name, "1");
    expect(ofSize(80, 24).redraws).toBe(false);
    expect(isColoured(ofSize(80, 24))).toBe(false);
  });

  it("that says no size is not drawn on in place: nothing would be seen", () => {
    expect(ofSize(0, 0).redraws).toBe(false);
    expect(isColoured(ofSize(0, 0))).toBe(true);
  });
});

describe("a table", () => {
  it.each([0, 1, 2, 99, 250, 401])("of %i rows is as it would be if it were drawn at once", (count) => {
    const rows = rowsOf(count);
    expect(new Output(false).tableOf(COLUMNS, rows)).toBe(drawn([HEAD, ...rows]));
  });

  it.each(["", "1"])(
    "is cut to a terminal as it would be if it were drawn at once, NO_COLOR=%j",
    (NO_COLOR) => {
      vi.stubEnv("NO_COLOR", NO_COLOR);
      withOutput({ isTTY: true, columns: 18 });
      const output = new Output(false);
      const head = HEAD.map((title) => output.colours.bold(title));
      const rows = rowsOf(250);
      const shown = output.tableOf(COLUMNS, rows);
      const left = [head, ...rows].map((row) => row.slice(0, 2));
      expect(shown).toBe(drawn(left, [11, 5]));
      expect(shown).toMatch(/^a long nam…\n.*幅の…$/m);
      expect(shown.includes("\u001b[1mLEASE")).toBe(NO_COLOR === "");
    },
  );

  it("has titles and texts as they would be if they were drawn at once", () => {
    const facts = rowsOf(250).map(([title = "", , text = ""]): [string, string] => [title, text]);
    expect(new Output(false).pairs(facts)).toBe(drawn(facts));
  });

  it("of 5,000 rows is there in a moment", () => {
    const titles = ["LEASE", "STATE", "HOLDER", "TOKEN", "LEADS SINCE", "RENEWED", "ENDS"];
    const rows = rowsOf(5_000).map((row) => row.concat("me/09f3a1c2", "2 h ago", "3 s ago", "12 s left"));
    const from = performance.now();
    const shown = new Output(false).tableOf(
      titles.map((title) => ({ title })),
      rows,
    );
    expect(shown.split("\n")).toHaveLength(5_001);
    // Drawn at once by the library, it takes five seconds and more.
    expect(performance.now() - from).toBeLessThan(2_500);
  });
});
