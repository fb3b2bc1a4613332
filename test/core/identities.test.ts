import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextMove, type Situation } from "../../lib/core/next-move.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { epochMs } from "../../lib/core/units.ts";
import { TIMING } from "./timelines.ts";
import { readingsFrom } from "./timelines.ts";

const NOW = 100_000;

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
    affinity: undefined,
    stable: false,
    lastToken: 0,
    isOwnClaim: () => false,
    ...rest,
  };
  return nextMove(situation, TIMING);
}

const standBy = expect.objectContaining({ kind: "stand-by", reason: "held" });

describe("a term of our own id that we did not begin", () => {
  it("is resumed by a stable id alone", () => {
    expect(move(own, { stable: true })).toEqual({ kind: "resume", seen: own, because: "own-term" });
    expect(move(own, {})).toEqual(standBy);
  });

  it("is not resumed once it is over by evidence: a new term begins", () => {
    for (const over of [{ servedAt: NOW + 6_000 }, { monoMs: 10_102 }]) {
      expect(move(own, { stable: true, ...over })).toMatchObject({ kind: "take-over" });
    }
  });

  it("is not resumed when an unanswered write of ours made it: nobody was told of that", () => {
    const isOwnClaim = (id: string): boolean => id === "w-3";
    expect(move(own, { stable: true, isOwnClaim })).toMatchObject({ because: "own-claim" });
  });

  it("is not resumed by another id", () => {
    expect(move({ ...own, holder: "me2" }, { stable: true })).toEqual(standBy);
  });

  it("is not resumed for an occurrence that is done", () => {
    const done = { ...own, tick: "b" };
    expect(move(done, { stable: true, tick: "b" })).toMatchObject({ reason: "tick-done" });
  });
});

describe("a term that this candidate began and ended", () => {
  it("is taken again at once, its id stable or not, as a new term", () => {
    for (const stable of [false, true]) {
      for (const lastToken of [50_000, 50_001]) {
        const again = move(own, { stable, lastToken });
        expect(again).toEqual({ kind: "take-over", seen: own, because: "own-term" });
      }
    }
  });

  it("says nothing of a later term of the same id", () => {
    expect(move(own, { lastToken: 49_999 })).toEqual(standBy);
    expect(move(own, { stable: true, lastToken: 49_999 })).toMatchObject({ kind: "resume" });
  });
});

describe("a session of a candidate's own id", () => {
  const over = NOW + 4_000 + TIMING.graceMs;
  const session = (lockDelayMs?: number, servedAt = NOW, row = "session#me") =>
    move({ ...own, row, lockDelayMs }, { lastToken: Number.POSITIVE_INFINITY, servedAt });

  it("is gone over at once, unless its row promises others a lock-delay: then only by evidence", () => {
    for (const none of [undefined, 0]) expect(session(none)).toMatchObject({ because: "own-term" });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 86_400_000 }),
        fc.integer({ min: 0, max: 2 * over }),
        (delay, at) => {
          expect(session(delay, at)).toMatchObject(at < over ? standBy : { because: "service-clock" });
        },
      ),
    );
    expect(session(86_400_000, NOW, "lease#a"), "of what is no session").toMatchObject({
      because: "own-term",
    });
  });
});

describe("a reservation", () => {
  it("is open to whom it names, and to nobody else while it lasts", () => {
    expect(move(reserved, { holder: "bob" })).toEqual({ kind: "claim" });
    for (const stable of [false, true]) {
      const refusal = { kind: "stand-by", reason: "reserved", retryAfterMs: 6_000 };
      expect(move(reserved, { stable })).toEqual(refusal);
    }
  });

  it("for a label is open to whoever bears it, and not to an id that is called alike", () => {
    const kept = { ...reserved, reservedFor: "@eu" };
    expect(move(kept, { affinity: "eu" })).toEqual({ kind: "claim" });
    for (const other of [{}, { affinity: "us" }, { affinity: "@eu" }, { holder: "eu" }]) {
      expect(move(kept, other)).toMatchObject({ reason: "reserved" });
    }
    expect(move({ ...reserved, reservedFor: "eu" }, { affinity: "eu" })).toMatchObject({
      reason: "reserved",
    });
  });

  it("for nobody is open to nobody, its last holder included", () => {
    const hold = { ...reserved, reservedFor: "" };
    for (const stable of [false, true]) {
      for (const affinity of [undefined, ""]) {
        expect(move(hold, { stable, affinity, lastToken: 50_000 })).toMatchObject({ reason: "reserved" });
      }
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
  // A term of 10 s that ended at NOW + 4,000, and 7 s of delay: the record says both as one.
  const expiresAt = epochMs(NOW + 11_000);
  const delayed = { ...own, holder: "bob", durationMs: 17_000, expiresAt, lockDelayMs: 7_000 };

  it("keeps others from a dead leader's lease for as much longer, and says so", () => {
    expect(move(delayed, { servedAt: NOW + 6_000 })).toEqual(standBy);
    expect(move(delayed, {})).toMatchObject({ retryAfterMs: 13_000 });
    expect(move(delayed, { servedAt: NOW + 12_500 })).toMatchObject({ because: "service-clock" });
    expect(move(delayed, { monoMs: 10_102 })).toEqual(standBy);
    expect(move(delayed, { monoMs: 17_172 })).toMatchObject({ because: "observation" });
  });

  it("lets a stable id resume its own term for as long as nobody else may take it", () => {
    const mine = { ...delayed, holder: "me" };
    expect(move(mine, { servedAt: NOW + 6_000, stable: true })).toMatchObject({ kind: "resume" });
  });
});
