import { describe, expect, it } from "vitest";
import { books, given } from "../local/numbered-invoices.ts";
import type { Report } from "./candidate/messages.ts";
import type { History } from "./checks/history.ts";
import { NETWORK_FAULTS } from "../../local/harness/faults.ts";
import { judge, type Outcome } from "./judge.ts";
import { NO_WRITES } from "./network/ledger.ts";
import { Journal } from "./runner/journal.ts";
import { CLOCK_FAULTS, PROCESS_FAULTS } from "./runner/random-faults.ts";

const KINDS = [NETWORK_FAULTS, PROCESS_FAULTS, CLOCK_FAULTS].flatMap((kinds) => Object.keys(kinds));

const HISTORY: History = {
  states: new Map(),
  writesUpon: new Map(),
  contradictions: [],
  reached: [],
  seen: [],
  handedOut: [],
  given: [],
  books: books([given(1, "a", 1)]),
};

function outcome({ without = "", ...more }: Partial<Outcome> & { readonly without?: string } = {}): Outcome {
  const journal = new Journal();
  for (const kind of KINDS) if (kind !== without) journal.faults.set(kind, 1);
  return {
    engine: "embedded",
    seed: 1,
    tortureMs: 600_000,
    recoveryMs: 0,
    candidates: 7,
    torturedUntil: 0,
    lateness: [],
    shiftsClocks: true,
    journal,
    elections: ["one", "two"].map((name) => ({
      name,
      history: HISTORY,
      writes: { ...NO_WRITES, leaseAccepted: 4 },
    })),
    ...more,
  };
}

describe("a judgement", () => {
  it("is good when nothing is wrong and every kind of fault was injected, and sums the elections up", () => {
    const summary = judge(outcome());
    expect(summary).toMatchObject({ ok: true, violations: [], neverInjected: [], leftOut: [], invoices: 2 });
    expect(summary.writes.leaseAccepted).toBe(8);
  });

  it.each(KINDS)("of a long run is bad when it never injected: %s", (without) => {
    expect(judge(outcome({ without }))).toMatchObject({ ok: false, neverInjected: [without] });
  });

  it("of a short run only says what was never injected", () => {
    const summary = judge(outcome({ without: "split", tortureMs: 30_000 }));
    expect(summary).toMatchObject({ ok: true, neverInjected: ["split"] });
  });

  it("says that clock shifts were left out where they cannot be had, and claims none", () => {
    const summary = judge(outcome({ without: "clock step", shiftsClocks: false }));
    expect(summary).toMatchObject({ ok: true, neverInjected: [], leftOut: Object.keys(CLOCK_FAULTS) });
  });

  it("is bad after a violation, after a late recovery, and after a surprise", () => {
    const history = { ...HISTORY, books: { ...HISTORY.books, pending: 1 } };
    const elections = [{ name: "one", history, writes: NO_WRITES }];
    expect(judge(outcome({ elections }))).toMatchObject({
      ok: false,
      violations: ["numbers 1 to N without gap or duplicate: one: 1 invoices wait for a number, 0 have none"],
    });
    expect(judge(outcome({ lateness: ["too late"] }))).toMatchObject({ ok: false, violations: ["too late"] });
    const { journal } = outcome();
    journal.hear("steady-1", { kind: "surprise", what: "TypeError" });
    expect(judge(outcome({ journal })).violations).toEqual([
      "nothing happens that nobody planned: steady-1: TypeError",
    ]);
  });
});

const began = (name: string, token: number): Report => ({
  kind: "began",
  holder: `${name}/1`,
  token,
  pid: 1,
  because: "vacant",
});

describe("the journal", () => {
  it("keeps who leads by what was told last", () => {
    const journal = new Journal();
    journal.hear("ann", began("ann", 1));
    journal.hear("bob", began("bob", 2));
    journal.hear("ann", { kind: "over", token: 1 });
    expect(journal.leaders).toEqual(["bob"]);
    journal.forget("bob");
    expect(journal.leaders).toEqual([]);
    expect(journal.handedOut.map(({ token, samples }) => [token, samples])).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });

  it("is surprised by a term that is handed out twice", () => {
    const journal = new Journal();
    journal.hear("ann", began("ann", 1));
    journal.hear("ann", began("ann", 1));
    expect(journal.surprises).toEqual(["ann was handed term 1 twice"]);
  });
});
