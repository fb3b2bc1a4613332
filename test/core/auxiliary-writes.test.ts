import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accepts, applied } from "../../lib/core/execution.ts";
import { admit, register, requestTransfer, revoke, rewind } from "../../lib/core/auxiliary-writes.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { epochMs } from "../../lib/core/units.ts";
import type { LeaseWrite } from "../../lib/core/lease-write.ts";
import { claim, release, renew, resume, takeOver } from "../../lib/core/writes.ts";
import { reservedForAll } from "../../lib/core/names.ts";

const NOON = 1_767_268_800_000;
const OPERATOR = 9_007_199_254_740_991;

const held: LeaseRecord = {
  name: "jobs",
  holder: "ann",
  token: 7,
  revision: 3,
  transitions: 1,
  writeId: "w-3",
  durationMs: 10_000,
  expiresAt: epochMs(NOON),
  priority: 2,
};
const renewal = { writeId: "w-4", now: epochMs(NOON), durationMs: 10_000, timed: true, retentionMs: 1_000 };
const term = { ...renewal, name: "jobs", holder: "bob", tick: undefined, claimsTick: false };

const asked = (priority: number, by = "bob") =>
  requestTransfer(held, { writeId: `w-${by}-${priority}`, by, priority });

describe("a request to hand over", () => {
  it("is two attributes on the holder's record and nothing else", () => {
    const write = asked(5);
    expect(write).toEqual({
      kind: "request",
      name: "jobs",
      writeId: "w-bob-5",
      expects: { holder: "ann", token: 7, requestedBelow: 5 },
      set: { requestedBy: "bob", requestedPriority: 5 },
      clear: [],
      beginsTerm: false,
      piggybacks: true,
    });
    expect(applied(held, write)).toEqual({ ...held, requestedBy: "bob", requestedPriority: 5 });
  });

  it("leaves the holder's next renewal acceptable, which carries it on", () => {
    const after = applied(held, asked(5));
    const next = renew(held, renewal);
    expect(accepts(after, next.expects)).toBe(true);
    expect(applied(after, next)).toMatchObject({ requestedBy: "bob", requestedPriority: 5, revision: 4 });
  });

  it("reaches the very term that was seen, and no other", () => {
    const { expects } = asked(5);
    expect(accepts(held, expects)).toBe(true);
    expect(accepts({ ...held, revision: 44, writeId: "w-44" }, expects), "however often renewed").toBe(true);
    expect(accepts({ ...held, token: 8 }, expects)).toBe(false);
    expect(accepts({ ...held, holder: undefined }, expects)).toBe(false);
    expect(accepts({ ...held, holder: "cy" }, expects)).toBe(false);
    expect(accepts(undefined, expects)).toBe(false);
  });

  it("gives way to a stronger one alone", () => {
    const after = applied(held, asked(5));
    expect(accepts(after, asked(5, "cy").expects)).toBe(false);
    expect(accepts(after, asked(4, "cy").expects)).toBe(false);
    expect(applied(after, asked(6, "cy"))).toMatchObject({ requestedBy: "cy", requestedPriority: 6 });
    expect(accepts(applied(held, asked(OPERATOR, "")), asked(1_000_000_000).expects)).toBe(false);
  });

  it("ends with the term: released, revoked, or taken over", () => {
    const after = applied(held, asked(5));
    const ends = [
      release({ name: "jobs", holder: "ann", token: 7 }, { writeId: "w", ttl: 1, tick: undefined }),
      revoke(after, "w"),
      takeOver(term, after),
    ];
    for (const end of ends) {
      expect(accepts(after, end.expects), end.kind).toBe(true);
      expect(applied(after, end)).not.toHaveProperty("requestedBy");
      expect(applied(after, end)).not.toHaveProperty("requestedPriority");
    }
  });
});

describe("a revocation", () => {
  const everything = {
    ...held,
    value: "v",
    requestedBy: "bob",
    requestedPriority: 1,
    lockDelayMs: 9,
    tick: "t",
    ttl: 5,
  };

  it("vacates the term that was seen, whatever its revision, and takes along all that belongs to it", () => {
    const write = revoke(everything, "w-op");
    expect(accepts({ ...everything, revision: 99 }, write.expects)).toBe(true);
    const { name, token, transitions, durationMs, tick, ttl } = everything;
    expect(applied(everything, write)).toEqual({
      name,
      token,
      transitions,
      durationMs,
      tick,
      ttl,
      revision: 4,
      writeId: "w-op",
    });
  });

  it("leaves a later term, and a vacancy, alone", () => {
    const { expects } = revoke(held, "w-op");
    expect(accepts({ ...held, token: 8 }, expects)).toBe(false);
    expect(accepts({ ...held, holder: "cy" }, expects)).toBe(false);
    expect(accepts({ ...held, holder: undefined }, expects)).toBe(false);
  });

  it("makes the deposed holder's renewal and release impossible", () => {
    const after = applied(held, revoke(held, "w-op"));
    expect(accepts(after, renew(held, renewal).expects)).toBe(false);
    const mine = { name: "jobs", holder: "ann", token: 7 };
    expect(accepts(after, release(mine, { writeId: "w", ttl: 1, tick: undefined }).expects)).toBe(false);
  });
});

describe("a resumption", () => {
  it("goes on with the token, in the state that was seen, and begins no term", () => {
    const write = resume(held, { ...renewal, priority: 4, lockDelayMs: 30 });
    expect(write).toMatchObject({ kind: "resume", expects: { revision: 3, token: 7, holder: "ann" } });
    const after = { token: 7, revision: 4, transitions: 1, writeId: "w-4", priority: 4, lockDelayMs: 30 };
    expect(applied(held, write)).toMatchObject(after);
    expect(accepts({ ...held, revision: 4 }, write.expects)).toBe(false);
  });
});

describe("a reservation", () => {
  const mine = { name: "jobs", holder: "ann", token: 7 };
  const reserve = { for: "bob", ms: 3_000, now: epochMs(NOON), timed: true };
  const write = release(mine, { writeId: "w-5", ttl: 9, tick: undefined, reserve });

  it("is left by a release: for whom, until when, and how long", () => {
    const after = applied({ ...held, lockDelayMs: 5 }, write);
    expect(after).toMatchObject({ reservedFor: "bob", expiresAt: NOON + 3_000, durationMs: 3_000, token: 7 });
    for (const gone of ["holder", "priority", "lockDelayMs"]) expect(after).not.toHaveProperty(gone);
  });

  it("says no time where none is known", () => {
    const untimed = release(mine, {
      writeId: "w-5",
      ttl: 9,
      tick: undefined,
      reserve: { ...reserve, timed: false },
    });
    expect(applied(held, untimed)).not.toHaveProperty("expiresAt");
    expect(applied(held, untimed)).toMatchObject({ reservedFor: "bob", durationMs: 3_000 });
  });

  it("for a label keeps out every claim but those that bear it", () => {
    const forAll = { ...reserve, for: reservedForAll("eu") };
    const after = applied(held, release(mine, { writeId: "w-5", ttl: 9, tick: undefined, reserve: forAll }));
    expect(accepts(after, claim({ ...term, affinity: "eu" }).expects)).toBe(true);
    for (const other of [term, { ...term, affinity: "us" }, { ...term, holder: "eu" }]) {
      expect(accepts(after, claim(other).expects)).toBe(false);
    }
  });

  it("keeps out every claim but that of the one it names, and ends with the term that follows", () => {
    const after = applied(held, write);
    expect(accepts(after, claim({ ...term, holder: "cy" }).expects)).toBe(false);
    expect(accepts(after, claim(term).expects)).toBe(true);
    expect(applied(after, claim(term))).not.toHaveProperty("reservedFor");
    expect(applied(after, takeOver({ ...term, holder: "cy" }, after))).not.toHaveProperty("reservedFor");
  });
});

describe("a new term", () => {
  it("says how strong its holder is and how long it is closed after a crash, unless that is nothing", () => {
    const strong = claim({ ...term, priority: -4, lockDelayMs: 60 });
    expect(applied(undefined, strong)).toMatchObject({
      priority: -4,
      lockDelayMs: 60,
      durationMs: term.durationMs + 60,
    });
    const plain = applied({ ...held, lockDelayMs: 9 }, takeOver(term, held));
    expect(plain).not.toHaveProperty("priority");
    expect(plain).not.toHaveProperty("lockDelayMs");
  });
});

describe("who stands", () => {
  const standing = {
    writeId: "w-s",
    id: "bob/1",
    priority: 3,
    sequence: NOON,
    now: epochMs(NOON),
    forMs: 60_000,
    since: epochMs(NOON - 500),
  };

  it("is a row of its own beside the lease, which TTL clears an hour after it lapsed", () => {
    const write = register("jobs", standing);
    expect(write.row).toBe("candidate#bob/1");
    expect(applied(undefined, write)).toEqual({
      name: "jobs",
      row: "candidate#bob/1",
      holder: "bob/1",
      priority: 3,
      token: NOON,
      durationMs: 60_000,
      expiresAt: NOON + 60_000,
      renewedAt: NOON,
      acquiredAt: NOON - 500,
      ttl: (NOON + 60_000 + 3_600_000) / 1_000,
      revision: 1,
      transitions: 0,
      writeId: "w-s",
    });
  });

  it("is not undone by a late duplicate of an earlier registration", () => {
    const first = register("jobs", standing);
    const left = register("jobs", { ...standing, sequence: NOON + 1, forMs: -1_000 });
    const row = applied(applied(undefined, first), left);
    expect(row).toMatchObject({ durationMs: 0, expiresAt: NOON - 1_000 });
    expect(Number(row.ttl) * 1_000, "kept for a while all the same").toBeGreaterThan(NOON + 3_000_000);
    expect(accepts(row, first.expects)).toBe(false);
    expect(accepts(row, left.expects)).toBe(false);
  });
});

it("raises a mark for a later token, admits the same again, and refuses an earlier one", () => {
  const mark = applied(undefined, admit("table/row", "w-1", 7));
  expect(mark).toMatchObject({ name: "table/row", token: 7 });
  expect(admit("table/row", "w", 7).row).toBe("fence");
  expect(accepts(mark, admit("table/row", "w", 7).expects)).toBe(true);
  expect(accepts(mark, admit("table/row", "w", 8).expects)).toBe(true);
  expect(accepts(mark, admit("table/row", "w", 6).expects)).toBe(false);
});

describe("over any sequence of writes", () => {
  const KINDS = ["claim", "take-over", "resume", "renew", "release", "request", "revoke", "rewind"] as const;
  const steps = fc.array(fc.tuple(fc.constantFrom(...KINDS), fc.nat({ max: 2 }), fc.nat({ max: 3 })), {
    minLength: 2,
    maxLength: 25,
  });

  type Step = readonly [string, number, number];
  function writeOf([kind, who]: Step, record: LeaseRecord, now: number, id: string) {
    const request = { ...term, holder: `h-${who}`, writeId: id, now: epochMs(now) };
    const mine = { name: "jobs", holder: record.holder ?? "nobody", token: record.token };
    const reserve = { for: `h-${who}`, ms: 1 + who, now: epochMs(now), timed: true };
    const { tick: from = "" } = record;
    const writes: Record<string, LeaseWrite> = {
      claim: claim(request),
      "take-over": takeOver(request, record),
      resume: resume(record, { ...request, priority: who, lockDelayMs: who }),
      renew: renew(record, request),
      release: release(mine, { writeId: id, ttl: 1, tick: `t-${now}`, ...(who > 0 ? { reserve } : {}) }),
      request: requestTransfer(record, { writeId: id, by: `h-${who}`, priority: 1 + who }),
      revoke: revoke(record, id),
      rewind: rewind(record, {
        writeId: id,
        from,
        to: who > 0 && from > `s-${who}` ? `s-${who}` : undefined,
      }),
    };
    return writes[kind] as LeaseWrite;
  }

  it("no duplicate is ever applied again, and only what begins a term changes the token", () => {
    let applications = 0;
    fc.assert(
      fc.property(steps, (sequence) => {
        let record = held;
        let now = NOON;
        const done: LeaseWrite[] = [];
        for (const [at, step] of sequence.entries()) {
          now += step[2];
          const write = writeOf(step, record, now, `w-${at}`);
          if (!accepts(record, write.expects)) continue;
          const next = applied(record, write);
          if (write.beginsTerm) expect(next.token).toBeGreaterThan(record.token);
          else expect(next.token).toBe(record.token);
          expect(next.revision - record.revision).toBe(write.piggybacks ? 0 : 1);
          record = next;
          done.push(write);
          applications += 1;
          for (const earlier of done) expect(accepts(record, earlier.expects), earlier.kind).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
    expect(applications).toBeGreaterThan(1_000);
  });
});
