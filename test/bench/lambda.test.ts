import { describe, expect, it } from "vitest";
import { ALTERNATIVES, monthOf, ourMonth } from "./lambda/money.ts";
import { lambda } from "./lambda/part.ts";
import { spreadOf } from "./figures.ts";

describe("the benchmark of a scheduled function", () => {
  it("bundles, imports and acquires in fresh processes, with two requests for each cycle", async () => {
    const { signal } = new AbortController();
    const told: string[] = [];
    const sections = await lambda.run({ smoke: true, signal, progress: (text) => told.push(text) });
    expect(told.length).toBeGreaterThan(2);
    const [bundle, imports, acquire, money] = sections;
    expect(sections).toHaveLength(4);
    for (const { tables } of sections)
      for (const { columns, rows } of tables)
        for (const row of rows) expect(row).toHaveLength(columns.length);

    const bytes = new Map(bundle?.tables[0]?.rows.map(([who, , kb]) => [who, Number(kb)]));
    for (const who of ["leasehold: client", "leasehold: core", "@aws-sdk", "@smithy", "@middy"])
      expect(bytes.get(who), who).toBeGreaterThan(0);
    expect([...bytes.keys()]).not.toContain("leasehold: fencing");
    expect(bundle?.targets.map(({ measured, atMost }) => measured <= atMost)).toEqual([true]);

    expect(imports?.targets.map(({ atMost }) => atMost)).toEqual([5, 5, 10, 10]);
    for (const { measured } of imports?.targets ?? []) expect(measured).toBeGreaterThan(0);
    expect(acquire?.tables[0]?.rows.map(([who, first, , warm]) => [who, first, warm])).toEqual([
      ["leasehold", 2, 2],
      ["two bare writes", 2, 2],
    ]);
    expect(money?.tables.map(({ rows }) => rows.length)).toEqual([5, 5]);
  }, 60_000);

  it("ends between two processes when it is told to", async () => {
    const run = lambda.run({ smoke: true, signal: AbortSignal.abort(), progress: () => {} });
    await expect(run).rejects.toThrow("aborted");
  });

  it("reckons all who hold a lock with the same prices", () => {
    const [hero] = ALTERNATIVES.map(monthOf);
    expect(ourMonth()).toMatchObject({ leader: 0.05475, holder: 0.3285 });
    expect(hero?.leader).toBeCloseTo(0.05475 + 43_800 * 0.125e-6, 9);
    expect(hero?.holder).toBeCloseTo(0.3285, 9);
  });

  it("tells quartiles", () => {
    expect(spreadOf([5, 1, 3, 2, 4])).toEqual({ low: 2, median: 3, high: 4 });
  });
});
