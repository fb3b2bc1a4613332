import { describe, expect, it } from "vitest";
import { books, given } from "../local/numbered-invoices.ts";
import type { Report } from "./candidate/messages.ts";
import { faultless } from "./checks/group-histories.ts";
import type { History } from "./checks/history.ts";
import { NETWORK_FAULTS } from "../../local/harness/faults.ts";
import { judge, type Outcome } from "./judge.ts";
import { NO_GROUP_WRITES } from "./network/group-ledger.ts";
import { NO_WRITES } from "./network/ledger.ts";
import { Journal } from "./runner/journal.ts";
import { CLOCK_FAULTS, PROCESS_FAULTS } from "./runner/random-faults.ts";
import { GROUP_FAULTS } from "./runner/workforce-plan.ts";

const KINDS = [NETWORK_FAULTS, PROCESS_FAULTS, CLOCK_FAULTS].flatMap((kinds) => Object.keys(kinds));
const KINDS_TO_WORKERS = [...KINDS, ...Object.keys(GROUP_FAULTS)];

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

interface Without {
  /** A kind of fault that was never injected, and one that was never injected to workers. */
  readonly without?: string;
  readonly withoutToWorkers?: string;
}

/** A journal of faults of these kinds. */
function journalOf(kinds: readonly string[], without: string | undefined): Journal {
  const journal = new Journal();
  for (const kind of kinds) if (kind !== without) journal.faults.set(kind, 1);
  return journal;
}

function outcome({ without, withoutToWorkers, ...more }: Partial<Outcome> & Without = {}): Outcome {
  const journal = journalOf(KINDS, without);
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
    group: group({ withoutToWorkers }),
    elections: ["one", "two"].map((name) => ({
      name,
      history: HISTORY,
      writes: { ...NO_WRITES, leaseAccepted: 4 },
    })),
    ...more,
  };
}

function group({
  withoutToWorkers,
  ...more
}: Without & Parameters<typeof faultless>[0] = {}): Outcome["group"] {
  return {
    workers: 2,
    journal: journalOf(KINDS_TO_WORKERS, withoutToWorkers),
    record: { history: faultless(more), writes: { ...NO_GROUP_WRITES, entries: 4 } },
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

  it.each(KINDS_TO_WORKERS)("of a long run is bad when it never injected to workers: %s", (kind) => {
    expect(judge(outcome({ withoutToWorkers: kind }))).toMatchObject({
      ok: false,
      neverInjected: [`${kind}, to workers`],
    });
  });

  it("sums up what came of the workers", () => {
    expect(judge(outcome()).group).toMatchObject({
      workers: 2,
      shards: 1,
      shardTerms: 2,
      permitTerms: 2,
      permitsTogether: 1,
      sessions: 1,
      shares: { bob: 1 },
      requestsInCalm: 2.5,
      mostOfBudget: 0.5,
      writes: { entries: 4 },
    });
  });

  it("is bad after a violation of the group, and after a surprise among its workers", () => {
    const spent = [{ worker: "ann", time: "calm" as const, forMs: 1_000, requests: 9, budget: 8 }];
    const ofGroup = group({ spent });
    ofGroup.journal.hear("ann", { kind: "surprise", what: "TypeError" });
    expect(judge(outcome({ group: ofGroup }))).toMatchObject({
      ok: false,
      violations: [
        "requests stay within each worker's budget: ann sent 9 requests in 1.0 s of calm, its budget is 8",
        "nothing happens that nobody planned: ann: TypeError",
      ],
    });
  });

  it("of a short run only says what was never injected", () => {
    const summary = judge(outcome({ without: "split", tortureMs: 30_000 }));
    expect(summary).toMatchObject({ ok: true, neverInjected: ["split"] });
  });

  it("says that clock shifts were left out where they cannot be had, and claims none", () => {
    const less = { without: "clock step", withoutToWorkers: "clock drift", shiftsClocks: false };
    const summary = judge(outcome(less));
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

  it("tells the shards of one worker apart", () => {
    const journal = new Journal();
    for (const row of ["workers/lease#a", "workers/lease#b"])
      journal.hear("ann", { ...began("ann", 1), row } as Report);
    journal.hear("ann", { kind: "over", token: 1, row: "workers/lease#a" });
    expect([...journal.led]).toEqual(["workers/lease#b"]);
    expect(journal.surprises).toEqual([]);
    expect(journal.handedOut).toHaveLength(2);
    journal.forget("ann");
    expect(journal.led.size).toBe(0);
  });

  it("knows by which id a worker takes part, until it leaves or is killed, and which sessions were closed calmly", () => {
    const journal = new Journal();
    journal.hear("ann", { kind: "joined", id: "ann/1" });
    journal.hear("bob", { kind: "joined", id: "bob/1" });
    journal.hear("ann", { kind: "closed", id: "ann/1", calmly: false });
    journal.forget("bob");
    expect(journal.joined.size).toBe(0);
    journal.hear("ann", { kind: "closed", id: "ann/2", calmly: true });
    expect(journal.closed).toEqual(["ann/2"]);
  });

  it("is surprised by a term that is handed out twice", () => {
    const journal = new Journal();
    journal.hear("ann", began("ann", 1));
    journal.hear("ann", began("ann", 1));
    expect(journal.surprises).toEqual(["ann was handed term 1 twice"]);
  });
});
