import { describe, expect, it } from "vitest";
import { books, given } from "../../local/numbered-invoices.ts";
import { CHECKS } from "./all.ts";
import type { HandedOut, History } from "./history.ts";
import { checkOneLeader, heldTogetherMs, longestWithoutLeaderMs } from "./one-leader.ts";
import { checkRow } from "./row.ts";
import { type RowState, RowHistory } from "./row-history.ts";
import { checkStaleWrites } from "./stale-writes.ts";
import { successionsOf } from "./successions.ts";
import { checkTokens } from "./tokens.ts";

const state = (revision: number, token: number, holder: string | undefined, more = {}): RowState => ({
  revision,
  token,
  holder,
  writeId: `write-${revision}`,
  tick: undefined,
  expiresAt: undefined,
  reservedFor: undefined,
  ...more,
});
const instantly = (at: number) => ({ before: at, after: at + 0.01 });
const term = (candidate: string, token: number, from: number, to: number): HandedOut => ({
  candidate,
  holder: candidate,
  token,
  pid: 1,
  because: "vacant",
  first: instantly(from),
  last: instantly(to),
  samples: 2,
});
const assignment = (number: number, token: number) => given(number, `invoice-${number}`, token);

/** Ann leads with token 10 and releases, Bob follows with token 20; each numbers one invoice. */
function faultless(): History {
  const row = [state(1, 10, "ann"), state(2, 10, "ann"), state(3, 10, undefined), state(4, 20, "bob")];
  return {
    states: new Map(row.map((one) => [one.revision, one])),
    writesUpon: new Map([0, 1, 2, 3].map((revision) => [revision, 1])),
    contradictions: [],
    reached: [
      { at: -Infinity, revision: 0 },
      { at: 100, revision: 1 },
      { at: 200, revision: 3 },
      { at: 300, revision: 4 },
    ],
    seen: row.filter(({ revision }) => revision !== 2),
    handedOut: [term("ann", 10, 101, 190), term("bob", 20, 301, 390)],
    given: [
      { token: 10, holder: "ann", number: 1, forwardedAt: 150 },
      { token: 20, holder: "bob", number: 2, forwardedAt: 350 },
    ],
    books: books([assignment(1, 10), assignment(2, 20)]),
  };
}

describe("the checks", () => {
  it.each(CHECKS)("find nothing wrong with a faultless history: $claim", ({ check }) => {
    expect(check(faultless())).toEqual([]);
  });

  it("see what is wrong with the numbers", () => {
    const numbering = CHECKS[0]?.check({
      ...faultless(),
      books: books([given(1, "invoice-1", 10)], { pending: 1 }),
    });
    expect(numbering).toEqual(["1 invoices wait for a number, 0 have none"]);
  });

  it("see a token that does not rise", () => {
    const states = new Map(faultless().states).set(4, state(4, 10, "bob"));
    const handedOut = [term("ann", 10, 101, 190), term("bob", 10, 301, 390)];
    expect(checkTokens({ ...faultless(), states, handedOut })).toEqual([
      "token 10 of bob (revision 4) is not above token 10 of ann (revision 1)",
    ]);
  });

  it("do not mind a token that was corrected before anyone was told of it", () => {
    const states = new Map(faultless().states).set(4, state(4, 999, "bob")).set(5, state(5, 20, "bob"));
    expect(checkTokens({ ...faultless(), states })).toEqual([]);
  });

  it("see a term that the row never showed, and one that was handed out twice", () => {
    const eve = [term("eve", 15, 210, 220), term("bob", 20, 395, 396)];
    const wrong = checkTokens({ ...faultless(), handedOut: [...faultless().handedOut, ...eve] });
    expect(wrong).toContain("eve was handed term 15, which the row never showed");
    expect(wrong).toContain("term 20 of bob was handed out twice");
  });

  it("know a process that goes on with the term of an earlier one, and no other", () => {
    const resumed = { ...term("ann", 10, 192, 195), pid: 2, because: "own-term" };
    const checked = (more: Partial<HandedOut>): readonly string[] =>
      checkTokens({ ...faultless(), handedOut: [...faultless().handedOut, { ...resumed, ...more }] });
    expect(checked({})).toEqual([]);
    const twice = ["term 10 of ann was handed out twice"];
    expect(checked({ pid: 1 })).toEqual(twice);
    expect(checked({ because: "vacant" })).toEqual(twice);
    expect(checked({ candidate: "eve" })).toEqual(["term 10 of eve was handed out twice"]);
    const together = { ...resumed, first: instantly(150) };
    expect(checkOneLeader({ ...faultless(), handedOut: [term("ann", 10, 101, 190), together] })).toHaveLength(
      1,
    );
  });

  it("see somebody else's write within a term", () => {
    const states = new Map(faultless().states).set(2, state(2, 12, "eve"));
    const more = state(3, 10, "ann");
    expect(checkTokens({ ...faultless(), states: states.set(3, more) })).toEqual([
      "revision 2, within term 10, has token 12",
    ]);
  });

  it("see a row that forked, was written twice by one write, or lost a revision", () => {
    const writesUpon = new Map(faultless().writesUpon).set(1, 2);
    const states = new Map(faultless().states).set(4, state(4, 20, "bob", { writeId: "write-1" }));
    states.delete(2);
    const seen = [state(4, 20, "bob", { writeId: "write-1" })];
    expect(checkRow({ ...faultless(), states, writesUpon, seen })).toEqual([
      "upon revision 1 the engine accepted 2 writes",
      "revision 2 was never seen",
      "write write-1 was applied twice, at revisions 1 and 4",
    ]);
  });

  it("allow a claim to land twice whose token was corrected down", () => {
    const row = [state(1, 90, "ann"), state(2, 10, "ann"), state(3, 10, undefined)];
    const again = state(4, 90, "ann", { writeId: "write-1" });
    const states = new Map([...row, again].map((one) => [one.revision, one]));
    expect(checkRow({ ...faultless(), states, seen: [again] })).toEqual([]);
  });

  it("see a row that goes back, differs past the proxy, or loses its tick", () => {
    const states = new Map(faultless().states);
    states.set(1, state(1, 10, "ann", { tick: "b" })).set(2, state(2, 10, "ann", { tick: "a" }));
    const seen = [state(3, 10, undefined), state(2, 10, "ann", { writeId: "other" })];
    expect(checkRow({ ...faultless(), states, seen })).toEqual([
      "the tick fell from b to a at revision 2",
      "the tick fell from a to undefined at revision 3",
      "the row went back from revision 3 to 2",
      "revision 2 looks different past the proxy",
    ]);
  });

  it("see a write of a term that was over when it was sent on", () => {
    const late = [{ token: 10, holder: "ann", number: 1, forwardedAt: 201 }];
    expect(checkStaleWrites({ ...faultless(), given: late })).toEqual([
      "number 1 was accepted from term 10, over since revision 3, when the row had reached revision 3",
    ]);
    const inTime = [{ token: 10, holder: "ann", number: 1, forwardedAt: 200 }];
    expect(checkStaleWrites({ ...faultless(), given: inTime })).toEqual([]);
  });

  it("see an older term number after a younger one", () => {
    const swapped = books([assignment(1, 20), assignment(2, 10)]);
    expect(checkStaleWrites({ ...faultless(), books: swapped })).toEqual([
      "number 2 has token 10, number 1 before it 20",
    ]);
  });
});

describe("the check of leaders", () => {
  const ann = term("ann", 10, 100, 200);

  it.each([
    ["overlap", term("bob", 20, 190, 300), "9.99"],
    ["lie within each other", term("bob", 20, 150, 160), "9.99"],
  ])("sees two terms that %s", (_, bob, ms) => {
    const [wrong] = checkOneLeader({ ...faultless(), handedOut: [bob, ann] });
    expect(wrong).toContain(`both led for ${Number(ms).toFixed(1)} ms or more`);
  });

  it("sees a term that said yes once, within another", () => {
    const once = { ...term("bob", 20, 150, 150), samples: 1 };
    expect(heldTogetherMs(ann, once)).toBe(0);
    expect(heldTogetherMs(once, ann)).toBe(0);
  });

  it("does not accuse where an answer took too long to prove anything", () => {
    const frozen = { ...ann, last: { before: 120, after: 5_000 } };
    expect(heldTogetherMs(frozen, term("bob", 20, 130, 300))).toBeUndefined();
    expect(heldTogetherMs(ann, term("bob", 20, 200.5, 300))).toBeUndefined();
  });

  it("measures the longest time without a leader, to the end", () => {
    const terms = [ann, term("bob", 20, 150, 160), term("cid", 30, 250, 300)];
    expect(longestWithoutLeaderMs(terms, 310)).toBeCloseTo(49.99);
    expect(longestWithoutLeaderMs(terms, 400)).toBeCloseTo(99.99);
    expect(longestWithoutLeaderMs([], 400)).toBe(0);
  });
});

describe("successions", () => {
  const keptFor = (reservedFor: string, more: Partial<HandedOut> = {}) =>
    successionsOf({
      states: new Map(faultless().states).set(3, state(3, 10, undefined, { reservedFor })),
      handedOut: [term("ann", 10, 101, 190), { ...term("bob", 20, 301, 390), ...more }],
    });

  it("tell a lease that was kept for its next leader from one that others took when the time was up", () => {
    expect(keptFor("bob")).toEqual({ byHandover: 1, byAffinity: 0, resumed: 0 });
    expect(keptFor("@east")).toEqual({ byHandover: 0, byAffinity: 1, resumed: 0 });
    const none = { byHandover: 0, byAffinity: 0, resumed: 0 };
    expect(keptFor("@east", { because: "observation" })).toEqual(none);
    expect(successionsOf(faultless())).toEqual(none);
  });

  it("see through a corrected claim, and count a term that a new process goes on with", () => {
    const row = [state(1, 10, undefined, { reservedFor: "bob" }), state(2, 999, "bob"), state(3, 20, "bob")];
    const states = new Map(row.map((one) => [one.revision, one]));
    const handedOut = [term("bob", 20, 1, 2), { ...term("bob", 20, 3, 4), because: "own-term", pid: 2 }];
    expect(successionsOf({ states, handedOut })).toEqual({ byHandover: 1, byAffinity: 0, resumed: 1 });
  });
});

describe("the row's history", () => {
  it("is pieced together from answers in any order", () => {
    const row = new RowHistory();
    row.wrote(state(2, 10, "ann"), 30);
    row.wrote(undefined, 40);
    row.wrote(state(1, 10, "ann"), 50);
    row.saw(state(3, 10, undefined), 60);
    expect(new Set(row.states.keys())).toEqual(new Set([1, 2, 3]));
    expect([...row.writesUpon]).toEqual([
      [2, 1],
      [0, 1],
      [1, 1],
    ]);
    expect(row.reached.slice(1)).toEqual([
      { at: 30, revision: 2 },
      { at: 30, revision: 3 },
    ]);
  });

  it("notes a revision that was shown in two states", () => {
    const row = new RowHistory();
    row.saw(state(1, 10, "ann"), 1);
    row.saw(state(1, 11, "bob", { writeId: "other" }), 2);
    expect(row.contradictions).toHaveLength(1);
  });
});
