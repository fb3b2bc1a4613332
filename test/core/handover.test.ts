import { describe, expect, it } from "vitest";
import { shouldRequest, type Departure, accepts, reservationOf } from "../../lib/core/handover.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";

const held: LeaseRecord = {
  name: "jobs",
  holder: "ann",
  token: 7,
  revision: 3,
  transitions: 1,
  writeId: "w-3",
  durationMs: 10_000,
};
/** 2^53 - 1, as docs/protocol.md says. */
const OPERATOR = 9_007_199_254_740_991;

describe("a holder", () => {
  const settled = { priority: 5, ledMs: 60_000, minTermMs: 10_000, holdAtLeastMs: 0 };

  it("has nothing to accept while nobody asked", () => {
    expect(accepts(held, settled)).toBe(false);
    expect(accepts({ ...held, requestedPriority: OPERATOR }, settled), "a priority without a name").toBe(
      false,
    );
  });

  it("accepts a stronger candidate, and neither its equal nor a weaker one", () => {
    const asked = (requestedPriority: number) => ({ ...held, requestedBy: "bob", requestedPriority });
    expect(accepts(asked(6), settled)).toBe(true);
    expect(accepts(asked(5), settled)).toBe(false);
    expect(accepts(asked(4), settled)).toBe(false);
  });

  it("accepts a stronger candidate once its term has settled, not a moment before", () => {
    const asked = { ...held, requestedBy: "bob", requestedPriority: 6 };
    expect(accepts(asked, { ...settled, ledMs: 9_999 })).toBe(false);
    expect(accepts(asked, { ...settled, ledMs: 10_000 })).toBe(true);
    expect(accepts(asked, { ...settled, ledMs: 0, minTermMs: 0 })).toBe(true);
  });

  it("accepts an operator at once, whatever its own priority, and also one who names nobody", () => {
    const just = { priority: 1_000_000_000, ledMs: 0, minTermMs: 86_400_000, holdAtLeastMs: 0 };
    for (const requestedBy of ["", "bob"]) {
      expect(accepts({ ...held, requestedBy, requestedPriority: OPERATOR }, just)).toBe(true);
    }
  });

  it("accepts nobody within its minimum hold, the operator included", () => {
    for (const requestedPriority of [6, OPERATOR]) {
      const asked = { ...held, requestedBy: "bob", requestedPriority };
      expect(accepts(asked, { ...settled, holdAtLeastMs: 60_001 })).toBe(false);
      expect(accepts(asked, { ...settled, holdAtLeastMs: 60_000 })).toBe(true);
    }
  });

  it("takes a request without a priority for one of priority 0", () => {
    expect(accepts({ ...held, requestedBy: "bob" }, { ...settled, priority: -1 })).toBe(true);
    expect(accepts({ ...held, requestedBy: "bob" }, { ...settled, priority: 0 })).toBe(false);
  });
});

describe("a candidate that stands by", () => {
  it("asks a weaker holder; a holder that names no priority has 0", () => {
    expect(shouldRequest(held, 1)).toBe(true);
    expect(shouldRequest(held, 0)).toBe(false);
    expect(shouldRequest(held, -1)).toBe(false);
    expect(shouldRequest({ ...held, priority: -3 }, -2)).toBe(true);
    expect(shouldRequest({ ...held, priority: 3 }, 3)).toBe(false);
  });

  it("asks nobody for a lease that nobody holds, reserved or not", () => {
    expect(shouldRequest({ ...held, holder: undefined }, 9)).toBe(false);
    expect(shouldRequest({ ...held, holder: undefined, reservedFor: "bob" }, 9)).toBe(false);
  });

  it("does not ask again what was asked as strongly, and outbids a weaker request", () => {
    const asked = { ...held, requestedBy: "bob", requestedPriority: 4 };
    expect(shouldRequest(asked, 4)).toBe(false);
    expect(shouldRequest(asked, 3)).toBe(false);
    expect(shouldRequest(asked, 5)).toBe(true);
    expect(shouldRequest({ ...asked, requestedPriority: OPERATOR }, 1_000_000_000)).toBe(false);
  });
});

describe("a vacated lease", () => {
  const departure: Departure = {
    holdAtLeastMs: 0,
    affinity: undefined,
    handover: undefined,
    reserveForMs: 10_000,
    ledMs: 5_000,
  };
  const to = { to: "bob", drainMs: 0 };
  const affinity = { label: "eu-west-1", forMs: 90_000 };

  it("is kept for nobody in particular unless something is said", () => {
    expect(reservationOf(departure)).toBeUndefined();
    expect(reservationOf({ ...departure, handover: { to: undefined, drainMs: 0 } })).toBeUndefined();
  });

  it("is kept for whom it is handed over to, for as long as was asked; not at all for 0 ms", () => {
    expect(reservationOf({ ...departure, handover: to })).toEqual({ for: "bob", ms: 10_000 });
    expect(reservationOf({ ...departure, handover: to, reserveForMs: 1 })).toEqual({ for: "bob", ms: 1 });
    expect(reservationOf({ ...departure, handover: to, reserveForMs: 0 })).toBeUndefined();
  });

  it("is kept for whoever shares its affinity, unless it is handed over", () => {
    expect(reservationOf({ ...departure, affinity })).toEqual({ for: "@eu-west-1", ms: 90_000 });
    expect(reservationOf({ ...departure, affinity, handover: to })).toEqual({ for: "bob", ms: 10_000 });
    const toAnyone = { to: undefined, drainMs: 0 };
    expect(reservationOf({ ...departure, affinity, handover: toAnyone })).toBeUndefined();
  });

  it("is closed to everybody for the rest of its minimum hold, in whole milliseconds rounded up", () => {
    const holds = { ...departure, holdAtLeastMs: 8_000, ledMs: 5_000.4 };
    for (const more of [{}, { affinity }, { handover: to }]) {
      expect(reservationOf({ ...holds, ...more })).toEqual({ for: "", ms: 3_000 });
    }
    expect(reservationOf({ ...holds, ledMs: 7_999.9 })).toEqual({ for: "", ms: 1 });
    expect(reservationOf({ ...holds, ledMs: 8_000 })).toBeUndefined();
    expect(reservationOf({ ...holds, ledMs: 8_000, handover: to })).toEqual({ for: "bob", ms: 10_000 });
  });
});
