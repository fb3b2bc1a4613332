import { describe, expect, it } from "vitest";
import { judgeNumbering } from "../../local/harness/books.ts";
import { books, given } from "./numbered-invoices.ts";

describe("the judging of numbers", () => {
  it("finds nothing wrong with the numbers 1 to N, each given once", () => {
    const faultless = books([given(1, "a", 10), given(2, "b", 10), given(3, "c", 20)]);
    expect(judgeNumbering(faultless)).toEqual({ gaps: 0, duplicates: 0, problems: [] });
  });

  it("sees a number given twice, to the same invoice or another", () => {
    expect(judgeNumbering(books([given(1, "a", 10), given(1, "a", 20)]))).toEqual({
      gaps: 0,
      duplicates: 1,
      problems: ["number 1 was given twice, the second time by term 20"],
    });
    const another = judgeNumbering(books([given(1, "a", 10), given(1, "b", 20)]));
    expect(another.duplicates).toBe(1);
    expect(another.problems).toContain("number 1 is on 2 invoices: a, b");
    expect(another.problems).toContain("number 1 was given twice, the second time by term 20");
  });

  it("sees an invoice that got two numbers", () => {
    const twice = judgeNumbering(books([given(1, "a", 10), given(2, "a", 20)]));
    expect(twice).toMatchObject({ gaps: 1, duplicates: 1 });
    expect(twice.problems).toContain("a was given the numbers 1, 2");
  });

  it("sees a gap, an invoice left behind, and a number that nobody gave", () => {
    const invoices = [1, 3, undefined].map((number, at) => ({ id: `invoice-${at + 1}`, number }));
    const left = { invoices, pending: 1 };
    const assignments = [given(1, "invoice-1", 10), given(2, "invoice-2", 20)];
    expect(judgeNumbering(books(assignments, left))).toEqual({
      gaps: 1,
      duplicates: 0,
      problems: [
        "1 of 3 invoices have no number",
        "number 2 of 3 is on no invoice",
        "number 3 has no witness that gave it to invoice-2",
      ],
    });
  });

  it("sees invoices that wait although they have their numbers, and that nothing was shown", () => {
    expect(judgeNumbering(books([given(1, "a", 10)], { pending: 1 })).problems).toEqual([
      "1 invoices wait for a number, 0 have none",
    ]);
    expect(judgeNumbering(books([])).problems).toEqual(["no invoice arrived, so nothing was shown"]);
  });
});
