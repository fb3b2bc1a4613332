import { describe, expect, it } from "vitest";
import type { Happening, History } from "../../history.ts";
import { balance } from "./balance.ts";
import { groupRecovery, noOrphan } from "./leading.ts";
import { type At, began, held, messages, row, session, term, told, written } from "./told.ts";

/** Faults stop at 0. */
const historyOf = (...happenings: readonly At[]): History =>
  told([
    [0, { kind: "shards-are", shards: ["a", "b"] }],
    [0, { kind: "joined", process: "ann.1", host: "ann", wallErrorMs: 0 }],
    [0, { kind: "joined", process: "bob.1", host: "bob", wallErrorMs: 0 }],
    [0, { kind: "worker-joined", process: "ann.1", member: memberOf("ann") }],
    [0, { kind: "worker-joined", process: "bob.1", member: memberOf("bob") }],
    [0, { kind: "faults-stopped", left: [] }],
    ...happenings,
  ]);

const memberOf = (host: string) => ({ id: `${host}/${host}.1.1`, weight: 1, maxShards: Infinity });

describe("recovery after a graceful leave", () => {
  const leave = (...after: readonly At[]): History =>
    historyOf(
      [10, began(term("ann", "a", 10))],
      [10, began(term("bob", "b", 10))],
      [70_000, held(term("ann", "a", 10))],
      [70_000, { kind: "at-rest" }],
      [70_000, { kind: "worker-leaving", process: "ann.1", id: "ann/ann.1.1" }],
      ...after,
    );
  const left: Happening = { kind: "worker-left", process: "ann.1", id: "ann/ann.1.1" };

  it("counts a successor that begins before the one that leaves has learnt that it left", () => {
    const history = leave([70_020, began(term("bob", "a", 70_015))], [70_030, left], [80_000, left]);
    expect(groupRecovery(history)).toEqual([]);
  });

  it("allows one look more where another shard became free meanwhile, and both were dealt out anew", () => {
    const other: At = [71_000, written("release", "lease#c", row("ann", 11), { token: 11 })];
    const followed = (at: number, ...between: readonly At[]): History =>
      leave([70_030, left], ...between, [at, began(term("bob", "a", at))], [80_000, left]);
    expect(messages(groupRecovery(followed(73_000)))).toHaveLength(1);
    expect(groupRecovery(followed(73_000, other))).toEqual([]);
    expect(messages(groupRecovery(followed(74_000, other)))).toHaveLength(1);
  });

  it.each([
    ["nobody", []],
    ["who began too late", [[73_000, began(term("bob", "a", 73_000))]]],
  ] as const)("is missed where it is %s that follows", (_, after) => {
    const history = leave([70_030, left], ...after, [80_000, { kind: "at-rest" }]);
    expect(messages(groupRecovery(history))).toEqual([
      "g/a of ann/ann.1.1 (token 10) left gracefully, and nobody followed within a retry",
    ]);
  });
});

describe("a shard that is held without a handle", () => {
  const orphan = (...said: readonly At[]): History =>
    historyOf(
      [10, session("bob")],
      [20, written("claim", "lease#a", undefined, row("bob", 20))],
      [80_000, held(term("ann", "a", 10))],
      ...said,
    );

  it("is not one whose last holder has not heard yet that it was vacated by force", () => {
    expect(noOrphan(orphan([80_000, held(term("bob", "a", 20))]))).toEqual([]);
  });

  it("is told of, whatever the last holder says", () => {
    expect(messages(noOrphan(orphan()))).toEqual(["g/a is held for bob/bob.1.1, which does not know"]);
  });
});

describe("shares", () => {
  /** A process that is no worker gives shard `b` up, and ann takes it, though bob has none. */
  const taken = (givenUpAt: number, ...between: readonly At[]): History =>
    historyOf(
      [1, session("eve")],
      [2, written("claim", "lease#b", undefined, row("eve", 2))],
      ...between.filter(([at]) => at < givenUpAt),
      [givenUpAt, written("release", "lease#b", row("eve", 2), { token: 2 })],
      ...between.filter(([at]) => at > givenUpAt),
      [99_000, held(term("ann", "a", 10))],
      [99_000, held(term("ann", "b", 98_000))],
      [99_000, { kind: "at-rest" }],
    );
  const UNFAIR = [
    "ann/ann.1.1 leads 2 of 2 shards, and its share is 1.00",
    "bob/bob.1.1 leads 0 of 2 shards, and its share is 1.00",
  ];

  it("are not judged while not every worker can have seen what came to them", () => {
    expect(balance(taken(80_000))).toEqual([]);
    expect(balance(taken(80_000, [70_000, session("dan")], [90_000, session("eve", "renew")]))).toEqual([]);
  });

  it("are judged where all have looked since: a minute has passed, or somebody came", () => {
    expect(messages(balance(taken(20_000)))).toEqual(UNFAIR);
    expect(messages(balance(taken(80_000, [82_000, session("dan")])))).toEqual(UNFAIR);
  });

  it("count the last term of a shard, and no former holder that has not heard yet", () => {
    const both: readonly At[] = [
      [99_000, held(term("ann", "a", 10))],
      [99_000, held(term("ann", "b", 10))],
      [99_000, held(term("bob", "b", 20))],
      [99_000, { kind: "at-rest" }],
    ];
    expect(balance(historyOf(...both))).toEqual([]);
  });
});
