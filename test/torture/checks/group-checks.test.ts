import { describe, expect, it } from "vitest";
import { GROUP_CHECKS } from "./group-all.ts";
import { entry, faultless, past, PERMIT, SESSION, SHARD, state, term } from "./group-histories.ts";
import type { GroupHistory, RowPast } from "./group-history.ts";
import { checkJournals } from "./journals.ts";
import { checkBudget, checkClosed, checkLed, checkShared } from "./settled.ts";
import { checkOneLeaderEach, checkPermits } from "./shard-leaders.ts";
import { checkRowsOfGroup, checkStaleEntries, checkTokensOfShards } from "./shard-rows.ts";

const withRow = (row: string, of: RowPast): GroupHistory => {
  const history = faultless();
  return { ...history, rows: new Map(history.rows).set(row, of) };
};
const withTerms = (...terms: GroupHistory["handedOut"]): GroupHistory =>
  faultless({ handedOut: [...faultless().handedOut, ...terms] });

describe("the checks of a group", () => {
  it.each(GROUP_CHECKS)("find nothing wrong with a faultless history: $claim", ({ check }) => {
    expect(check(faultless())).toEqual([]);
  });

  it("see that two writes were accepted upon one state, of a shard's row and of a session's", () => {
    const twice = (row: string): GroupHistory => {
      const of = faultless().rows.get(row) as RowPast;
      return withRow(row, { ...of, writesUpon: new Map(of.writesUpon).set(1, 2) });
    };
    for (const row of [SHARD, SESSION])
      expect(checkRowsOfGroup(twice(row))).toEqual([`${row}: upon revision 1 the engine accepted 2 writes`]);
  });

  it("see a shard's token that does not rise, though another shard's may be any", () => {
    const row = past(state(1, 10, "ann"), state(2, 10, undefined), state(3, 9, "bob"));
    const handedOut = [term(SHARD, "ann", 10, 101, 190), term(SHARD, "bob", 9, 301, 390)];
    expect(checkTokensOfShards({ ...withRow(SHARD, row), handedOut })).toEqual([
      `${SHARD}: token 9 of bob (revision 3) is not above token 10 of ann (revision 1)`,
    ]);
  });

  it("see a term that was handed out twice, one that the row never showed, and one of no shard", () => {
    expect(checkTokensOfShards(withTerms(term(SHARD, "bob", 20, 395, 396)))).toEqual([
      `${SHARD}: term 20 of bob was handed out twice`,
    ]);
    expect(checkTokensOfShards(withTerms(term(PERMIT, "eve", 15, 210, 220)))).toEqual([
      `${PERMIT}: eve was handed term 15, which the row never showed`,
    ]);
    expect(checkTokensOfShards(withTerms(term("permits/lease#permit-00002", "eve", 15, 210, 220)))).toEqual([
      "a term of permits/lease#permit-00002 was handed out, which is none of the shards",
    ]);
  });

  it("see an entry of a term that was over when it was sent on", () => {
    const late = entry(2, 10, "end", 201);
    const given = faultless().given.map((one) => (one.number === 2 ? late.given : one));
    expect(checkStaleEntries(faultless({ given }))).toEqual([
      `${SHARD}: number 2 was accepted from term 10, over since revision 2, when the row had reached revision 2`,
    ]);
  });

  it("see an entry of an older term behind one of a younger", () => {
    const entries = [...faultless().entries, entry(5, 10, "step", 0).entry];
    expect(checkStaleEntries(faultless({ entries }))).toEqual([
      `${SHARD}: number 5 has token 10, number 4 before it 20`,
    ]);
  });

  it("see a journal with a gap, an entry too few, and one too many", () => {
    const { entries, given } = faultless();
    expect(checkJournals(faultless({ entries: [], given: [] }))).toEqual([
      `${SHARD}: its journal is empty, so nothing was shown`,
    ]);
    expect(checkJournals(faultless({ entries: entries.filter(({ number }) => number !== 3) }))).toContain(
      `${SHARD}: entry 3 is missing`,
    );
    expect(checkJournals(faultless({ entries: entries.slice(0, 3) }))).toEqual([
      `${SHARD}: entry 4 of term 20 was accepted and is not in the journal`,
    ]);
    expect(checkJournals(faultless({ given: given.slice(0, 3) }))).toEqual([
      `${SHARD}: entry 4 of term 20 is in the journal, and nobody saw it accepted`,
    ]);
  });

  it("see work that begins in its middle, and work that goes on after its end", () => {
    const changed = (number: number, what: "begin" | "end") =>
      faultless({
        entries: faultless().entries.map((one) => Object.assign(one, one.number === number ? { what } : {})),
      });
    expect(checkJournals(changed(4, "begin"))).toEqual([`${SHARD}: term 20 begins in its middle`]);
    expect(checkJournals(changed(3, "end"))).toEqual([`${SHARD}: term 20 goes on after its end`]);
  });
});

describe("the checks of a shard's leaders", () => {
  const eve = term(SHARD, "eve", 15, 150, 250);

  it("see two who lead one shard, and none who lead two", () => {
    const [wrong, ...more] = checkOneLeaderEach(withTerms(eve));
    expect(wrong).toBe(`${SHARD}: ann (token 10) and eve (token 15) both led for 40.0 ms or more`);
    expect(more).toEqual([]);
    expect(checkOneLeaderEach(withTerms({ ...eve, row: "workers/lease#shard-02" }))).toEqual([]);
  });

  const revokedAt = (at: number, more: object = {}) => ({
    ...withTerms(eve),
    revoked: [{ row: SHARD, holder: "ann", token: 10, at, ...more }],
  });

  it("excuse a holder that was vacated by force before its successor began, and no other", () => {
    expect(checkOneLeaderEach(revokedAt(140))).toEqual([]);
    expect(checkOneLeaderEach(revokedAt(160))).toHaveLength(1);
    expect(checkOneLeaderEach(revokedAt(140, { row: PERMIT }))).toHaveLength(1);
    expect(checkOneLeaderEach(revokedAt(140, { holder: "eve", token: 15 }))).toHaveLength(1);
  });

  it("see a holder that was vacated by force and had to have looked since", () => {
    const handedOut = [term(SHARD, "ann", 10, 101, 80_000)];
    const revoked = [{ row: SHARD, holder: "ann", token: 10, at: 4_000 }];
    expect(checkOneLeaderEach(faultless({ handedOut, revoked }))).toEqual([
      `${SHARD}: ann (token 10) led for 1000 ms longer than a forced release allows`,
    ]);
  });

  it("see one permit too many, whatever it is called", () => {
    const second = "permits/lease#permit-00002";
    const both = withTerms(term(second, "eve", 15, 150, 180));
    expect(checkPermits(both)).toEqual(["2 held a permit at one instant, of which there are 1"]);
    expect(checkPermits({ ...both, permits: 2 })).toEqual([]);
  });

  it("do not take a permit for held by two that goes from hand to hand", () => {
    const handedOut = [term(PERMIT, "ann", 10, 100, 200), term(PERMIT, "bob", 20, 199.99, 300)];
    const [ann, bob] = handedOut as [(typeof handedOut)[0], (typeof handedOut)[0]];
    expect(
      checkPermits(faultless({ handedOut: [ann, { ...bob, first: { before: 190, after: 200 } }] })),
    ).toEqual([]);
  });
});

describe("the checks of what is left", () => {
  const settled = (more: Partial<GroupHistory["settled"]>) =>
    faultless({ settled: { ...faultless().settled, ...more } });

  it("see a shard that nobody leads, and one that was led too late", () => {
    expect(checkLed(settled({ ledMs: undefined, unled: ["shard-01"] }))).toEqual([
      "after 5.0 s nobody led shard-01; 5.0 s are enough",
    ]);
    expect(checkLed(settled({ ledMs: 5_001 }))).toEqual([
      "after 5.0 s nobody led some shard; 5.0 s are enough",
    ]);
  });

  it("see shares that are off by one or more, by weight, and shares that came too late", () => {
    const counts = (ann: number, bob: number) =>
      settled({
        counts: [
          { worker: "ann", weight: 2, shards: ann },
          { worker: "bob", weight: 1, shards: bob },
        ],
      });
    expect(checkShared(counts(16, 8))).toEqual([]);
    expect(checkShared(counts(17, 8))).toEqual([]);
    expect(checkShared(counts(17, 7))).toEqual([
      "ann of weight 2 leads 17 of 24 shards, its share is 16.00",
      "bob of weight 1 leads 7 of 24 shards, its share is 8.00",
    ]);
    expect(checkShared(settled({ sharedMs: undefined }))).toEqual(["shards were not shared within 9.0 s"]);
    expect(checkShared(settled({ sharedMs: 9_001 }))).toEqual(["shards were not shared within 9.0 s"]);
  });

  it("see a session that was closed and is held, and one that holds a shard", () => {
    const left = (row: string, token: number) => [{ ...state(3, token, row), row }];
    expect(checkClosed(faultless({ leftHeld: left(SESSION, 5) }))).toEqual([
      `${SESSION} was closed, and is held with token 5`,
    ]);
    const bob = "workers/session#bob";
    const rests = withRow(SHARD, past(state(1, 20, "bob", { sessionToken: 7 })));
    expect(checkClosed({ ...rests, leftHeld: left(bob, 7) })).toEqual([`${bob} is held, and holds ${SHARD}`]);
    expect(checkClosed({ ...rests, leftHeld: left(bob, 8) })).toEqual([]);
  });

  it("see a worker that asks too much", () => {
    const spent = [{ worker: "ann", time: "calm" as const, forMs: 4_000, requests: 21, budget: 20 }];
    expect(checkBudget(faultless({ spent }))).toEqual([
      "ann sent 21 requests in 4.0 s of calm, its budget is 20",
    ]);
  });
});
