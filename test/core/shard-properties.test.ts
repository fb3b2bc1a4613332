import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { revoke } from "../../lib/core/auxiliary-writes.ts";
import { accepts, applied } from "../../lib/core/execution.ts";
import type { LeaseWrite } from "../../lib/core/lease-write.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { abandonShard, bury, mayLand, proclaimShard, voidClaim } from "../../lib/core/shard-writes.ts";
import { epochMs } from "../../lib/core/units.ts";
import { claim, release, takeOver } from "../../lib/core/writes.ts";
import { NOON, shardRequest as request } from "./group-records.ts";

const KINDS = ["claim", "take-over", "release", "proclaim", "abandon", "void", "bury", "revoke"] as const;
type Kind = (typeof KINDS)[number];

/** A step of some holder on one row; the numbers choose what of, so that most are accepted. */
const steps = fc.array(
  fc.tuple(fc.constantFrom<Kind>(...KINDS), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 3 })),
  { minLength: 2, maxLength: 25 },
);

function writeOf(
  kind: Kind,
  who: number,
  record: LeaseRecord | undefined,
  now: number,
  id: string,
): LeaseWrite {
  // Two in three are for an occurrence, and as many releases say that it is done, or for whom the shard is kept.
  const tick = who === 0 ? undefined : `2026-01-0${who}`;
  const term = {
    ...request,
    holder: `h-${who}`,
    writeId: id,
    now: epochMs(now),
    sessionToken: 50 + who,
    tick,
  };
  if (kind === "void") return voidClaim(claim({ ...term, now: epochMs(now + who) }), id, 5);
  if (record === undefined || kind === "claim") return claim(term);
  if (kind === "take-over") return takeOver(term, record);
  if (kind === "proclaim") return proclaimShard(record, { writeId: id, now, value: who });
  if (kind === "abandon") return abandonShard({ ...claim(term), writeId: record.writeId }, id, 5);
  if (kind === "bury") return bury(record, { writeId: id, now: epochMs(now) });
  if (kind === "revoke") return revoke(record, id);
  const mine = { name: "jobs", row: "lease#a", holder: record.holder ?? "nobody", token: record.token };
  const reserve = { for: ["", "@eu", "h-1"][who] ?? "", ms: 9, now: epochMs(now), timed: true };
  return release(mine, { writeId: id, ttl: 1, tick, reserve });
}

describe("over any sequence of writes on a shard's or a session's row", () => {
  it("no duplicate of a write that was applied is ever applied again, and no token falls", () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        let record: LeaseRecord | undefined;
        let now = NOON;
        const done: LeaseWrite[] = [];
        for (const [at, [kind, who, forwardMs]] of sequence.entries()) {
          now += forwardMs;
          const write = writeOf(kind, who, record, now, `w-${at}`);
          if (!accepts(record, write.expects)) continue;
          const next: LeaseRecord = applied(record, write);
          expect(next.token).toBeGreaterThanOrEqual(record?.token ?? 0);
          if (write.beginsTerm) expect(next.token).toBeGreaterThan(record?.token ?? 0);
          record = next;
          done.push(write);
          for (const earlier of done) expect(accepts(record, earlier.expects), earlier.kind).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("a void gives any vacancy on which its claim may land the token, changes nothing else, and ends the matter", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 40 }), (sequence, ahead) => {
        let record: LeaseRecord | undefined;
        let now = NOON;
        for (const [at, [kind, who, forwardMs]] of sequence.entries()) {
          now += forwardMs;
          const term = { ...request, writeId: "lost", now: epochMs(NOON + ahead), tick: "2026-01-01" };
          const lost = record !== undefined && who === 0 ? takeOver(term, record) : claim(term);
          const turn = voidClaim(lost, "w-v", 77);
          const isDue = mayLand(lost, record) && record?.holder === undefined;
          expect(accepts(record, turn.expects)).toBe(isDue);
          if (isDue) {
            const next = applied(record, turn);
            const { token = 0 } = lost.set;
            expect(next).toMatchObject({ token, ttl: 77, writeId: "w-v" });
            const { revision } = next;
            if (record !== undefined)
              expect(next).toEqual({ ...record, token, ttl: 77, revision, writeId: "w-v" });
            for (const late of [lost, turn]) expect(accepts(next, late.expects)).toBe(false);
            expect(mayLand(lost, next)).toBe(false);
          }
          const write = writeOf(kind, who, record, now, `w-${at}`);
          if (accepts(record, write.expects)) record = applied(record, write);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("a claim that may not land by what was seen never lands afterwards", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 40 }), (sequence, ahead) => {
        let record: LeaseRecord | undefined;
        let now = NOON;
        const lost = claim({ ...request, writeId: "lost", now: epochMs(NOON + ahead) });
        let over = false;
        for (const [at, [kind, who, forwardMs]] of sequence.entries()) {
          now += forwardMs;
          over ||= !mayLand(lost, record);
          if (over) expect(accepts(record, lost.expects)).toBe(false);
          const write = writeOf(kind, who, record, now, `w-${at}`);
          if (accepts(record, write.expects)) record = applied(record, write);
        }
      }),
      { numRuns: 200 },
    );
  });
});
