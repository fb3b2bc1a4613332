import { describe, expect, it } from "vitest";
import { changeOf, lineOfChange } from "../../lib/cli/lease-changes.ts";
import { type LeaseState, stateOf } from "../../lib/core/record.ts";
import type { EpochMs } from "../../lib/core/units.ts";

const at = (ms: number): EpochMs => ms as EpochMs;

/** A lease of ten seconds, renewed at 1,000. */
function lease(record: object = {}, expired = false): LeaseState {
  const row = { name: "w", token: 5, revision: 1, durationMs: 10_000, writeId: "x", transitions: 3 };
  const times = { acquiredAt: at(0), renewedAt: at(1_000), expiresAt: at(11_000) };
  return stateOf("w", { ...row, holder: "Y", ...times, ...record }, expired);
}
const vacant = (record: object = {}): LeaseState =>
  lease({ holder: undefined, acquiredAt: undefined, renewedAt: undefined, expiresAt: undefined, ...record });
const successor = (acquiredAt: number, record: object = {}): LeaseState =>
  lease({ holder: "X", token: 6, transitions: 4, acquiredAt: at(acquiredAt), ...record });

function told(previous: LeaseState | undefined, state: LeaseState, intervalMs = 2_000): string | undefined {
  const change = changeOf(previous, state, intervalMs);
  return change && `${change.kind}: ${lineOfChange(change)}`;
}

describe("a change between two looks", () => {
  it("is a line about who leads", () => {
    expect(told(undefined, lease())).toBe("seen: w held by Y token 5");
    expect(told(undefined, lease({}, true))).toBe("seen: w expired under Y token 5");
    expect(told(undefined, vacant({ reservedFor: "Z" }))).toBe("seen: w vacant, kept for Z");
    expect(told(vacant(), successor(2_000))).toBe("acquired: w held by X token 6 (was vacant)");
    expect(told(lease(), vacant())).toBe("released: w vacant (was Y, released)");
    expect(told(lease(), lease({}, true))).toBe("expired: w expired under Y token 5: anyone may take over");
    expect(told(lease(), lease({ requestedBy: "Z" }))).toBe(
      "requested: w held by Y token 5, which was asked to hand over to Z",
    );
  });

  it("says that a term was taken over only where its holder would have been seen to renew", () => {
    expect(told(lease(), successor(10_999))).toBe("acquired: w held by X token 6 (was Y, released)");
    expect(told(lease(), successor(12_500))).toBe("acquired: w held by X token 6 (was Y, taken over)");
    expect(told(lease({}, true), successor(12_500), 60_000)).toContain("(was Y, taken over)");
    expect(told(lease(), successor(12_500), 60_000)).toBe("acquired: w held by X token 6 (was Y)");
    expect(told(lease(), successor(12_500, { transitions: 5 }))).toBe(
      "acquired: w held by X token 6 (was Y)",
    );
  });

  it("tells of ticks and of what is proclaimed, also beside a release", () => {
    const tick = "2026-01-31T02:00:00.000Z";
    expect(told(lease(), vacant({ tick }))).toBe(`released: w vacant (was Y, released); last tick ${tick}`);
    expect(told(vacant({ tick }), vacant())).toBe("updated: w vacant; no tick any more");
    expect(told(lease(), lease({ value: { a: "\u001b" } }))).toBe(
      String.raw`updated: w held by Y token 5; proclaims {"a":"\u001b"}`,
    );
  });

  it("has the beginning of a long value only", () => {
    expect(told(lease(), lease({ value: "v".repeat(300_000) }))).toMatch(/proclaims "v{199}…$/);
  });

  it("is a renewal where nothing else changed, and nothing where nobody leads", () => {
    expect(told(lease(), lease({ revision: 2 }))).toBe("renewed: w renewed by Y token 5");
    expect(told(vacant(), vacant({ revision: 2 }))).toBeUndefined();
  });
});
