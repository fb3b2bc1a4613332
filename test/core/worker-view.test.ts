import { describe, expect, it } from "vitest";
import type { Sighting } from "../../lib/core/evidence.ts";
import { viewOf } from "../../lib/core/group-view.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { epochMs, instant, type Reading } from "../../lib/core/units.ts";
import {
  askerOf,
  askingPriority,
  type FreeSince,
  isReserved,
  membershipOf,
  type OwnShards,
  shardViews,
} from "../../lib/core/worker-view.ts";
import { NOON, session, shard } from "./group-records.ts";

const TIMING = { graceMs: 250, clockDriftRatio: 0.005 };
const at: Reading = { mono: instant(0), wall: epochMs(NOON), passed: instant(0), low: NOON };
const LEAST = -(2 ** 52);

const seen = (record: LeaseRecord): Sighting => ({ record, firstSeen: at, servedAt: epochMs(NOON) });
const view = (...records: LeaseRecord[]) => viewOf(records.map(seen), at, TIMING);

const own = (changes: Partial<OwnShards> = {}): OwnShards => ({
  id: "me",
  leads: () => false,
  avoids: () => false,
  look: 0,
  ...changes,
});

const oneView = (record: LeaseRecord | undefined, self = own(), free = new Map<string, FreeSince>()) =>
  shardViews(
    ["a"],
    view(session("me"), session("bob"), ...(record === undefined ? [] : [record])),
    self,
    free,
    ({ reservedFor }) => reservedFor !== undefined,
  )[0];

describe("a shard, as the assignment sees it", () => {
  it("is led by whoever holds it through a session that lasts; with who asked, if a worker did", () => {
    expect(oneView(shard("a", "bob"))).toEqual({
      shard: "a",
      holder: "bob",
      freeLooks: 0,
      askedBy: undefined,
    });
    const asked = shard("a", "bob", { requestedBy: "cid", requestedPriority: LEAST });
    expect(oneView(asked)).toMatchObject({ holder: "bob", askedBy: "cid" });
    const byOperator = shard("a", "bob", { requestedBy: "cid", requestedPriority: 2 ** 52 });
    expect(oneView(byOperator)).toMatchObject({ holder: "bob", askedBy: undefined });
  });

  it("is free where its session is over, whatever its row says, and tells who led it last", () => {
    expect(oneView(shard("a", "dead"))).toMatchObject({
      holder: undefined,
      freeLooks: 1,
      lastHolder: "dead",
    });
    expect(oneView(shard("a", "bob", { sessionToken: 49 }))).toMatchObject({ holder: undefined });
    expect(oneView(undefined)).toMatchObject({ holder: undefined, freeLooks: 1 });
  });

  it("is this worker's own where that leads it, whatever the look has shown, and else never", () => {
    const leads = own({ leads: () => true });
    for (const record of [undefined, shard("a", undefined), shard("a", "bob"), shard("a", "me")])
      expect(oneView(record, leads)).toMatchObject({ holder: "me", freeLooks: 0 });
    // Its row says so, through its session: an unanswered claim or release, that nobody leads by.
    expect(oneView(shard("a", "me"))).toMatchObject({ holder: undefined, freeLooks: 1 });
  });

  it("is nobody's to share while the worker avoids it, and not free to it", () => {
    expect(oneView(undefined, own({ avoids: () => true }))).toEqual({ shard: "a", holder: "", freeLooks: 0 });
  });

  it("is kept for somebody where it is, as long as it is", () => {
    expect(oneView(shard("a", undefined, { reservedFor: "bob" }))).toMatchObject({ reservedFor: "bob" });
    expect(oneView(shard("a", undefined))).toMatchObject({ reservedFor: undefined });
  });

  it("counts the looks in a row for which it is free under one revision, those between included that did not show it", () => {
    const free = new Map<string, FreeSince>();
    let look = 7;
    const looks = (record: LeaseRecord | undefined, more = 1, avoids = false) =>
      oneView(record, own({ look: (look += more), avoids: () => avoids }), free)?.freeLooks;
    const vacant = shard("a", undefined);
    expect([looks(vacant), looks(vacant), looks(vacant)]).toEqual([1, 2, 3]);
    expect(looks({ ...vacant, writeId: "w-2" }), "somebody led it in between").toBe(1);
    expect(looks(shard("a", "bob"))).toBe(0);
    expect(looks({ ...vacant, writeId: "w-2" })).toBe(1);
    expect([looks(undefined), looks(undefined)]).toEqual([1, 2]);
    expect([looks(vacant), looks(vacant, 5)]).toEqual([1, 6]);
    expect([looks(vacant, 1, true), looks(vacant, 1)], "while it is avoided as well").toEqual([0, 8]);
  });
});

describe("a worker's request", () => {
  it("is below every candidate's, and above who asked before on the same term", () => {
    expect(askingPriority(shard("a", "bob"))).toBe(LEAST);
    const again = askingPriority(shard("a", "bob", { requestedPriority: LEAST }));
    expect(again).toBe(LEAST + 1);
    expect(again).toBeGreaterThan(LEAST);
  });

  it("is told from an operator's or a candidate's by its priority", () => {
    expect(askerOf(shard("a", "bob", { requestedBy: "cid", requestedPriority: -1 }))).toBe("cid");
    expect(askerOf(shard("a", "bob", { requestedBy: "cid", requestedPriority: 0 }))).toBeUndefined();
    expect(askerOf(shard("a", "bob", { requestedBy: "cid" }))).toBeUndefined();
    expect(askerOf(shard("a", "bob", { requestedBy: "", requestedPriority: -1 }))).toBeUndefined();
  });
});

it("a reservation lasts until there is evidence against it", () => {
  const kept = shard("a", undefined, { reservedFor: "x", durationMs: 5_000, expiresAt: epochMs(NOON) });
  const read = (servedAt: number): Sighting => ({ record: kept, firstSeen: at, servedAt: epochMs(servedAt) });
  expect(isReserved(read(NOON + 249), at, TIMING)).toBe(true);
  expect(isReserved(read(NOON + 250), at, TIMING)).toBe(false);
  expect(isReserved(seen(shard("a", undefined)), at, TIMING)).toBe(false);
});

describe("membership", () => {
  const of = (...records: LeaseRecord[]): string => membershipOf(view(...records), "me");
  const two = [session("me"), session("bob")];

  it("changes with who is there, with which share, in which term, and whether it lasts", () => {
    const before = of(...two);
    for (const other of [
      [session("me")],
      [...two, session("cid")],
      [session("me"), session("bob", { weight: 2 })],
      [session("me"), session("bob", { maxShards: 2 })],
      [session("me"), session("bob", { token: 51 })],
      [session("me"), session("bob", { expiresAt: epochMs(NOON - 250) })],
      [session("me"), session("bob", { holder: undefined })],
      [session("me"), session("bob", { bell: "b-1" })],
    ])
      expect(of(...other)).not.toBe(before);
  });

  it("does not with renewals, with the order of rows, with closed sessions, or with its own bell", () => {
    const before = of(...two);
    const renewed = { revision: 9, writeId: "w-9", expiresAt: epochMs(NOON + 20_000) };
    expect(of(session("bob", renewed), session("me", { ...renewed, bell: "b-1" }))).toBe(before);
    expect(of(...two, session("cid", { holder: undefined }))).toBe(before);
  });
});
