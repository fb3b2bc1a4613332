import { describe, expect, it } from "vitest";
import { amendmentOf, firstWriteOf, goesOverOwn, type Won, wonBy } from "../../lib/core/attempt.ts";
import { parseTerm, type TermOptions } from "../../lib/core/options.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import type { TermRules } from "../../lib/core/term-state.ts";
import { parseTiming } from "../../lib/core/timing.ts";
import { epochMs } from "../../lib/core/units.ts";
import { readingsFrom } from "./timelines.ts";

const NOON = 1_767_268_800_000;
const reading = readingsFrom(0, NOON);
const timing = parseTiming({});

function rulesOf(options: TermOptions = {}, stable = false): TermRules {
  const settings = parseTerm(options, { options: {}, timing, label: "ann" });
  return { name: "jobs", holder: "ann", stable, priority: 3, minTermMs: 0, timing, settings };
}

const record: LeaseRecord = {
  name: "jobs",
  holder: "ann",
  token: NOON,
  revision: 4,
  transitions: 1,
  writeId: "w1",
  durationMs: 15_000,
  expiresAt: epochMs(NOON + 15_000),
};
const seen: LeaseRecord = { ...record, holder: "bob", token: NOON - 9, revision: 3, writeId: "b" };
const believed = { writeId: "w1", now: epochMs(NOON), timed: true };
const sent = reading(0);
const received = reading(30, NOON + 30);
const sample = { sent, received, date: epochMs(NOON) };

describe("a candidate's first write", () => {
  it("is the one that its move comes to, on the record that was seen", () => {
    expect(firstWriteOf({ kind: "claim" }, rulesOf(), believed).kind).toBe("claim");
    const takes = firstWriteOf({ kind: "take-over", seen, because: "observation" }, rulesOf(), believed);
    expect(takes).toMatchObject({ kind: "take-over", expects: { revision: 3, token: NOON - 9 } });
    const resumes = firstWriteOf({ kind: "resume", seen: record, because: "own-term" }, rulesOf(), believed);
    expect(resumes).toMatchObject({ kind: "resume", expects: { revision: 4, holder: "ann" } });
    expect(resumes.set.token).toBeUndefined();
  });

  it("promises no more than the term's limit, in whole milliseconds", () => {
    const { set } = firstWriteOf({ kind: "claim" }, rulesOf({ termLimitMs: 9_000.7 }), believed);
    expect(set).toMatchObject({ durationMs: 9_000, expiresAt: NOON + 9_000, priority: 3 });
  });

  it("stays closed for the lock-delay, or for the rest of a minimum hold where that is longer", () => {
    const closedFor = (options: TermOptions): number | undefined =>
      firstWriteOf({ kind: "claim" }, rulesOf(options), believed).set.lockDelayMs;
    expect(closedFor({})).toBeUndefined();
    expect(closedFor({ lockDelayMs: 2_000 })).toBe(2_000);
    expect(closedFor({ lockDelayMs: 2_000, holdAtLeastMs: 18_000 })).toBe(3_000);
    expect(closedFor({ lockDelayMs: 4_000, holdAtLeastMs: 18_000 })).toBe(4_000);
  });
});

describe("a first write that was acknowledged", () => {
  const written = { kind: "written", record, tokenBefore: 0, servedAt: epochMs(NOON) } as const;
  const claim = firstWriteOf({ kind: "claim" }, rulesOf(), believed);
  const facts = { samples: [sample], believed: epochMs(NOON), writeId: "w2" };

  it("stands where nothing speaks against its stamp", () => {
    expect(amendmentOf(rulesOf(), claim, written, { sent, received, sample }, facts)).toBeUndefined();
  });

  it("is corrected where a wrong clock stamped it, and a resumed term keeps its token", () => {
    const wrong = { ...facts, believed: epochMs(NOON + 60_000) };
    const amended = amendmentOf(rulesOf(), claim, written, { sent, received, sample }, wrong);
    expect(amended?.write).toMatchObject({ kind: "correct", writeId: "w2", expects: { revision: 4 } });
    expect(amended?.skewed?.skewMs).toBeGreaterThan(58_000);
    const resumes = firstWriteOf({ kind: "resume", seen: record, because: "own-term" }, rulesOf(), believed);
    const resumed = amendmentOf(rulesOf(), resumes, written, { sent, received, sample }, wrong);
    expect(resumed?.write.kind).toBe("renew");
    expect(resumed?.write.set.token).toBeUndefined();
  });

  it("loses its expiry where no response vouches for it, and tells of no wrong clock", () => {
    const stamps = { sent, received, sample: undefined };
    const amended = amendmentOf(rulesOf(), claim, written, stamps, { ...facts, samples: [] });
    expect(amended?.write.clear).toContain("expiresAt");
    expect(amended?.skewed).toBeUndefined();
  });
});

describe("the proof of a term", () => {
  const limit = { from: sent, lengthMs: Infinity };
  const rest = { limit, overOwn: false };
  const judged = (
    at = received,
    stamps = { sent, received, sample: sample as typeof sample | undefined },
  ): Won => wonBy(rulesOf(), record, stamps, { samples: [], at }, rest);

  it("counts from when the write was sent, within the limit", () => {
    expect(judged()).toMatchObject({ term: { record, vouchers: [sample], limit } });
    const won = judged();
    if (!("term" in won)) throw new Error(won.not);
    expect(won.term.validity[0]).toEqual({ from: sent, lengthMs: 15_000 * (1 - timing.clockDriftRatio) });
    expect(won.term.validity.at(-1)).toBe(limit);
  });

  it("is none where nothing vouches for it, or nothing of it is left", () => {
    expect(judged(received, { sent, received, sample: undefined })).toEqual({
      not: "was claimed, and no response vouches for service time",
    });
    const late = reading(14_930, NOON + 14_930);
    expect(judged(late)).toEqual({ not: "was claimed, but answered after the term" });
  });
});

describe("going over a term of its own", () => {
  it("is what a move of that kind does", () => {
    expect(goesOverOwn({ kind: "claim" })).toBe(false);
    expect(goesOverOwn({ kind: "take-over", seen, because: "observation" })).toBe(false);
    expect(goesOverOwn({ kind: "take-over", seen, because: "own-claim" })).toBe(true);
    expect(goesOverOwn({ kind: "resume", seen, because: "own-term" })).toBe(true);
  });
});
