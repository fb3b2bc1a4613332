import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fit, GAP } from "../../lib/cli/fitting.ts";
import { agoOf, leftOf, spanOf } from "../../lib/cli/lease-view.ts";
import { commandAbout, printable, safeJson, shellWord } from "../../lib/cli/text.ts";

/** Controls, marks without a shape, halves of characters, separators of lines. */
const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const nasty = fc.string({
  unit: fc.constantFrom(
    "a",
    "ö",
    "漢",
    "\u001b",
    "\n",
    "\u009b",
    "\u202e",
    "\ud800",
    "\u2028",
    "\u{e0001}",
    "😀",
  ),
});

describe("a text from the table", () => {
  it("never reaches a terminal with a character that it would obey", () => {
    fc.assert(
      fc.property(nasty, (text) => !OBEYED.test(printable(text)) && !OBEYED.test(safeJson({ text }))),
    );
    expect(printable("node-ö 漢 😀 'a\\b'")).toBe("node-ö 漢 😀 'a\\b'");
  });

  it("is one word for a shell that it is copied to, and that text", () => {
    const names = [
      "plain-1/ä",
      "a b",
      "$(reboot); x",
      "it's",
      "a\\b",
      "\u001b[2Jodd\u202e'1\\",
      "x\n1",
      "-x",
    ];
    expect(names.slice(0, 2).map(shellWord)).toEqual(["'plain-1/ä'", "'a b'"]);
    const script = names.map((name) => `printf '%s\\0' ${shellWord(name)}`).join("\n");
    expect(OBEYED.test(names.map(shellWord).join(""))).toBe(false);
    expect(execFileSync("bash", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1)).toEqual(
      names,
    );
    expect(commandAbout("tick", "a", "--clear")).toBe("leasehold tick a --clear");
    expect(commandAbout("tick", "-x y", "--clear")).toBe("leasehold tick --clear -- '-x y'");
  });

  it("comes back from JSON as it was", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(JSON.parse(safeJson({ [text]: text }))).toEqual({ [text]: text });
      }),
    );
  });
});

describe("a span of time", () => {
  it("is told in the unit that people would take", () => {
    const spans = [400, 3_000, 12_400, 99_000, 120_000, 5_400_000, 7_200_000, 259_200_000];
    expect(spans.map(spanOf)).toEqual(["0.4 s", "3 s", "12 s", "99 s", "2 min", "90 min", "2 h", "3 d"]);
    expect([agoOf(1_000, 4_000), agoOf(6_000, 4_000), agoOf(undefined, 0)]).toEqual([
      "3 s ago",
      "in 2 s",
      "",
    ]);
    expect([leftOf(16_000, 4_000), leftOf(1_000, 4_000)]).toEqual(["12 s left", "over for 3 s"]);
  });
});

describe("a table that is wider than the terminal", () => {
  const columns = [
    { title: "NAME", least: 5 },
    { title: "STATE" },
    { title: "HOLDER", least: 5 },
    { title: "SINCE", leftOut: 2 },
    { title: "RENEWED", leftOut: 1 },
  ];
  const natural = [20, 6, 30, 8, 8];
  const widths = (available: number) => fit(columns, natural, available).map(({ at, width }) => [at, width]);

  it("cuts the widest of what may be cut first, and then leaves columns out in their turn", () => {
    expect(widths(80)).toEqual(natural.map((width, at) => [at, width]));
    expect(widths(75)).toEqual([
      [0, 20],
      [1, 6],
      [2, 25],
      [3, 8],
      [4, 8],
    ]);
    expect(widths(60)).toEqual([
      [0, 15],
      [1, 6],
      [2, 15],
      [3, 8],
      [4, 8],
    ]);
    // 40 characters are just enough for all columns at their least.
    expect(widths(40)).toEqual([
      [0, 5],
      [1, 6],
      [2, 5],
      [3, 8],
      [4, 8],
    ]);
    expect(widths(39)).toEqual([
      [0, 9],
      [1, 6],
      [2, 10],
      [3, 8],
    ]);
    expect(widths(20)).toEqual([
      [0, 5],
      [1, 6],
      [2, 5],
    ]);
  });

  it("fits whatever the widths, as long as what must stay can", () => {
    const least = 5 + 6 + 5 + 2 * GAP;
    fc.assert(
      fc.property(
        fc.array(fc.nat(300), { minLength: 5, maxLength: 5 }),
        fc.integer({ min: least, max: 400 }),
        (given, available) => {
          const fitted = fit(
            columns,
            given.map((width, at) => (at === 1 ? Math.min(width, 6) : width)),
            available,
          );
          const total = fitted.reduce((sum, { width }) => sum + width + GAP, -GAP);
          expect(total).toBeLessThanOrEqual(available);
        },
      ),
    );
  });
});
