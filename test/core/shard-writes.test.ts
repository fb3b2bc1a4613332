import { describe, expect, it } from "vitest";
import { admit, register, requestTransfer } from "../../lib/core/auxiliary-writes.ts";
import { accepts, applied } from "../../lib/core/execution.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import {
  abandonShard,
  bury,
  mayLand,
  proclaimShard,
  retire,
  ring,
  voidClaim,
} from "../../lib/core/shard-writes.ts";
import { epochMs } from "../../lib/core/units.ts";
import { claim, release, renew, takeOver } from "../../lib/core/writes.ts";
import { NOON, shardRequest as request } from "./group-records.ts";

const held = applied(undefined, claim(request));

const session: LeaseRecord = {
  name: "jobs",
  row: "session#ann",
  holder: "ann",
  token: 50,
  revision: 3,
  transitions: 1,
  writeId: "w-0",
  durationMs: 15_000,
  expiresAt: epochMs(NOON + 15_000),
  ttl: 7,
  weight: 2,
  maxShards: 9,
};

describe("a claim of a shard", () => {
  it("says its session in place of any time, and no ttl, so that it is never deleted while it is held", () => {
    expect(held).toEqual({
      name: "jobs",
      row: "lease#a",
      holder: "ann",
      token: NOON,
      revision: 1,
      transitions: 1,
      writeId: "w-1",
      durationMs: 0,
      sessionToken: 50,
      acquiredAt: NOON,
      renewedAt: NOON,
    });
    const reserved = {
      ...held,
      holder: undefined,
      ttl: 5,
      durationMs: 900,
      reservedFor: "ann",
      expiresAt: 1,
    };
    const again = applied(reserved as never, claim({ ...request, now: epochMs(NOON + 1) }));
    expect(again).toMatchObject({ durationMs: 0, sessionToken: 50 });
    for (const gone of ["ttl", "reservedFor", "expiresAt"]) expect(again).not.toHaveProperty(gone);
  });

  it("has no lock-delay of its own: that is its session's", () => {
    expect(applied(undefined, claim({ ...request, lockDelayMs: 500 }))).not.toHaveProperty("lockDelayMs");
  });

  it("of a session says the worker's weight and cap, and drops those of the one before", () => {
    const open = { ...request, row: "session#ann", sessionToken: undefined };
    const worker = applied(undefined, claim({ ...open, weight: 2, maxShards: 9 }));
    expect(worker).toMatchObject({ weight: 2, maxShards: 9, durationMs: 15_000 });
    const plain = applied(worker, takeOver({ ...open, writeId: "w-2" }, worker));
    for (const gone of ["weight", "maxShards"]) expect(plain).not.toHaveProperty(gone);
  });
});

describe("a burial", () => {
  it("vacates the session in the very state that was seen, keeps its token, and begins no term", () => {
    const write = bury(session, request);
    expect(accepts(session, write.expects)).toBe(true);
    for (const other of [{ revision: 4 }, { token: 51 }, { token: 49 }])
      expect(accepts({ ...session, ...other }, write.expects)).toBe(false);
    expect(accepts(undefined, write.expects)).toBe(false);
    const buried = applied(session, write);
    expect(buried).not.toHaveProperty("holder");
    expect(buried).toMatchObject({ token: 50, revision: 4, transitions: 1 });
    expect(buried.ttl).toBe(Math.ceil((NOON + 86_400_000) / 1_000));
  });

  it("of a row without a revision goes by its token", () => {
    expect(bury({ ...session, revision: 0 }, request).expects).toEqual({ token: 50 });
  });

  it("makes the next renewal of the buried fail, and one that is earlier makes it fail", () => {
    const renewal = { writeId: "w-8", now: epochMs(NOON), durationMs: 15_000, timed: true, retentionMs: 1 };
    const renewed = applied(session, renew(session, renewal));
    expect(accepts(renewed, bury(session, request).expects)).toBe(false);
    expect(accepts(applied(session, bury(session, request)), renew(session, renewal).expects)).toBe(false);
  });
});

describe("what settles a claim that nobody answered", () => {
  const landed = claim(request);
  const vacant = applied(
    held,
    release({ ...held, holder: "ann" }, { writeId: "w-r", ttl: 5, tick: undefined }),
  );

  it("vacates what that very claim made, and nothing else", () => {
    const write = abandonShard(landed, "w-9", 77);
    expect(accepts(held, write.expects)).toBe(true);
    expect(accepts({ ...held, writeId: "w-2" }, write.expects)).toBe(false);
    const next = applied(held, write);
    expect(next).toMatchObject({ token: NOON, ttl: 77 });
    expect(next).not.toHaveProperty("holder");
  });

  it("or takes its turn: wherever it could land, and it never can afterwards", () => {
    const write = voidClaim(landed, "w-9", 77);
    for (const row of [undefined, { ...vacant, token: 5 }]) {
      expect(accepts(row, landed.expects)).toBe(true);
      expect(accepts(row, write.expects)).toBe(true);
      const next = applied(row, write);
      expect(next).toMatchObject({ token: NOON, ttl: 77, transitions: row?.transitions ?? 0 });
      expect(next).not.toHaveProperty("holder");
      expect(accepts(next, landed.expects)).toBe(false);
      expect(mayLand(landed, next)).toBe(false);
    }
    expect(accepts(held, write.expects), "not over whoever leads").toBe(false);
  });

  it.each([
    ["a tick that is done", { tick: "2026-01-02" }],
    ["a minimum hold", { reservedFor: "", expiresAt: epochMs(NOON + 9), durationMs: 9 }],
    ["an affinity", { reservedFor: "@eu", expiresAt: epochMs(NOON + 9), durationMs: 9 }],
    ["what nobody has removed", { value: "x", priority: 3, requestedBy: "bob", requestedPriority: 1 }],
  ])("takes its turn also behind %s, and leaves that as it is", (_, says) => {
    const lost = claim({ ...request, tick: "2026-01-01" });
    const row: LeaseRecord = { ...vacant, token: 5, ...says };
    const write = voidClaim(lost, "w-9", 77);
    expect(accepts(row, write.expects)).toBe(true);
    const next = applied(row, write);
    expect(next).toEqual({ ...row, token: NOON, ttl: 77, revision: row.revision + 1, writeId: "w-9" });
    expect(mayLand(lost, next)).toBe(false);
  });

  it("takes the turn of a take-over of a vacancy in the state that was seen, and of no holder's", () => {
    const ahead: LeaseRecord = { ...vacant, token: NOON + 50, reservedFor: "@eu", tick: "2026-01-01" };
    const over = takeOver({ ...request, writeId: "w-2", tick: "2026-01-02", affinity: "eu" }, ahead);
    const write = voidClaim(over, "w-9", 77);
    for (const other of [{ revision: 9 }, { token: NOON }, { holder: "ann" }])
      expect(accepts({ ...ahead, ...other }, write.expects)).toBe(false);
    const next = applied(ahead, write);
    expect(next).toMatchObject({ token: NOON + 51, reservedFor: "@eu", tick: "2026-01-01" });
    expect(accepts(next, over.expects)).toBe(false);
    const overHeld = voidClaim(takeOver({ ...request, writeId: "w-2" }, held), "w-9", 77);
    expect(accepts(held, overHeld.expects), "its holder is dead, and may stay written there").toBe(false);
  });

  it("may land by the token, whatever else stands in its way for now", () => {
    expect(mayLand(landed, undefined)).toBe(true);
    expect(mayLand(landed, { ...held, token: 5 }), "held now, vacant tomorrow").toBe(true);
    expect(mayLand(landed, { ...vacant, token: NOON })).toBe(false);
    expect(mayLand(landed, { ...vacant, token: NOON + 1 })).toBe(false);
  });

  it("may land, as a take-over, in the state that it saw alone", () => {
    const over = takeOver({ ...request, writeId: "w-2" }, held);
    expect(mayLand(over, held)).toBe(true);
    expect(mayLand(over, { ...held, revision: 2 })).toBe(false);
    expect(mayLand(over, { ...held, token: NOON + 1 })).toBe(false);
    expect(mayLand(over, undefined)).toBe(false);
    expect(mayLand(takeOver(request, { ...held, revision: 0 }), { ...held, revision: 7 })).toBe(true);
  });
});

describe("a bell", () => {
  const write = ring("jobs", { holder: "ann", token: 50 }, { writeId: "w-9", bell: "b-1" });

  it("leaves revision and write id alone, so that it disturbs no renewal and no watch", () => {
    expect(write).toMatchObject({ row: "session#ann", piggybacks: true });
    expect(applied(session, write)).toEqual({ ...session, bell: "b-1" });
  });

  it("rings at that very session alone", () => {
    expect(accepts(session, write.expects)).toBe(true);
    expect(accepts({ ...session, token: 51 }, write.expects)).toBe(false);
    expect(accepts({ ...session, holder: undefined }, write.expects)).toBe(false);
    expect(accepts(undefined, write.expects)).toBe(false);
  });
});

it("whoever leaves rings, and is no worker any more: nothing that a term rests on changes", () => {
  const { weight: _, maxShards: __, ...plain } = session;
  const write = retire("jobs", { holder: "ann", token: 50 }, { writeId: "w-9", bell: "b-1" });
  expect(applied(session, write)).toEqual({ ...plain, bell: "b-1" });
  expect(accepts({ ...session, token: 51 }, write.expects)).toBe(false);
});

it("a proclamation touches neither session nor token, and comes by the holder's own revision alone", () => {
  const write = proclaimShard(held, { writeId: "w-2", now: NOON + 5, value: "x" });
  expect(applied(held, write)).toEqual({
    ...held,
    value: "x",
    renewedAt: NOON + 5,
    revision: 2,
    writeId: "w-2",
  });
  for (const other of [{ revision: 2 }, { token: 1 }, { holder: "eve" }])
    expect(accepts({ ...held, ...other }, write.expects)).toBe(false);
  const removed = proclaimShard({ ...held, value: "x" }, { writeId: "w-3", now: NOON, value: undefined });
  expect(applied({ ...held, value: "x" }, removed)).not.toHaveProperty("value");
});

it("a request and a bell change nothing twice, and the other auxiliary rows are no shard's", () => {
  const asked = requestTransfer(held, { writeId: "w", by: "bob", priority: -(2 ** 52) });
  expect(accepts(applied(held, asked), asked.expects)).toBe(false);
  const entry = {
    writeId: "w",
    id: "x",
    priority: 0,
    sequence: 1,
    now: epochMs(NOON),
    forMs: 1,
    since: epochMs(1),
  };
  expect(register("jobs", entry).row).toBe("candidate#x");
  expect(admit("jobs", "w", 1).row).toBe("fence");
});
