import { describe, expect, it } from "vitest";
import type { Sighting } from "../../lib/core/evidence.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import {
  judgeSession,
  nextShardMove,
  type SessionSeen,
  type ShardSituation,
} from "../../lib/core/shard-move.ts";
import { type EpochMs, epochMs, instant, type Reading } from "../../lib/core/units.ts";

const NOON = 1_767_268_800_000;
const TIMING = { graceMs: 250, clockDriftRatio: 0.005 };
/** How long a row of 15 s has to be watched. */
const WATCH_MS = 15_000 * (1.005 / 0.995);

const reading = (mono: number): Reading => ({
  mono: instant(mono),
  wall: epochMs(NOON + mono),
  passed: instant(mono),
  low: NOON,
});

const shard: LeaseRecord = {
  name: "jobs",
  row: "lease#a",
  holder: "bob",
  token: 70,
  revision: 4,
  transitions: 2,
  writeId: "w-shard",
  durationMs: 0,
  sessionToken: 50,
};

const session: LeaseRecord = {
  name: "jobs",
  row: "session#bob",
  holder: "bob",
  token: 50,
  revision: 9,
  transitions: 1,
  writeId: "w-session",
  durationMs: 15_000,
  expiresAt: epochMs(NOON + 15_000),
};

/** A session as it was read at 0 ms, with a header of `servedAt`. */
const read = (changes: Partial<LeaseRecord> = {}, servedAt: number | undefined = NOON): Sighting => ({
  record: { ...session, ...changes },
  firstSeen: reading(0),
  servedAt: servedAt as EpochMs | undefined,
});

const before = (sighting: Sighting | undefined): SessionSeen => ({
  sighting,
  afterShard: false,
  isFresh: true,
});
const after = (sighting: Sighting | undefined): SessionSeen => ({
  sighting,
  afterShard: true,
  isFresh: true,
});

const judged = (seen: SessionSeen, at = 1_000, of = shard) =>
  judgeSession(of, seen, reading(at), epochMs(NOON + at), TIMING);

describe("a shard's term", () => {
  it.each([
    ["shows its token without a holder", read({ holder: undefined })],
    ["shows a higher token, held", read({ token: 51, holder: "bob" })],
    ["shows a higher token, vacant", read({ token: 51, holder: undefined })],
    ["shows a higher token, of somebody else", read({ token: 99, holder: "eve" })],
  ])("is over where its session's row %s, whenever that was read", (_, sighting) => {
    expect(judged(before(sighting))).toEqual({ is: "over" });
    expect(judged(after(sighting))).toEqual({ is: "over" });
  });

  it.each([
    ["is gone", undefined],
    ["shows a lower token, held", read({ token: 49 })],
    ["shows a lower token, vacant", read({ token: 49, holder: undefined })],
  ])("is over where its session's row %s, only if that was read after the shard's", (_, sighting) => {
    expect(judged(before(sighting))).toEqual({ is: "unread" });
    expect(judged(after(sighting))).toEqual({ is: "over" });
  });

  it("says nothing before its session has been read at all", () => {
    expect(judged(before(undefined))).toEqual({ is: "unread" });
  });

  it("lasts with its session, however old the shard's row is, and says how much longer", () => {
    const lasts = { is: "lasts", retryAfterMs: Math.ceil(WATCH_MS - 1_000) };
    expect(judged(before(read()))).toEqual(lasts);
    expect(judged(after(read()))).toEqual(lasts);
    // Without an expiry, or the service's word, it has to be watched.
    const untimed = { is: "lasts", retryAfterMs: Math.ceil(WATCH_MS - 1_000) };
    expect(judged(after(read({ expiresAt: undefined })))).toEqual(untimed);
    expect(judged(after(read({}, undefined)))).toEqual({ ...untimed });
  });

  it("is not known to last by what was read long ago: its session may have been closed since", () => {
    expect(judged({ ...before(read()), isFresh: false })).toEqual({ is: "unread" });
    expect(judged({ ...before(read({ holder: undefined })), isFresh: false })).toEqual({ is: "over" });
    expect(judged({ ...after(read()), isFresh: false }).is).toBe("lasts");
  });

  it("is dead by the service's clock from the grace on, also by an earlier look: the burial compares", () => {
    const over = NOON + 15_000 + 250;
    expect(judged(before(read({}, over - 1))).is).toBe("lasts");
    const dead = { is: "dead", seen: session, because: "service-clock" };
    expect(judged(before(read({}, over)))).toEqual(dead);
    expect(judged(after(read({}, over)))).toEqual(dead);
  });

  it("is dead by a watch only when it was read again: it may have been renewed since", () => {
    const late = Math.ceil(WATCH_MS);
    expect(judged(after(read()), late - 100).is).toBe("lasts");
    expect(judged(before(read()), late)).toEqual({ is: "unread" });
    expect(judged(after(read()), late)).toEqual({ is: "dead", seen: session, because: "observation" });
  });

  it("of a row that was written by hand, without a session's token, is over with any session", () => {
    const edited = { ...shard, sessionToken: undefined };
    expect(judged(before(read()), 0, edited)).toEqual({ is: "over" });
    expect(judged(before(undefined), 0, edited)).toEqual({ is: "unread" });
    expect(judged(after(undefined), 0, edited)).toEqual({ is: "over" });
  });
});

const OWN = { token: 60, leftMs: 9_000.5 };

const situation = (seen: LeaseRecord | undefined, changes: Partial<ShardSituation> = {}): ShardSituation => ({
  seen: seen && { record: seen, firstSeen: reading(0), servedAt: epochMs(NOON) },
  session: before(undefined),
  at: reading(1_000),
  now: epochMs(NOON + 1_000),
  tick: undefined,
  holder: "ann",
  affinity: undefined,
  isOwnClaim: () => false,
  own: OWN,
  leads: false,
  ...changes,
});

const move = (seen: LeaseRecord | undefined, changes: Partial<ShardSituation> = {}) =>
  nextShardMove(situation(seen, changes), TIMING);

describe("whoever wants a shard", () => {
  const vacant: LeaseRecord = { ...shard, holder: undefined };

  it("claims one that nobody ever led, or that is vacant", () => {
    expect(move(undefined)).toEqual({ kind: "claim" });
    expect(move(vacant)).toEqual({ kind: "claim" });
    const ahead = { ...vacant, token: NOON + 5_000 };
    expect(move(ahead)).toEqual({ kind: "take-over", seen: ahead, because: "vacant" });
  });

  it("leaves one that is kept for another, and takes one that is kept for it or its affinity", () => {
    const kept = { ...vacant, durationMs: 15_000, expiresAt: epochMs(NOON + 15_000) };
    expect(move({ ...kept, reservedFor: "bob" })).toMatchObject({ kind: "stand-by", reason: "reserved" });
    expect(move({ ...kept, reservedFor: "" })).toMatchObject({ kind: "stand-by", reason: "reserved" });
    expect(move({ ...kept, reservedFor: "ann" })).toEqual({ kind: "claim" });
    expect(move({ ...kept, reservedFor: "@eu" })).toMatchObject({ kind: "stand-by" });
    expect(move({ ...kept, reservedFor: "@eu" }, { affinity: "eu" })).toEqual({ kind: "claim" });
    const seen = { ...kept, reservedFor: "bob" };
    const over = { record: seen, firstSeen: reading(0), servedAt: epochMs(NOON + 15_250) };
    expect(move(seen, { seen: over })).toEqual({ kind: "take-over", seen, because: "service-clock" });
  });

  it("asks for the session of a holder that it knows nothing of, and judges it then", () => {
    expect(move(shard)).toEqual({ kind: "read-session", of: "bob" });
    expect(move(shard, { session: after(read()) })).toEqual({
      kind: "stand-by",
      reason: "held",
      retryAfterMs: Math.ceil(WATCH_MS - 1_000),
    });
    expect(move(shard, { session: after(undefined) })).toEqual({
      kind: "take-over",
      seen: shard,
      because: "session-ended",
    });
  });

  it("ends a dead session before it takes what was held through it", () => {
    const dead = read({}, NOON + 16_000);
    const bury = { kind: "bury", seen: session, because: "service-clock" };
    expect(move(shard, { session: before(dead) })).toEqual(bury);
    expect(move(shard, { session: after(read({ holder: undefined })) })).toMatchObject({ kind: "take-over" });
  });

  it("is refused an occurrence that is done, held or vacant, before it asks for anything", () => {
    const tick = "2026-01-01T00:00:00.000Z";
    const done = { kind: "stand-by", reason: "tick-done", retryAfterMs: 0 };
    expect(move({ ...shard, tick }, { tick })).toEqual(done);
    expect(move({ ...vacant, tick }, { tick })).toEqual(done);
    const later = "2026-01-02T00:00:00.000Z";
    expect(move({ ...shard, tick: later }, { tick })).toMatchObject({ reason: "tick-passed" });
    expect(move({ ...shard, tick }, { tick: later })).toMatchObject({ kind: "read-session" });
  });

  it("takes what its own unanswered claim has taken, whatever its session", () => {
    const isOwnClaim = (id: string): boolean => id === "w-shard";
    const taken = { kind: "take-over", seen: shard, because: "own-claim" };
    expect(move(shard, { isOwnClaim })).toEqual(taken);
    expect(move(shard, { isOwnClaim, own: undefined })).toEqual(taken);
  });

  it("takes at once what an earlier session of its own id has left", () => {
    const mine = { ...shard, holder: "ann", sessionToken: 59 };
    expect(move(mine)).toEqual({ kind: "take-over", seen: mine, because: "session-ended" });
    // Nobody else has the id (A4): the session of before is over once there is a new one.
    const of = (changes: Partial<LeaseRecord>) => read({ row: "session#ann", token: 59, ...changes });
    for (const seen of [before(of({})), after(of({})), { ...before(of({})), isFresh: false }])
      expect(move(mine, { own: undefined, session: seen })).toEqual({ kind: "open-session" });
    expect(move(mine, { own: undefined }).kind).toBe("read-session");
    expect(move(mine, { own: undefined, session: after(of({ holder: undefined })) }).kind).toBe("take-over");
  });

  it("opens no session over one of its own id that promised others a lock-delay, before that is over", () => {
    const mine = { ...shard, holder: "ann", sessionToken: 59 };
    const changes = { row: "session#ann", token: 59, durationMs: 25_000, expiresAt: epochMs(NOON + 25_000) };
    const promises = read({ ...changes, lockDelayMs: 10_000 });
    const own = undefined;
    expect(move(mine, { own, session: after(promises) })).toMatchObject({ kind: "stand-by", reason: "held" });
    expect(move(mine, { own, session: { ...before(promises), isFresh: false } }).kind).toBe("read-session");
    const over = { ...promises, servedAt: epochMs(NOON + 25_250) };
    expect(move(mine, { own, session: after(over) })).toMatchObject({
      kind: "bury",
      because: "service-clock",
    });
  });

  it("leaves what its own session leads, and takes what that holds and nobody leads by", () => {
    const mine = { ...shard, holder: "ann", sessionToken: 60 };
    expect(move(mine, { leads: true })).toEqual({ kind: "stand-by", reason: "held", retryAfterMs: 9_001 });
    expect(move(mine, { leads: false })).toEqual({ kind: "take-over", seen: mine, because: "own-term" });
  });

  it("does not take what a later session of its own id holds", () => {
    const theirs = { ...shard, holder: "ann", sessionToken: 61 };
    expect(move(theirs)).toEqual({ kind: "read-session", of: "ann" });
    const later = read({ token: 61, holder: "ann" });
    expect(move(theirs, { session: after(later) })).toMatchObject({ kind: "stand-by", reason: "held" });
  });
});
