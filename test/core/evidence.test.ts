import { describe, expect, it } from "vitest";
import { evidenceOfExpiry, type Sighting, sighted, watchLeftMs } from "../../lib/core/evidence.ts";
import type { LeaseRecord } from "../../lib/core/record.ts";
import { epochMs } from "../../lib/core/units.ts";
import { readingsFrom, TIMING } from "./timelines.ts";

const reading = readingsFrom(0, 0);

const record: LeaseRecord = {
  name: "jobs",
  holder: "ann",
  token: 7,
  revision: 3,
  transitions: 1,
  writeId: "w-3",
  durationMs: 10_000,
  expiresAt: epochMs(100_000),
};

const seen = (servedAt: number | undefined, firstSeen = 0): Sighting => ({
  record,
  firstSeen: reading(firstSeen),
  servedAt: servedAt === undefined ? undefined : epochMs(servedAt),
});

describe("by the service's clock", () => {
  it("never calls a term expired before the service's clock says so, grace included", () => {
    expect(evidenceOfExpiry(seen(101_499), reading(0), TIMING)).toBeUndefined();
    expect(evidenceOfExpiry(seen(101_500), reading(0), TIMING)).toBe("service-clock");
  });

  it("takes no notice of this process's wall clock", () => {
    expect(evidenceOfExpiry(seen(100_000), reading(0, 9e15), TIMING)).toBeUndefined();
    expect(evidenceOfExpiry(seen(101_500), reading(0, -9e15), TIMING)).toBe("service-clock");
  });

  it("has none without a header, and none against a record without an expiry", () => {
    expect(evidenceOfExpiry(seen(undefined), reading(0), TIMING)).toBeUndefined();
    const untimed = { ...seen(9e15), record: { ...record, expiresAt: undefined } };
    expect(evidenceOfExpiry(untimed, reading(0), TIMING)).toBeUndefined();
  });
});

describe("by observation", () => {
  // A watcher whose clock runs fast by ρ, of a holder whose clock runs slow by ρ.
  const needed = 10_000 * (1.005 / 0.995);

  it("needs the holder's whole duration, drift of both clocks included", () => {
    expect(evidenceOfExpiry(seen(undefined), reading(needed - 0.01), TIMING)).toBeUndefined();
    expect(evidenceOfExpiry(seen(undefined), reading(needed), TIMING)).toBe("observation");
    expect(watchLeftMs(seen(undefined), reading(4_000), TIMING)).toBeCloseTo(needed - 4_000, 6);
  });

  it("counts the monotonic clock alone: a wall clock that was set ahead proves nothing", () => {
    expect(evidenceOfExpiry(seen(undefined), reading(10, 3_600_000), TIMING)).toBeUndefined();
  });

  it("works against a record that has no expiry, and one whose expiry is years ahead", () => {
    const untimed = { ...seen(undefined), record: { ...record, expiresAt: undefined } };
    expect(evidenceOfExpiry(untimed, reading(needed), TIMING)).toBe("observation");
    const ahead = { ...seen(100_000), record: { ...record, expiresAt: epochMs(9e15) } };
    expect(evidenceOfExpiry(ahead, reading(needed), TIMING)).toBe("observation");
  });
});

describe("against a term with a lock-delay, and against a reservation", () => {
  const delayed = (servedAt: number | undefined) => ({
    ...seen(servedAt),
    record: {
      ...record,
      durationMs: record.durationMs + 30_000,
      expiresAt: epochMs((record.expiresAt ?? 0) + 30_000),
      lockDelayMs: 30_000,
    },
  });

  it("comes as much later as the lock-delay says, by the service's clock and by watching", () => {
    expect(evidenceOfExpiry(delayed(131_499), reading(0), TIMING)).toBeUndefined();
    expect(evidenceOfExpiry(delayed(131_500), reading(0), TIMING)).toBe("service-clock");
    const needed = 40_000 * (1.005 / 0.995);
    expect(evidenceOfExpiry(delayed(undefined), reading(needed - 0.01), TIMING)).toBeUndefined();
    expect(evidenceOfExpiry(delayed(undefined), reading(needed), TIMING)).toBe("observation");
  });

  it("comes by the same rules against a reservation", () => {
    const reserved = { ...record, holder: undefined, reservedFor: "bob" };
    const lapsed = { ...seen(101_500), record: reserved };
    expect(evidenceOfExpiry(lapsed, reading(0), TIMING)).toBe("service-clock");
    const lasting = { ...seen(101_499), record: reserved };
    expect(evidenceOfExpiry(lasting, reading(0), TIMING)).toBeUndefined();
    expect(evidenceOfExpiry(lasting, reading(10_102), TIMING)).toBe("observation");
  });
});

describe("a sighting", () => {
  it("of an unchanged record keeps the time of the first, and takes the latest header", () => {
    const second = sighted(seen(100_000, 5), { ...record }, reading(900), epochMs(101_000));
    expect(second.firstSeen.mono).toBe(5);
    expect(second.servedAt).toBe(101_000);
  });

  it("of an unchanged record without a header keeps the header it had", () => {
    expect(sighted(seen(100_000, 5), { ...record }, reading(900), undefined).servedAt).toBe(100_000);
  });

  it.each([
    ["revision", { revision: 4 }],
    ["token", { token: 8 }],
    ["write", { writeId: "w-other" }],
  ])("of another %s starts the watch anew, and forgets the header of the state before", (_, change) => {
    const next = sighted(seen(200_000, 5), { ...record, ...change }, reading(900), undefined);
    expect(next.firstSeen.mono).toBe(900);
    expect(next.servedAt).toBeUndefined();
  });

  it("does not start anew when a request to hand over piggybacks on the record", () => {
    const asked = { ...record, requestedBy: "bob", requestedPriority: 9 };
    expect(sighted(seen(100_000, 5), asked, reading(900), undefined).firstSeen.mono).toBe(5);
  });

  it("of a lease for the first time counts from its receipt", () => {
    expect(sighted(undefined, record, reading(900), epochMs(1)).firstSeen.mono).toBe(900);
  });
});
