import { describe, expect, it } from "vitest";
import { type Identity, nextMove, type Situation } from "../../lib/core/next-move.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { epochMs } from "../../lib/core/units.ts";
import { TIMING } from "./timelines.ts";
import { readingsFrom } from "./timelines.ts";

const NOW = 100_000;
const ALL: readonly Identity[] = ["fresh", "lasting", "stable", "shared"];

/** A term of our own id that lasts. */
const own: LeaseRecord = {
  name: "jobs",
  holder: "me",
  token: 50_000,
  revision: 3,
  transitions: 1,
  writeId: "w-3",
  durationMs: 10_000,
  expiresAt: epochMs(NOW + 4_000),
};
const reserved: LeaseRecord = { ...own, holder: undefined, reservedFor: "bob" };

function move(record: LeaseRecord, more: Partial<Situation> & { servedAt?: number; monoMs?: number }) {
  const { servedAt = NOW, monoMs = 10, ...rest } = more;
  const at = readingsFrom(0, 0)(monoMs);
  const firstSeen = readingsFrom(0, 0)(0);
  const situation: Situation = {
    seen: { record, firstSeen, servedAt: epochMs(servedAt) },
    at,
    now: epochMs(NOW),
    tick: undefined,
    holder: "me",
    identity: "fresh",
    lastToken: 0,
    isOwnClaim: () => false,
    ...rest,
  };
  return nextMove(situation, TIMING);
}

const standBy = expect.objectContaining({ kind: "stand-by", reason: "held" });

describe("a term of our own id that we did not begin", () => {
  it("is resumed by a stable id alone", () => {
    expect(move(own, { identity: "stable" })).toEqual({ kind: "resume", seen: own, because: "own-term" });
    for (const identity of ["fresh", "lasting", "shared"] as const) {
      expect(move(own, { identity }), identity).toEqual(standBy);
    }
  });

  it("is not resumed once it is over by evidence: a new term begins", () => {
    for (const over of [{ servedAt: NOW + 6_000 }, { monoMs: 10_102 }]) {
      expect(move(own, { identity: "stable", ...over })).toMatchObject({ kind: "take-over" });
    }
  });

  it("is not resumed when an unanswered write of ours made it: nobody was told of that", () => {
    const isOwnClaim = (id: string): boolean => id === "w-3";
    expect(move(own, { identity: "stable", isOwnClaim })).toMatchObject({ because: "own-claim" });
  });

  it("is not resumed by another id", () => {
    expect(move({ ...own, holder: "me2" }, { identity: "stable" })).toEqual(standBy);
  });

  it("is not resumed for an occurrence that is done", () => {
    const done = { ...own, tick: "b" };
    expect(move(done, { identity: "stable", tick: "b" })).toMatchObject({ reason: "tick-done" });
  });
});

describe("a term that this candidate began and ended", () => {
  it("is taken again at once by an id that lasts, stable or not, as a new term", () => {
    for (const identity of ["lasting", "stable"] as const) {
      for (const lastToken of [50_000, 50_001]) {
        const again = move(own, { identity, lastToken });
        expect(again).toEqual({ kind: "take-over", seen: own, because: "own-term" });
      }
    }
  });

  it("is not taken at once by an id that others may lead under", () => {
    for (const identity of ["fresh", "shared"] as const) {
      expect(move(own, { identity, lastToken: 50_000 }), identity).toEqual(standBy);
    }
  });

  it("says nothing of a later term of the same id", () => {
    expect(move(own, { identity: "lasting", lastToken: 49_999 })).toEqual(standBy);
    expect(move(own, { identity: "stable", lastToken: 49_999 })).toMatchObject({ kind: "resume" });
  });
});

describe("a reservation", () => {
  it("is open to whom it names, and to nobody else while it lasts", () => {
    expect(move(reserved, { holder: "bob" })).toEqual({ kind: "claim" });
    for (const identity of ALL) {
      const refusal = { kind: "stand-by", reason: "reserved", retryAfterMs: 6_000 };
      expect(move(reserved, { identity }), identity).toEqual(refusal);
    }
  });

  it("for nobody is open to nobody, its last holder included", () => {
    const hold = { ...reserved, reservedFor: "" };
    for (const identity of ALL) {
      expect(move(hold, { identity, lastToken: 50_000 })).toMatchObject({ reason: "reserved" });
    }
  });

  it("that has lapsed by evidence is taken over, not claimed: the row has to be the one that was seen", () => {
    const served = move(reserved, { servedAt: NOW + 6_000 });
    expect(served).toEqual({ kind: "take-over", seen: reserved, because: "service-clock" });
    expect(move(reserved, { monoMs: 10_102 })).toMatchObject({ because: "observation" });
  });

  it("without an expiry lapses by being watched", () => {
    const untimed = { ...reserved, expiresAt: undefined };
    expect(move(untimed, { servedAt: 9e15 })).toMatchObject({ reason: "reserved", retryAfterMs: 10_091 });
    expect(move(untimed, { monoMs: 10_102 })).toMatchObject({ because: "observation" });
  });
});

describe("a lock-delay", () => {
  const delayed = { ...own, holder: "bob", reclaimDelayMs: 7_000 };

  it("keeps others from a dead leader's lease for as much longer, and says so", () => {
    expect(move(delayed, { servedAt: NOW + 6_000 })).toEqual(standBy);
    expect(move(delayed, {})).toMatchObject({ retryAfterMs: 13_000 });
    expect(move(delayed, { servedAt: NOW + 12_500 })).toMatchObject({ because: "service-clock" });
  });

  it("does not keep a shared id from its own last term", () => {
    const mine = { ...delayed, holder: "me" };
    const over = { servedAt: NOW + 6_000 };
    expect(move(mine, { ...over, identity: "shared" })).toMatchObject({ because: "service-clock" });
    expect(move(mine, { identity: "shared" })).toMatchObject({ kind: "stand-by", retryAfterMs: 6_000 });
    expect(move(mine, { ...over, identity: "fresh" })).toEqual(standBy);
  });

  it("lets a stable id resume its own term for as long as nobody else may take it", () => {
    const mine = { ...delayed, holder: "me" };
    expect(move(mine, { servedAt: NOW + 6_000, identity: "stable" })).toMatchObject({ kind: "resume" });
  });
});
