import { describe, expect, it } from "vitest";
import type { Outcome } from "../../local/functions/environment.ts";
import { beginRun, type Run } from "../../local/play/journal.ts";
import { makePlan } from "../../local/play/plan.ts";
import { judge } from "../../local/play/judge.ts";
import { books, given } from "./numbered-invoices.ts";

const plan = makePlan({ ticks: 2, seed: 1, tickMs: 2_000, recoveryMs: undefined });

const run = (token: number, from: number, to: number, more: Partial<Run> = {}): Run => {
  const invocation = { requestId: `request-${token}`, attempt: 1, payload: "{}", environment: 1 };
  const value = { led: true, token, numbers: [] };
  const ended: Outcome = { kind: "returned", value };
  const span = {
    firstAccepted: from,
    lastAccepted: to,
    accepted: to - from + 1,
    settled: to + 1,
    outcome: ended,
  };
  return { ...beginRun(invocation, "t"), ...span, ...more };
};

const good = {
  plan,
  elected: true,
  runs: [run(10, 1, 2), run(20, 4, 5)],
  books: books([given(1, "a", 10), given(2, "b", 10), given(3, "c", 20), given(4, "d", 20)]),
};

describe("the judgement", () => {
  it("finds nothing wrong with consecutive numbers of terms that follow each other", () => {
    const { summary, problems } = judge(good);
    expect(problems).toEqual([]);
    expect(summary).toMatchObject({ ok: true, led: 2, invoices: 4, numbered: 4, tokens: [10, 20] });
  });

  it("sees what is wrong with the numbers", () => {
    const { summary, problems } = judge({ ...good, books: books([given(1, "a", 10), given(3, "a", 20)]) });
    expect(summary).toMatchObject({ ok: false, gaps: 2, duplicates: 1, invoices: 1 });
    expect(problems.slice(0, 2)).toEqual(["the numbering has 2 gaps", "the numbering has 1 duplicate"]);
    expect(judge({ ...good, books: { ...good.books, pending: 1 } }).summary.ok).toBe(false);
    expect(judge({ ...good, runs: [], books: books([]) }).summary.ok).toBe(false);
  });

  it("sees runs whose accepted writes interleave", () => {
    const { summary } = judge({ ...good, runs: [run(10, 1, 5), run(20, 4, 6)] });
    expect(summary).toMatchObject({ ok: false, overlaps: 1 });
    expect(judge({ ...good, runs: [run(10, 1, 9), run(20, 4, 4)] }).summary.overlaps).toBe(1);
  });

  it("sees tokens that do not rise in the order of the work", () => {
    expect(judge({ ...good, runs: [run(20, 1, 2), run(10, 4, 5)] }).problems).toContain(
      "the tokens of the terms do not strictly rise",
    );
  });

  it("is not content when a planned fault was not brought about", () => {
    const faulty = makePlan({ ticks: 16, seed: 1, tickMs: 2_000, recoveryMs: 8_000 });
    const { problems } = judge({ ...good, plan: faulty });
    expect(problems).toHaveLength(4);
  });

  it("knows a takeover, and the token of a leader that was killed", () => {
    const killed = run(10, 1, 2, { struck: "kill", outcome: { kind: "crashed" } });
    const { summary, problems } = judge({ ...good, runs: [killed, run(20, 4, 5)] });
    expect(problems).toEqual([]);
    expect(summary).toMatchObject({ crashed: 1, takeovers: 1, tokens: [10, 20], led: 2 });
  });

  it("wants a leader that met the fence to say so", () => {
    const fenced = (code: string): Run =>
      run(10, 1, 2, {
        struck: "freeze",
        fenced: 1,
        outcome: { kind: "threw", error: { name: "LeaseError", message: "m", code } },
      });
    const told = (code: string) => judge({ ...good, runs: [fenced(code), run(20, 4, 5)] });
    expect(told("FENCED")).toMatchObject({ problems: [], summary: { frozen: 1, staleWritesRejected: 1 } });
    expect(told("LEASE_LOST").problems).toHaveLength(1);
  });

  it("names a run that failed of itself", () => {
    const outcome: Outcome = { kind: "threw", error: { name: "TypeError", message: "oops" } };
    const { problems } = judge({ ...good, runs: [...good.runs, run(30, 7, 7, { outcome })] });
    expect(problems.join()).toContain("TypeError: oops");
  });

  it("forgives a run that got no answer in time, and judges it by what was done in the end", () => {
    const error = { name: "LeaseError", message: "no answer within 1000 ms", code: "STORE_UNAVAILABLE" };
    const unanswered = run(30, 7, 7, { accepted: 0, outcome: { kind: "threw", error } });
    const runs = [...good.runs, unanswered];
    expect(judge({ ...good, runs }).problems).toEqual([]);
    const invoices = [...good.books.invoices, { id: "left", number: undefined }];
    const { problems } = judge({ ...good, runs, books: { ...good.books, invoices, pending: 1 } });
    expect(problems).toEqual(["1 of 5 invoices have no number"]);
  });
});
