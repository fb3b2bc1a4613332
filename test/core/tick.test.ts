import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assertNotAhead, parseTick } from "../../lib/core/tick.ts";
import { epochMs } from "../../lib/core/units.ts";
import { leaseErrorIn } from "../support/failures.ts";

/** An instant of the years that text can tell, told with some offset. */
const instants = fc.date({
  min: new Date("1970-01-02T00:00:00Z"),
  max: new Date("9999-12-30T00:00:00Z"),
  noInvalidDate: true,
});
const offsets = fc.integer({ min: -14 * 60, max: 14 * 60 });

function told(at: Date, offsetMinutes: number): string {
  const local = new Date(at.getTime() + offsetMinutes * 60_000).toISOString().slice(0, -1);
  const [hours, minutes] = [Math.trunc(Math.abs(offsetMinutes) / 60), Math.abs(offsetMinutes) % 60];
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${local}${offsetMinutes < 0 ? "-" : "+"}${two(hours)}:${two(minutes)}`;
}

describe("a tick", () => {
  it("is one and the same however its instant is told, and sorts as time does", () => {
    fc.assert(
      fc.property(instants, instants, offsets, (one, other, offset) => {
        expect(parseTick(told(one, offset))).toBe(one.toISOString());
        expect(parseTick(one)).toBe(one.toISOString());
        expect(parseTick(one) < parseTick(told(other, offset))).toBe(one < other);
      }),
    );
  });

  it.each([
    ["2026-01-31T02:00Z", "2026-01-31T02:00:00.000Z"],
    ["2026-01-31T02:00:00Z", "2026-01-31T02:00:00.000Z"],
    ["2026-01-31T02:00:00.5Z", "2026-01-31T02:00:00.500Z"],
    ["2026-01-31T02:00:00.123000000Z", "2026-01-31T02:00:00.123Z"],
    ["2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000Z"],
    ["2024-02-29T23:00:00-02:00", "2024-03-01T01:00:00.000Z"],
    ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
  ])("that is told as %s is %s", (as, canonical) => {
    expect(parseTick(as)).toBe(canonical);
    expect(parseTick(canonical)).toBe(canonical);
  });

  it.each([
    ["text", "test"],
    ["a word", "now"],
    ["a time of day", "09:00"],
    ["a name", "job-10"],
    ["empty", ""],
    ["a placeholder that nobody filled in", "<aws.scheduler.scheduled-time>"],
    ["a number", 1_767_225_600_000],
    ["a number as text", "1767225600000"],
    ["null", null],
    ["an object", {}],
    ["an object without a text", Object.create(null)],
    ["a day", "2026-01-31"],
    ["a time without its offset", "2026-01-31T02:00:00"],
    ["a day that there is not", "2026-02-30T00:00:00Z"],
    ["an hour that there is not", "2026-01-31T24:00:00Z"],
    ["a leap second", "2026-06-30T23:59:60Z"],
    ["an offset that there is not", "2026-01-31T02:00:00+24:00"],
    ["followed by something", "2026-01-31T02:00:00Z\n"],
    ["no date", new Date(Number.NaN)],
    ["before 1970", "1969-12-31T23:59:59Z"],
    ["before 1970 by its offset", "1970-01-01T00:00:00+01:00"],
    ["after 9999 by its offset", "9999-12-31T23:59:59-01:00"],
    ["beyond 9999", new Date(8.64e15)],
    ["finer than a millisecond", "2026-01-31T02:00:00.0001Z"],
  ])("is an instant, not %s", (_, value) => {
    expect(leaseErrorIn(() => parseTick(value), "INVALID_ARGUMENT").message).toMatch(
      /^tick must be .*, not /,
    );
  });

  it("names the option that it was given for", () => {
    expect(leaseErrorIn(() => parseTick("x", "lastTick"), "INVALID_ARGUMENT").message).toMatch(/^lastTick /);
  });

  it("may be a day ahead of the time and no more, and any time behind", () => {
    const now = epochMs(Date.parse("2026-01-01T00:00:00Z"));
    for (const tick of [undefined, "1970-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"]) {
      expect(() => assertNotAhead(tick, now, "jobs")).not.toThrow();
    }
    const late = () => assertNotAhead("2026-01-02T00:00:00.001Z", now, "jobs");
    const { message, lease } = leaseErrorIn(late, "INVALID_ARGUMENT");
    expect(lease).toBe("jobs");
    expect(message).toMatch(/tick 2026-01-02T00:00:00\.001Z.*2026-01-01T00:00:00\.000Z/);
  });
});
