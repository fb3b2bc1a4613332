import { expect, it } from "vitest";
import { parseTerm } from "../../lib/core/options.ts";
import { beginTerm, nextDue, step } from "../../lib/core/term-machine.ts";
import type { Facts, Step, TermEvent, TermRules } from "../../lib/core/term-state.ts";
import { parseTiming } from "../../lib/core/timing.ts";
import { epochMs, instant, nextReading, type Reading } from "../../lib/core/units.ts";

/** A shard that is held through a session that goes on, and may be held for 10 s at most. */
function limited(termLimitMs: number | undefined) {
  const timing = parseTiming({});
  const settings = parseTerm({ termLimitMs, drainMs: 60_000 }, { options: {}, timing, label: "ann" });
  const rules: TermRules = {
    name: "jobs",
    row: "lease#7",
    throughSession: true,
    holder: "ann",
    stable: false,
    priority: 0,
    minTermMs: 0,
    timing,
    settings: { ...settings, autoRenew: false },
  };
  const record = { name: "jobs", row: "lease#7", token: 7, revision: 1, writeId: "c", transitions: 1 };
  let last: Reading | undefined;
  const facts = (mono: number): Facts => {
    last = nextReading({ mono: instant(mono), wall: epochMs(1_000_000 + mono) }, last);
    return { at: last, writeId: "w", samples: [] };
  };
  const from = facts(0).at;
  const limit = { from, lengthMs: settings.termLimitMs };
  const held = { ...record, holder: "ann", durationMs: 0, sessionToken: 3 };
  let now: Step = beginTerm(
    rules,
    { record: held, validity: [limit], vouchers: [], limit, overOwn: false },
    facts(20),
  );
  return {
    begun: now,
    happen: (mono: number, event: TermEvent): Step => (now = step(rules, now.term, event, facts(mono))),
  };
}

const END = { reason: "expired", storeReachable: true, atLimit: true } as const;
const OVER = [
  { do: "abort", because: "over" },
  { do: "end", end: END },
  { do: "tell", event: "lost", details: { token: 7, end: END } },
  { do: "release" },
];

it("a shard ends at its limit, and its row is vacated, since its session goes on", () => {
  const { begun, happen } = limited(10_000);
  expect(nextDue(begun.term)).toBe(5_009);
  const before = happen(9_990, { on: "time" });
  expect(before.effects).toEqual([]);
  expect(nextDue(before.term)).toBeLessThanOrEqual(10_000);
  const { term, effects } = happen(10_000, { on: "time" });
  expect(term.lead).toEqual({ is: "over", end: END });
  expect(effects).toEqual(OVER);
  expect(nextDue(term)).toBeUndefined();
  const release = happen(10_010, { on: "release", done: false, unseen: false });
  expect(release.effects).toMatchObject([{ do: "send", write: { kind: "release", row: "lease#7" } }]);
});

it("it looks at the clocks when half of what is left has passed, since its session reads them each second", () => {
  const { begun, happen } = limited(900_000);
  let looks = 0;
  let { term } = begun;
  for (let due = nextDue(term); due !== undefined; due = nextDue(term)) {
    looks += 1;
    term = happen(due, { on: "time" }).term;
    expect(
      (nextDue(term) ?? Infinity) - due,
      "and no more often than each second but at the end",
    ).toBeGreaterThan(nextDue(term) === undefined || 900_000 - due < 2_000 ? 0 : 999);
  }
  expect(term.lead.is).toBe("over");
  expect(looks).toBe(11);
});

it.each<TermEvent>([
  { on: "look" },
  { on: "seen", record: undefined },
  { on: "session-over", end: { reason: "revoked" } },
  { on: "renew", order: { byTimer: false, value: { is: "here" } } },
])("it ends so whatever happens first after the limit: $on", (event) => {
  const { effects, term } = limited(10_000).happen(12_000, event);
  expect(effects.slice(0, OVER.length)).toEqual(OVER);
  expect(effects.slice(OVER.length).filter((effect) => effect.do === "send")).toEqual([]);
  expect(term.lead).toEqual({ is: "over", end: END });
});

it("it is vacated at its limit also while its work drains, and is waited for", () => {
  const { happen } = limited(10_000);
  happen(1_000, { on: "work" });
  happen(5_000, { on: "step-down", to: undefined, reserveForMs: 0, drainMs: 60_000 });
  expect(happen(10_000, { on: "time" }).effects).toEqual(OVER);
});

it("a release that comes with the limit is the one that vacates it, and what is left to the session is left", () => {
  const released = limited(10_000).happen(10_000, { on: "release", done: false, unseen: false });
  expect(released.effects.filter((effect) => effect.do === "send")).toHaveLength(1);
  expect(released.term.row.is).toBe("releasing");
  expect(limited(10_000).happen(10_000, { on: "leave" }).term.row).toEqual({ is: "left" });
});

it("without a limit it has no timer, and its end is its session's to say", () => {
  const { begun, happen } = limited(undefined);
  expect(nextDue(begun.term)).toBeUndefined();
  const end = { reason: "expired", storeReachable: false, atLimit: false } as const;
  const { term, effects } = happen(3_600_000, { on: "session-over", end });
  expect(term.lead).toEqual({ is: "over", end });
  expect(effects.map((effect) => effect.do)).toEqual(["abort", "end", "forget", "tell"]);
});
