import { expect, it } from "vitest";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { epochMs } from "../../lib/core/units.ts";
import type { Expectation, LeaseWrite } from "../../lib/core/lease-write.ts";
import { abandon, claim, correct, release, renew, takeOver } from "../../lib/core/writes.ts";
import type { MakeWorld } from "./contract.ts";
import { claimedRecord, firstClaim, literal, NOW, refused, written } from "./literals.ts";

/** Each condition alone, on a record that is asked for (by bob, with 5) and reserved (for bob) as well. */
const ASKED_AND_RESERVED: readonly (readonly [string, Expectation, boolean])[] = [
  ["that it is open to whom it is reserved for", { openTo: ["bob"] }, true],
  ["that it is open to another", { openTo: ["ann"] }, false],
  ["that it is open to one of two, of whom it is reserved for the second", { openTo: ["ann", "bob"] }, true],
  ["that it is open to two others", { openTo: ["ann", "@bob"] }, false],
  ["that nobody asked more strongly", { requestedBelow: 6 }, true],
  ["that nobody asked as strongly", { requestedBelow: 5 }, false],
  ["that nobody asked less strongly", { requestedBelow: 4 }, false],
];

/** Each condition alone, on a record of token 1000, revision 1, held by ann, tick "b". */
const CONDITIONS: readonly (readonly [string, Expectation, boolean])[] = [
  ["a vacancy where there is a holder", { vacant: true }, false],
  ["a lower token than it has", { tokenBelow: 1_000 }, false],
  ["a token below one above it", { tokenBelow: 1_001 }, true],
  ["an earlier tick than it has", { tickBelow: "b" }, false],
  ["a tick before a later one", { tickBelow: "c" }, true],
  ["the tick that it has", { tick: "b" }, true],
  ["another tick", { tick: "a" }, false],
  ["its revision", { revision: 1 }, true],
  ["another revision", { revision: 2 }, false],
  ["its token", { token: 1_000 }, true],
  ["another token", { token: 999 }, false],
  ["its holder", { holder: "ann" }, true],
  ["another holder", { holder: "bob" }, false],
  ["the write that made it", { writeId: "w-claim" }, true],
  ["another write", { writeId: "w-else" }, false],
  ["that it is open to somebody, where it is not reserved", { openTo: ["bob"] }, true],
  ["that nobody asked yet", { requestedBelow: 1 }, true],
  ["two things that hold", { revision: 1, token: 1_000 }, true],
  ["two things of which one does not", { revision: 1, token: 7 }, false],
];

const ON_NOTHING: readonly (readonly [string, Expectation, boolean])[] = [
  ["a vacancy", { vacant: true }, true],
  ["a token below one", { tokenBelow: 1 }, true],
  ["a tick before one", { tickBelow: "a" }, true],
  ["that it is open to somebody", { openTo: ["bob"] }, true],
  ["that nobody asked yet", { requestedBelow: 1 }, true],
  ["a revision, even 0", { revision: 0 }, false],
  ["a token, even 0", { token: 0 }, false],
  ["a holder", { holder: "ann" }, false],
  ["a tick", { tick: "b" }, false],
  ["a write", { writeId: "w-claim" }, false],
];

/** Orders of ticks: the earlier and the later, as strings. */
const TICKS: readonly (readonly [string, string])[] = [
  ["2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"],
  ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00Z"],
  ["2026-01-01T10:00:00Z", "2026-01-01T9:00:00Z"],
  ["10", "9"],
  ["A", "a"],
  ["a", "aa"],
];

/** Each kind of write as the protocol makes it, and the record that it is meant for. */
function eachKind(
  name: string,
): readonly (readonly [LeaseWrite["kind"], LeaseWrite, LeaseRecord | undefined])[] {
  const held: LeaseRecord = {
    name,
    holder: "ann",
    token: 1_000,
    revision: 7,
    transitions: 3,
    writeId: "w-claim",
    durationMs: 2_000,
    expiresAt: epochMs(3_000),
    tick: "b",
  };
  const request = { name, holder: "bob", writeId: "w-new", now: NOW, durationMs: 2_000, timed: true };
  const term = { ...request, retentionMs: 86_400_000, tick: "c", claimsTick: true };
  const renewal = { ...term, value: { is: "here" } };
  const { holder: _, expiresAt: __, ...vacant } = held;
  return [
    ["claim", claim(term), undefined],
    ["claim", claim(term), vacant],
    ["take-over", takeOver(term, held), held],
    ["renew", renew(held, renewal), held],
    ["correct", correct(held, renewal, 900), held],
    [
      "release",
      release({ name, holder: "ann", token: 1_000 }, { writeId: "w-new", ttl: 9, tick: "c" }),
      held,
    ],
    ["abandon", abandon(name, "w-claim", "w-new"), held],
  ];
}

/** What a store demands before it writes. */
export function writeClaims(world: MakeWorld): void {
  it.for(CONDITIONS)("expecting %s of a record, decides alone: %j %j", async ([, expects, accepted]) => {
    await using here = world();
    const name = here.name("condition");
    const first = firstClaim(name);
    await written(here.store, { ...first, set: { ...first.set, tick: "b" } });
    const outcome = await here.store.write(literal(name, "w-2", { expects }), {
      signal: new AbortController().signal,
    });
    expect(outcome.kind).toBe(accepted ? "written" : "refused");
    expect((await here.row(name))?.["revision"]).toBe(accepted ? 2 : 1);
  });

  it.for(ASKED_AND_RESERVED)("expecting %s, decides alone: %j %j", async ([, expects, accepted]) => {
    await using here = world();
    const name = here.name("reserved");
    const first = firstClaim(name);
    const set = { ...first.set, requestedBy: "bob", requestedPriority: 5, reservedFor: "bob" };
    await written(here.store, { ...first, set });
    const outcome = await here.store.write(literal(name, "w-2", { expects }), {
      signal: new AbortController().signal,
    });
    expect(outcome.kind).toBe(accepted ? "written" : "refused");
  });

  it.for(ON_NOTHING)("expecting %s where there is no record, decides alone: %j %j", async (condition) => {
    await using here = world();
    const [, expects, accepted] = condition;
    const name = here.name("absent");
    const write = literal(name, "w-1", { expects, set: { token: 1, durationMs: 5 } });
    const outcome = await here.store.write(write, { signal: new AbortController().signal });
    expect(outcome.kind).toBe(accepted ? "written" : "refused");
    expect((await here.row(name))?.["revision"]).toBe(accepted ? 1 : undefined);
  });

  it.for(TICKS)("puts tick %j before tick %j", async ([earlier, later]) => {
    await using here = world();
    const name = here.name("tick");
    const first = firstClaim(name);
    await written(here.store, { ...first, set: { ...first.set, tick: earlier } });
    await refused(here.store, literal(name, "w-2", { expects: { tickBelow: earlier } }));
    await written(here.store, literal(name, "w-3", { expects: { tickBelow: later }, set: { tick: later } }));
    await refused(here.store, literal(name, "w-4", { expects: { tickBelow: earlier } }));
    expect((await here.row(name))?.["tick"]).toBe(later);
  });

  it("applies no kind of write twice: its own repetition is recognised, a later one refused", async () => {
    await using here = world();
    for (const [at, [kind]] of eachKind("count").entries()) {
      const name = here.name(kind);
      const [, write, before] = eachKind(name)[at] ?? [];
      if (write === undefined) throw new Error("unreachable");
      if (before !== undefined) await here.put({ ...before });
      await written(here.store, write);
      const once = await here.row(name);
      const again = await written(here.store, write);
      expect(again.tokenBefore, kind).toBeUndefined();
      expect(await here.row(name), kind).toEqual(once);

      await written(here.store, literal(name, "w-somebody", { expects: { writeId: "w-new" } }));
      const later = await here.row(name);
      await refused(here.store, write);
      expect(await here.row(name), kind).toEqual(later);
    }
  });

  it("vacates by removing the holder, and keeps the token and what else the write does not name", async () => {
    await using here = world();
    const name = here.name("vacate");
    await written(here.store, firstClaim(name));
    const write = literal(name, "w-2", {
      kind: "release",
      expects: { holder: "ann", token: 1_000 },
      set: { ttl: 123, tick: "t" },
      clear: ["holder", "expiresAt", "value"],
    });
    const { record } = await written(here.store, write);
    expect(record.holder).toBeUndefined();
    const { holder: _, expiresAt: __, ...kept } = claimedRecord(name);
    expect(await here.row(name)).toEqual({ ...kept, revision: 2, writeId: "w-2", ttl: 123, tick: "t" });
  });

  it("counts a transition for each write that begins a term and for no other", async () => {
    await using here = world();
    const name = here.name("transitions");
    await written(here.store, firstClaim(name));
    await written(here.store, literal(name, "w-2", { expects: { revision: 1 } }));
    expect((await here.row(name))?.["transitions"]).toBe(1);
    await written(here.store, literal(name, "w-3", { expects: { revision: 2 }, beginsTerm: true }));
    expect((await here.row(name))?.["transitions"]).toBe(2);
  });
}
