import { describe, expect, it } from "vitest";
import type { Sighting } from "../../lib/core/evidence.ts";
import { membersOf, shardState, statusOf, viewOf } from "../../lib/core/group-view.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { epochMs, instant, type Reading } from "../../lib/core/units.ts";
import { base, NOON, session, shard } from "./group-records.ts";

const TIMING = { graceMs: 250, clockDriftRatio: 0.005 };
const at: Reading = { mono: instant(0), wall: epochMs(NOON), passed: instant(0), low: NOON };

const seen = (record: LeaseRecord, servedAt = NOON): Sighting => ({
  record,
  firstSeen: at,
  servedAt: epochMs(servedAt),
});

const view = (...records: LeaseRecord[]) =>
  viewOf(
    records.map((record) => seen(record)),
    at,
    TIMING,
  );

describe("a look at a group", () => {
  it("tells sessions that last from dead and closed ones, and lets other rows be", () => {
    const sightings = [
      seen(session("ann")),
      seen(session("bob", { expiresAt: epochMs(NOON - 250) })),
      seen(session("cid", { holder: undefined })),
      seen(shard("a", "ann")),
      seen({ ...base, row: "candidate#ann", holder: "ann", token: 1, durationMs: 5 }),
      seen({ ...base, token: 9, durationMs: 5, holder: "ann" }),
    ];
    const { sessions, shards } = viewOf(sightings, at, TIMING);
    expect([...sessions].map(([id, { is }]) => [id, is])).toEqual([
      ["ann", "lasts"],
      ["bob", "dead"],
      ["cid", "closed"],
    ]);
    expect([...shards.keys()]).toEqual(["a"]);
  });

  it("takes for members those that say a weight and last, in one order for all", () => {
    const members = membersOf(
      view(
        session("bob", { weight: 2, maxShards: 4 }),
        session("ann"),
        session("plain", { weight: undefined }),
        session("gone", { holder: undefined }),
      ),
    );
    expect(members).toEqual([
      { id: "ann", weight: 1, maxShards: Infinity },
      { id: "bob", weight: 2, maxShards: 4 },
    ]);
  });
});

describe("a shard's state", () => {
  const stateOf = (record: LeaseRecord | undefined, ...sessions: LeaseRecord[]) =>
    shardState("jobs", "a", record, view(...sessions));

  it("is held for as long as its session, and says that one's times", () => {
    const state = stateOf(shard("a", "ann"), session("ann", { lockDelayMs: 700 }));
    expect(state).toMatchObject({ kind: "held", name: "jobs", shard: "a", holder: "ann", token: 70 });
    expect(state).toMatchObject({ expiresAt: NOON + 15_000, renewedAt: NOON - 10, lockDelayMs: 700 });
  });

  it.each([
    ["was not seen", []],
    ["is closed", [session("ann", { holder: undefined })]],
    ["is dead", [session("ann", { expiresAt: epochMs(NOON - 250) })]],
    ["is another of the same id", [session("ann", { token: 51 })]],
  ])("is expired where its session %s", (_, sessions) => {
    const state = stateOf(shard("a", "ann"), ...sessions);
    expect(state).toMatchObject({ kind: "expired", holder: "ann", expiresAt: undefined });
    expect(state.renewedAt, "by the shard's own row").toBe(NOON - 5_000);
  });

  it("is vacant without a holder, and where there is no row", () => {
    const kept = shard("a", undefined, { reservedFor: "bob", expiresAt: epochMs(NOON + 9) });
    expect(stateOf(kept)).toMatchObject({ kind: "vacant", reservedFor: "bob", expiresAt: NOON + 9 });
    expect(stateOf(undefined)).toMatchObject({ kind: "vacant", shard: "a", token: 0 });
  });
});

describe("the status of a group", () => {
  it("sums up who leads what, whether it is balanced, and what nobody leads", () => {
    const status = statusOf(
      "jobs",
      view(
        session("bob", { maxShards: 9 }),
        session("ann"),
        session("dead", { expiresAt: epochMs(NOON - 250) }),
        shard("b", "ann"),
        shard("a", "ann"),
        shard("c", "bob"),
        shard("d", "dead"),
      ),
      ["e", "d", "c", "b", "a"],
    );
    expect(status.name).toBe("jobs");
    expect(status.shards.map(({ shard: name, kind }) => [name, kind])).toEqual([
      ["a", "held"],
      ["b", "held"],
      ["c", "held"],
      ["d", "expired"],
      ["e", "vacant"],
    ]);
    expect(status.unled).toEqual(["d", "e"]);
    const common = { isWorker: true, weight: 1, expiresAt: NOON + 15_000, since: NOON - 1_000 };
    const share = { quota: 2.5, floor: 2, ceiling: 3 };
    expect(status.workers).toEqual([
      { ...common, id: "ann", maxShards: undefined, shards: 2, share },
      { ...common, id: "bob", maxShards: 9, shards: 1, share },
    ]);
    expect(status.balanced, "bob is below its floor").toBe(false);
  });

  it("is balanced where every worker has its share; what outsiders hold is no part of it", () => {
    const outside = [session("out", { weight: undefined }), shard("x", "out"), shard("y", "out")];
    const even = statusOf("jobs", view(session("ann"), shard("a", "ann"), shard("b", "ann"), ...outside));
    expect(even).toMatchObject({ balanced: true, unled: [] });
    expect(even.workers).toMatchObject([
      { id: "ann", share: { floor: 2, ceiling: 2 } },
      { id: "out", isWorker: false, weight: 0, shards: 2, share: undefined },
    ]);
    const above = statusOf(
      "jobs",
      view(session("ann"), session("bob"), shard("a", "ann"), shard("b", "ann"), ...outside),
    );
    expect(above.balanced).toBe(false);
  });

  it("of a group that nobody has used is empty", () => {
    const nothing = { name: "jobs", workers: [], shards: [], unled: [], balanced: false };
    expect(statusOf("jobs", view())).toEqual(nothing);
  });
});
