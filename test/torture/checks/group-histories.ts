import type { GroupHistory, JournalEntry, RowPast } from "./group-history.ts";
import type { HandedOut } from "./history.ts";
import { RowHistory, type RowState } from "./row-history.ts";

/** The rows of the faultless history. */
export const SHARD = "workers/lease#shard-01";
export const PERMIT = "permits/lease#permit-00001";
export const SESSION = "workers/session#ann";

/** A state of a row. */
export function state(
  revision: number,
  token: number,
  holder: string | undefined,
  more: Partial<RowState> = {},
): RowState {
  return {
    revision,
    token,
    holder,
    writeId: `write-${revision}`,
    tick: undefined,
    expiresAt: undefined,
    reservedFor: undefined,
    ...more,
  };
}

/** The past of a row that had these states one after another, at 100, 200, 300 … ms. */
export function past(...states: readonly RowState[]): RowPast {
  const row = new RowHistory();
  states.forEach((_, at) => row.wrote(states[at - 1], 100 * (at + 1)));
  row.saw(states.at(-1), 100 * states.length);
  const { writesUpon, contradictions, reached } = row;
  return { states: row.states, writesUpon, contradictions, reached, seen: states };
}

/** A term of a row, held from one instant to another. */
export function term(
  row: string,
  candidate: string,
  token: number,
  from: number,
  to: number,
  more: Partial<HandedOut> = {},
): HandedOut {
  const instantly = (at: number) => ({ before: at, after: at + 0.01 });
  const [first, last] = [instantly(from), instantly(to)];
  const who = { row, candidate, holder: candidate, token, pid: 1, because: "vacant" };
  return { ...who, first, last, samples: 2, ...more };
}

/** An entry of the shard's journal, and what storage said of it. */
export function entry(number: number, token: number, what: JournalEntry["what"], forwardedAt: number) {
  const holder = token === 10 ? "ann" : "bob";
  return {
    entry: { row: SHARD, number, token, what },
    given: { row: SHARD, number, token, holder, forwardedAt },
  };
}

/** Ann leads the shard with token 10 and releases it, Bob follows with token 20, both use the permit one after the other, and Ann's session is closed. */
export function faultless(more: Partial<GroupHistory> = {}): GroupHistory {
  const written = [
    entry(1, 10, "begin", 110),
    entry(2, 10, "end", 190),
    entry(3, 20, "begin", 310),
    entry(4, 20, "step", 350),
  ];
  return {
    permits: 1,
    rows: new Map([
      [SHARD, past(state(1, 10, "ann"), state(2, 10, undefined), state(3, 20, "bob"))],
      [PERMIT, past(state(1, 10, "ann"), state(2, 10, undefined), state(3, 20, "bob"))],
      [SESSION, past(state(1, 5, "ann"), state(2, 5, "ann"), state(3, 5, undefined))],
    ]),
    shardRows: [SHARD],
    permitRows: [PERMIT],
    handedOut: [
      term(SHARD, "ann", 10, 101, 190),
      term(SHARD, "bob", 20, 301, 390),
      term(PERMIT, "ann", 10, 101, 190),
      term(PERMIT, "bob", 20, 301, 390),
    ],
    given: written.map(({ given }) => given),
    entries: written.map((one) => one.entry),
    revoked: [],
    settled: {
      ledMs: 1_000,
      sharedMs: 2_000,
      ledWithinMs: 5_000,
      sharedWithinMs: 9_000,
      unled: [],
      counts: [{ worker: "bob", weight: 1, shards: 1 }],
    },
    spent: [{ worker: "ann", time: "calm", forMs: 4_000, requests: 10, budget: 20 }],
    closed: ["ann"],
    leftHeld: [],
    ...more,
  };
}
