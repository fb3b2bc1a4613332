import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accepts, applied } from "../../lib/core/execution.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { epochMs } from "../../lib/core/units.ts";
import type { LeaseWrite } from "../../lib/core/lease-write.ts";
import {
  abandon,
  claim,
  correct,
  release,
  renew,
  takeOver,
  type TermRequest,
  ttlOf,
} from "../../lib/core/writes.ts";

const NOON = 1_767_268_800_000;
const MONTH_MS = 30 * 86_400_000;

const request: TermRequest = {
  name: "jobs",
  holder: "ann/1",
  writeId: "w-1",
  now: epochMs(NOON),
  durationMs: 15_000,
  timed: true,
  retentionMs: MONTH_MS,
  tick: undefined,
  claimsTick: false,
};

const held: LeaseRecord = {
  name: "jobs",
  holder: "bob/1",
  token: NOON - 50_000,
  revision: 9,
  transitions: 4,
  writeId: "w-0",
  durationMs: 10_000,
  expiresAt: epochMs(NOON - 30_000),
  acquiredAt: epochMs(NOON - 50_000),
  renewedAt: epochMs(NOON - 40_000),
  value: "old",
  tick: "2026-01-01T00:00:00Z",
  ttl: 1,
};

describe("a claim", () => {
  it("makes a new term of a lease without a record, with its own time as the token", () => {
    expect(applied(undefined, claim(request))).toEqual({
      name: "jobs",
      holder: "ann/1",
      token: NOON,
      revision: 1,
      transitions: 1,
      writeId: "w-1",
      durationMs: 15_000,
      expiresAt: NOON + 15_000,
      acquiredAt: NOON,
      renewedAt: NOON,
      ttl: (NOON + 15_000 + MONTH_MS) / 1_000,
    });
  });

  it("is accepted by a vacancy with a lower token, and by nothing else", () => {
    const { expects } = claim(request);
    const vacant = { ...held, holder: undefined };
    expect(accepts(undefined, expects)).toBe(true);
    expect(accepts(vacant, expects)).toBe(true);
    expect(accepts(held, expects)).toBe(false);
    expect(accepts({ ...vacant, token: NOON }, expects)).toBe(false);
    expect(accepts({ ...vacant, token: NOON - 1 }, expects)).toBe(true);
  });

  it("drops what the last leader proclaimed, and keeps the tick that was done", () => {
    const next = applied({ ...held, holder: undefined }, claim(request));
    expect(next).not.toHaveProperty("value");
    expect(next.tick).toBe("2026-01-01T00:00:00Z");
    expect(next).toMatchObject({ revision: 10, transitions: 5 });
  });

  it("writes no expiry where responses carry no time, and removes one that is there", () => {
    expect(applied(held, claim({ ...request, timed: false }))).not.toHaveProperty("expiresAt");
  });

  it("for a tick demands that it is not done; it marks it done only when it claims it", () => {
    const forTick = { ...request, tick: "2026-01-01T00:00:00Z" };
    const vacant = { ...held, holder: undefined };
    expect(accepts(vacant, claim(forTick).expects)).toBe(false);
    expect(accepts({ ...vacant, tick: undefined }, claim(forTick).expects)).toBe(true);
    expect(accepts({ ...vacant, tick: "2025-12-31T23:55:00Z" }, claim(forTick).expects)).toBe(true);
    expect(applied(undefined, claim(forTick))).not.toHaveProperty("tick");
    expect(applied(undefined, claim({ ...forTick, claimsTick: true })).tick).toBe(forTick.tick);
    expect(applied(undefined, claim({ ...request, claimsTick: true }))).not.toHaveProperty("tick");
  });
});

describe("a take-over", () => {
  it("is accepted by the very state that was seen, and by no other, of a row made anew neither", () => {
    const { expects } = takeOver(request, held);
    expect(accepts(held, expects)).toBe(true);
    expect(accepts({ ...held, revision: 10 }, expects)).toBe(false);
    expect(accepts({ ...held, token: held.token + 1 }, expects)).toBe(false);
    expect(accepts(undefined, expects)).toBe(false);
  });

  it("makes a token above the one before, and no lower than its time", () => {
    expect(applied(held, takeOver(request, held)).token).toBe(NOON);
    const ahead = { ...held, token: NOON + 7 };
    expect(applied(ahead, takeOver(request, ahead)).token).toBe(NOON + 8);
    const same = { ...held, token: NOON };
    expect(applied(same, takeOver(request, same)).token).toBe(NOON + 1);
  });
});

describe("a renewal", () => {
  const renewal = {
    writeId: "w-9",
    now: epochMs(NOON),
    durationMs: 10_000,
    timed: true,
    retentionMs: MONTH_MS,
  };

  it("extends the term and touches neither its token, its holder, its beginning nor its value", () => {
    const next = applied(held, renew(held, renewal));
    expect(next).toEqual({
      ...held,
      revision: 10,
      writeId: "w-9",
      expiresAt: NOON + 10_000,
      renewedAt: NOON,
      ttl: (NOON + 10_000 + MONTH_MS) / 1_000,
    });
  });

  it("is accepted by the revision that its holder made, and by no other", () => {
    const { expects } = renew(held, renewal);
    expect(accepts(held, expects)).toBe(true);
    expect(accepts({ ...held, revision: 10 }, expects)).toBe(false);
    expect(accepts({ ...held, token: 1 }, expects)).toBe(false);
    expect(accepts(undefined, expects)).toBe(false);
    const freed = { ...held, holder: undefined };
    expect(accepts(freed, expects), "not after somebody removed the holder by hand").toBe(false);
    expect(accepts({ ...held, holder: "eve" }, expects)).toBe(false);
  });

  it("proclaims a value, any value, and removes it on request", () => {
    for (const value of ["x", 0, false, null, ""]) {
      expect(applied(held, renew(held, { ...renewal, value: { is: value } })).value).toBe(value);
    }
    const removed = applied(held, renew(held, { ...renewal, value: { is: undefined } }));
    expect(removed).not.toHaveProperty("value");
  });

  it("as a correction replaces the token and the beginning, too", () => {
    const next = applied(held, correct(held, renewal, 42));
    expect(next).toMatchObject({ token: 42, acquiredAt: NOON, expiresAt: NOON + 10_000, transitions: 4 });
  });
});

describe("a release", () => {
  it("vacates its own term alone, and keeps the token", () => {
    const write = release(
      { name: "jobs", holder: "bob/1", token: held.token },
      { writeId: "w", ttl: 5, tick: undefined },
    );
    expect(accepts(held, write.expects)).toBe(true);
    expect(accepts({ ...held, holder: "eve" }, write.expects)).toBe(false);
    expect(accepts({ ...held, token: held.token + 1 }, write.expects)).toBe(false);
    expect(accepts({ ...held, revision: 77 }, write.expects), "after any renewal of its own").toBe(true);
    const next = applied(held, write);
    expect(next).toMatchObject({ token: held.token, revision: 10, tick: held.tick, ttl: 5 });
    for (const gone of ["holder", "expiresAt", "value"]) expect(next).not.toHaveProperty(gone);
  });

  it("marks its tick as done where there is one", () => {
    const mine = { name: "jobs", holder: "bob/1", token: held.token };
    expect(applied(held, release(mine, { writeId: "w", ttl: 5, tick: "z" })).tick).toBe("z");
  });

  it("of a claim nobody was told of vacates what that very write made, and nothing later", () => {
    const write = abandon("jobs", "w-0", "w-undo");
    expect(accepts(held, write.expects)).toBe(true);
    expect(accepts({ ...held, writeId: "w-later" }, write.expects)).toBe(false);
    expect(applied(held, write)).not.toHaveProperty("holder");
    expect(applied(held, write).token).toBe(held.token);
  });
});

it("lets TTL delete a row only after the retention, in whole seconds, and never within a term", () => {
  expect(ttlOf(epochMs(1_000_000), 15_000, 60_000)).toBe(1_075);
  expect(ttlOf(epochMs(1_000_001), 15_000, 60_000), "rounded up").toBe(1_076);
  expect(ttlOf(epochMs(NOON), 15_000, MONTH_MS) * 1_000).toBeGreaterThan(NOON + 15_000);
});

/** A step of some candidate; the numbers choose what of, so that most are accepted. */
type Step = readonly [kind: LeaseWrite["kind"], who: number, forwardMs: number];

const steps = fc.array(
  fc.tuple(
    fc.constantFrom<LeaseWrite["kind"]>("claim", "take-over", "renew", "correct", "release", "abandon"),
    fc.integer({ min: 0, max: 2 }),
    fc.integer({ min: 0, max: 3 }),
  ),
  { minLength: 2, maxLength: 25 },
);

function writeOf([kind, who]: Step, record: LeaseRecord | undefined, now: number, id: string): LeaseWrite {
  const term: TermRequest = { ...request, holder: `h-${who}`, writeId: id, now: epochMs(now) };
  const again = { ...term, value: undefined };
  if (record === undefined || kind === "claim") return claim(term);
  if (kind === "take-over") return takeOver(term, record);
  if (kind === "renew") return renew(record, again);
  if (kind === "correct") return correct(record, again, record.token + who);
  if (kind === "abandon") return abandon("jobs", record.writeId, id);
  const mine = { name: "jobs", holder: record.holder ?? "nobody", token: record.token };
  return release(mine, { writeId: id, ttl: 1, tick: undefined });
}

describe("over any sequence of writes", () => {
  it("no duplicate of a write that was applied is ever applied again, however late it arrives", () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        let record: LeaseRecord | undefined;
        let now = NOON;
        const done: LeaseWrite[] = [];
        for (const [at, step] of sequence.entries()) {
          now += step[2];
          const write = writeOf(step, record, now, `w-${at}`);
          if (!accepts(record, write.expects)) continue;
          record = applied(record, write);
          done.push(write);
          for (const earlier of done) expect(accepts(record, earlier.expects), earlier.kind).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("revisions rise by one, terms only begin with a higher token, and no other write moves it down", () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        let record: LeaseRecord | undefined;
        for (const [at, step] of sequence.entries()) {
          const write = writeOf(step, record, NOON + at, `w-${at}`);
          if (!accepts(record, write.expects)) continue;
          const next = applied(record, write);
          expect(next.revision).toBe((record?.revision ?? 0) + 1);
          if (write.beginsTerm) expect(next.token).toBeGreaterThan(record?.token ?? 0);
          else expect(next.token).toBeGreaterThanOrEqual(record?.token ?? 0);
          record = next;
        }
      }),
    );
  });

  it("a late duplicate of a claim whose token was corrected downwards can only begin a term with a higher token", () => {
    // The one duplicate that can be applied: the correction took the token below the claim's own bound.
    const first = claim({ ...request, now: epochMs(NOON + 600_000) });
    const claimed = applied(undefined, first);
    const corrected = applied(claimed, correct(claimed, { ...request, writeId: "w-2" }, NOON));
    const mine = { name: "jobs", holder: "ann/1", token: NOON };
    const released = applied(corrected, release(mine, { writeId: "w-3", ttl: 1, tick: undefined }));
    expect(accepts(corrected, first.expects), "never while the term lasts").toBe(false);
    expect(accepts(released, first.expects)).toBe(true);
    expect(applied(released, first).token).toBeGreaterThan(released.token);
  });
});
