import { describe, expect, it } from "vitest";
import type { Sighting } from "../../lib/core/evidence.ts";
import { type Situation, nextMove, untilEvidenceMs } from "../../lib/core/next-move.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { epochMs } from "../../lib/core/units.ts";
import { readingsFrom, TIMING } from "./timelines.ts";

const NOW = 100_000;
const reading = readingsFrom(0, 0);

const held: LeaseRecord = {
  name: "jobs",
  holder: "ann",
  token: 50_000,
  revision: 3,
  transitions: 1,
  writeId: "w-3",
  durationMs: 10_000,
  expiresAt: epochMs(NOW + 4_000),
  tick: "2026-01-01T00:05:00Z",
};
const vacant: LeaseRecord = { ...held, holder: undefined, expiresAt: undefined };

function situation(
  record: LeaseRecord | undefined,
  more: Partial<Situation> = {},
  servedAt = NOW,
): Situation {
  const seen: Sighting | undefined = record && {
    record,
    firstSeen: reading(0),
    servedAt: epochMs(servedAt),
  };
  return {
    seen,
    at: reading(10),
    now: epochMs(NOW),
    tick: undefined,
    holder: "me",
    affinity: undefined,
    stable: false,
    lastToken: 0,
    isOwnClaim: () => false,
    ...more,
  };
}

describe("a candidate", () => {
  it("claims a lease that has no record, and a vacant one", () => {
    expect(nextMove(situation(undefined), TIMING)).toEqual({ kind: "claim" });
    expect(nextMove(situation(vacant), TIMING)).toEqual({ kind: "claim" });
  });

  it("takes over a vacant lease whose token is not below its own clock, as no claim could be accepted", () => {
    for (const token of [NOW, NOW + 600_000]) {
      const ahead = { ...vacant, token };
      const move = nextMove(situation(ahead), TIMING);
      expect(move).toEqual({ kind: "take-over", seen: ahead, because: "vacant" });
    }
    expect(nextMove(situation({ ...vacant, token: NOW - 1 }), TIMING)).toEqual({ kind: "claim" });
  });

  it("leaves a live term alone, and says when there may be evidence", () => {
    const move = nextMove(situation(held), TIMING);
    expect(move).toEqual({ kind: "stand-by", reason: "held", retryAfterMs: 6_000 });
  });

  it("takes over a term that is over by the service's clock, in the state that was seen", () => {
    const move = nextMove(situation(held, {}, NOW + 6_000), TIMING);
    expect(move).toEqual({ kind: "take-over", seen: held, because: "service-clock" });
  });

  it("takes over a term that it has watched long enough", () => {
    const move = nextMove(situation(held, { at: reading(10_101) }), TIMING);
    expect(move).toEqual({ kind: "take-over", seen: held, because: "observation" });
  });

  it("takes over its own lost claim at once, and nobody else's", () => {
    const isOwnClaim = (writeId: string): boolean => writeId === "w-3";
    expect(nextMove(situation(held, { isOwnClaim }), TIMING)).toMatchObject({ because: "own-claim" });
    const renewed = { ...held, writeId: "w-4" };
    expect(nextMove(situation(renewed, { isOwnClaim }), TIMING)).toMatchObject({ kind: "stand-by" });
  });

  it("stands by for good when its occurrence is done, or passed by a later one: vacant, held or expired", () => {
    for (const [tick, reason] of [
      ["2026-01-01T00:05:00Z", "tick-done"],
      ["2026-01-01T00:00:00Z", "tick-passed"],
    ] as const) {
      const done = { kind: "stand-by", reason, retryAfterMs: 0 };
      expect(nextMove(situation(vacant, { tick }), TIMING)).toEqual(done);
      expect(nextMove(situation(held, { tick }), TIMING)).toEqual(done);
      expect(nextMove(situation(held, { tick }, NOW + 9_000), TIMING)).toEqual(done);
    }
  });

  it("is not kept from a later occurrence, nor by a record without one", () => {
    const tick = "2026-01-01T00:10:00Z";
    expect(nextMove(situation(vacant, { tick }), TIMING)).toEqual({ kind: "claim" });
    const bare = { ...vacant, tick: undefined };
    expect(nextMove(situation(bare, { tick: "2020" }), TIMING)).toEqual({ kind: "claim" });
  });
});

describe("the time until there may be evidence", () => {
  const seen = (record: LeaseRecord): Sighting => ({
    record,
    firstSeen: reading(0),
    servedAt: epochMs(NOW),
  });

  it("rounds up to the second that the header has to show", () => {
    const record = { ...held, expiresAt: epochMs(NOW + 4_001) };
    // 100000 + 4001 + 1500 = 105501: provable once the header shows 106000.
    expect(untilEvidenceMs(seen(record), reading(0), epochMs(NOW), TIMING)).toBe(6_000);
  });

  it("is that of the watch where the service's clock proves later, or nothing", () => {
    const needed = Math.ceil(10_000 * (1.005 / 0.995));
    const ahead = { ...held, expiresAt: epochMs(9e15) };
    expect(untilEvidenceMs(seen(ahead), reading(0), epochMs(NOW), TIMING)).toBe(needed);
    const untimed = { ...held, expiresAt: undefined };
    expect(untilEvidenceMs(seen(untimed), reading(1_000), epochMs(NOW), TIMING)).toBe(needed - 1_000);
  });

  it("is never negative", () => {
    expect(untilEvidenceMs(seen(held), reading(0), epochMs(NOW + 60_000), TIMING)).toBe(0);
    expect(untilEvidenceMs(seen(held), reading(60_000), epochMs(NOW), TIMING)).toBe(0);
  });
});
