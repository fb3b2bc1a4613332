import { describe, expect, it } from "vitest";
import { playAll, sectionOf, SMOKE } from "./herd/part.ts";

const context = { smoke: true, signal: new AbortController().signal, progress: () => undefined };

describe("the benchmark of a herd", () => {
  it("has one winner of each end of a term, and one claim of each candidate before", async () => {
    const figures = await playAll(SMOKE, context);
    const { successions, overlaps, begun } = figures;
    expect(overlaps).toBe(0);
    expect(successions.map(({ end }) => end).toSorted()).toEqual(
      ["crash", "release", "release, all told"].flatMap((end) => [end, end]),
    );
    for (const { winners, toLeaderMs, requests } of successions) {
      expect(winners).toBe(1);
      expect(toLeaderMs).toBeGreaterThan(0);
      expect(requests.some(([at, what]) => at > 0 && /^(claim|take-over) lease$/.test(what))).toBe(true);
    }
    for (const { plan, counts } of begun) {
      expect(counts["claim lease"], "the first try of each is a claim").toBe(plan.candidates);
      expect(counts["register candidate"]).toBe(plan.candidates);
    }
    const { tables, plots, targets } = sectionOf(figures);
    expect(tables.map(({ rows, columns }) => [rows.length, columns.length])).toEqual([
      [2, 7],
      [2, 7],
      [2, 7],
    ]);
    expect(plots.map(({ file }) => file)).toEqual(["herd-crash", "herd-release", "herd-release-all-told"]);
    expect(targets.map(({ measured, atMost }) => measured <= atMost)).toEqual([true, true, true]);
  });
});
