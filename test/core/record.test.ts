import { describe, expect, it } from "vitest";
import { judgeRefusal } from "../../lib/core/outcome.ts";
import { type LeaseRecord, type LeaseState, stateOf } from "../../lib/core/record.ts";
import { describeEnd, type LeaseEnd } from "../../lib/core/term.ts";
import { epochMs } from "../../lib/core/units.ts";

const record: LeaseRecord = {
  name: "jobs",
  holder: "ann",
  token: 7,
  revision: 3,
  transitions: 2,
  writeId: "w-3",
  durationMs: 10_000,
  expiresAt: epochMs(9),
  acquiredAt: epochMs(5),
  renewedAt: epochMs(6),
  value: { url: "x" },
  tick: "t",
  ttl: 99,
};

describe("what everybody may know of a lease", () => {
  it("is its record without what only the protocol needs", () => {
    expect(stateOf("jobs", record, false)).toEqual({
      name: "jobs",
      kind: "held",
      holder: "ann",
      token: 7,
      revision: 3,
      transitions: 2,
      expiresAt: 9,
      acquiredAt: 5,
      renewedAt: 6,
      value: { url: "x" },
      tick: "t",
      priority: 0,
      requestedBy: undefined,
      reservedFor: undefined,
      lockDelayMs: 0,
    });
  });

  it("says vacant, held or expired", () => {
    expect(stateOf("jobs", record, true).kind).toBe("expired");
    expect(stateOf("jobs", { ...record, holder: undefined }, false).kind).toBe("vacant");
    expect(stateOf("jobs", { ...record, holder: undefined }, true).kind, "nobody's term can expire").toBe(
      "vacant",
    );
    expect(stateOf("jobs", undefined, false)).toMatchObject({
      kind: "vacant",
      token: 0,
      revision: 0,
      transitions: 0,
    });
  });
});

describe("a refusal", () => {
  const write = {
    kind: "claim",
    name: "jobs",
    writeId: "w-3",
    expects: {},
    set: {},
    clear: [],
    beginsTerm: true,
  } as const;

  it("by a record of the same write is that write's own success", () => {
    expect(judgeRefusal(write, record, epochMs(1))).toEqual({
      kind: "written",
      record,
      tokenBefore: undefined,
      servedAt: 1,
    });
  });

  it("by any other record, or none, is a refusal with that record", () => {
    const other = { ...record, writeId: "w-4" };
    expect(judgeRefusal(write, other, undefined)).toEqual({
      kind: "refused",
      current: other,
      servedAt: undefined,
    });
    expect(judgeRefusal(write, undefined, epochMs(1))).toMatchObject({ kind: "refused", current: undefined });
  });
});

describe("the end of a term", () => {
  const ends: readonly (readonly [LeaseEnd, RegExp])[] = [
    [{ reason: "released" }, /released/],
    [{ reason: "stepped-down" }, /stepped.down/],
    [{ reason: "revoked" }, /somebody else/],
    [{ reason: "superseded", by: "bob/2", token: 12 }, /bob\/2.*12/],
    [{ reason: "superseded", by: undefined, token: 12 }, /another candidate.*12/],
    [{ reason: "expired", storeReachable: true, atLimit: false }, /expired.*reachable/],
    [{ reason: "expired", storeReachable: false, atLimit: false }, /expired.*(could not|out of reach)/],
    [{ reason: "expired", storeReachable: true, atLimit: true }, /termLimitMs/],
  ];

  it.each(ends)("is told apart from every other in words: %j", (end, words) => {
    expect(describeEnd(end)).toMatch(words);
    const same = ends.filter(([other]) => describeEnd(other) === describeEnd(end));
    expect(same).toHaveLength(1);
  });
});

it("says who holds it where its kind says that somebody does: the compiler sees that", () => {
  const held = stateOf("a", { ...({} as LeaseRecord), name: "a", holder: "ann" }, false);
  const nameOf = ({ kind, holder }: LeaseState): string => (kind === "vacant" ? "nobody" : holder);
  const leaderOf = (state: LeaseState): string => (state.kind === "held" ? state.holder : "nobody");
  expect([nameOf(held), leaderOf(held)]).toEqual(["ann", "ann"]);
  expect(nameOf(stateOf("a", undefined, false))).toBe("nobody");
});
