import { Cron } from "croner";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EventCron, parseEventCron } from "../../lib/cdk/event-cron.ts";
import { findClash, readTimetable, type ScheduleText } from "../../lib/cdk/timetable.ts";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const NOW = Date.parse("2026-11-28T00:00:00Z");

function cron(body: string): EventCron {
  const parsed = parseEventCron(body);
  if (parsed === undefined) throw new Error(`cron(${body}) was not read`);
  return parsed;
}

/** The days of a span on which it fires, such as 2026-11-28. */
function days(body: string, from: string, to: string): string[] {
  const parsed = cron(body);
  const found: string[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) {
    if (parsed.firesOn(at / DAY_MS)) found.push(new Date(at).toISOString().slice(0, 10));
  }
  return found;
}

describe("a cron expression of EventBridge", () => {
  it("fires on dates, last days, and weekdays near a date", () => {
    expect(days("0 2 1,15 * ? *", "2026-11-01", "2026-12-31")).toEqual([
      "2026-11-01",
      "2026-11-15",
      "2026-12-01",
      "2026-12-15",
    ]);
    expect(days("0 2 L * ? *", "2027-01-01", "2027-04-30")).toEqual([
      "2027-01-31",
      "2027-02-28",
      "2027-03-31",
      "2027-04-30",
    ]);
    // 2026-11-01 is a Sunday, 2026-11-28 a Saturday; the nearest weekday stays within the month.
    expect(days("0 2 1W 11 ? 2026", "2026-01-01", "2027-12-31")).toEqual(["2026-11-02"]);
    expect(days("0 2 28W 11 ? 2026", "2026-01-01", "2027-12-31")).toEqual(["2026-11-27"]);
    expect(days("0 2 1W 8 ? 2026", "2026-01-01", "2027-12-31")).toEqual(["2026-08-03"]);
    expect(days("0 2 31W 1 ? 2027", "2026-01-01", "2027-12-31")).toEqual(["2027-01-29"]);
    expect(days("0 2 LW 1 ? 2027", "2026-01-01", "2027-12-31")).toEqual(["2027-01-29"]);
    expect(days("0 2 31W 2 ? *", "2026-01-01", "2028-12-31")).toEqual([]);
  });

  it("fires on weekdays counted from Sunday as 1, the nth and the last of a month", () => {
    expect(days("0 2 ? * 1 *", "2026-11-22", "2026-11-28")).toEqual(["2026-11-22"]);
    expect(days("0 2 ? * MON-FRI *", "2026-11-22", "2026-11-28")).toHaveLength(5);
    expect(days("0 2 ? * L *", "2026-11-22", "2026-11-28")).toEqual(["2026-11-28"]);
    expect(days("0 2 ? 11 6#3 *", "2026-11-01", "2026-11-30")).toEqual(["2026-11-20"]);
    expect(days("0 2 ? 11 FRIL *", "2026-11-01", "2026-11-30")).toEqual(["2026-11-27"]);
    expect(days("0 2 ? nov 6l 2026", "2025-01-01", "2027-11-30")).toEqual(["2026-11-27"]);
  });

  it("is not read where EventBridge documents no meaning", () => {
    for (const body of [
      "0 2 * * *",
      "0 2 * * ? * *",
      "0 2 32 * ? *",
      "0 2 0W * ? *",
      "0 2 ? 13 * *",
      "0 2 ? * 8 *",
      "0 2 ? * 0 *",
      "0 2 ? * 6#6 *",
      "0 2 ? * XYZ *",
      "0 2 ? * * 1969",
      "0 2 L-3 * ? *",
      "0 22-2 * * ? *",
      "? 2 * * ? *",
    ]) {
      expect(parseEventCron(body), body).toBeUndefined();
    }
  });

  it("agrees with another reader of cron on when it fires next", () => {
    const list = (min: number, max: number) =>
      fc
        .uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 })
        .map((values) => values.join(","));
    const field = (min: number, max: number) =>
      fc.oneof(
        fc.constant("*"),
        list(min, max),
        fc
          .tuple(fc.integer({ min, max }), fc.integer({ min, max }), fc.integer({ min: 1, max: 7 }))
          .map(([a, b, step]) => `${Math.min(a, b)}-${Math.max(a, b)}/${step}`),
      );
    const weekday = fc.constantFrom("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT");
    const day = fc.oneof(
      field(1, 31).map((date) => ({ aws: [date, "?"], other: [date, "*"] })),
      fc
        .constantFrom("L", "LW", "1W", "15W", "28W")
        .map((date) => ({ aws: [date, "?"], other: [date, "*"] })),
      weekday.map((name) => ({ aws: ["?", name], other: ["*", name] })),
      fc
        .tuple(weekday, fc.integer({ min: 1, max: 5 }))
        .map(([name, nth]) => ({ aws: ["?", `${name}#${nth}`], other: ["*", `${name}#${nth}`] })),
      weekday.map((name) => ({ aws: ["?", `${name}L`], other: ["*", `${name}#L`] })),
    );
    const when = fc.integer({ min: NOW, max: NOW + 4 * 365 * DAY_MS });
    fc.assert(
      fc.property(
        field(0, 59),
        field(0, 23),
        day,
        field(1, 12),
        when,
        (minute, hour, { aws, other }, month, at) => {
          const mine = readTimetable({
            expression: `cron(${minute} ${hour} ${aws[0]} ${month} ${aws[1]} *)`,
          });
          const others = new Cron(`0 ${minute} ${hour} ${other[0]} ${month} ${other[1]}`, {
            timezone: "UTC",
          });
          const next = others.nextRun(new Date(at - 1))?.getTime();
          if (mine === undefined) throw new Error("not read");
          // A schedule that floats can be due whenever the other is, so the clash is the other's next occurrence.
          const floating = readTimetable({ expression: "rate(1 minute)" });
          if (floating === undefined) throw new Error("not read");
          const found = findClash({ timetable: mine, neededMs: 1 }, { timetable: floating, neededMs: 1 }, at);
          // The other reader looks as far ahead as it likes, this one for 28 years.
          if (next === undefined || next < at + 20 * 365 * DAY_MS) expect(found?.first).toBe(next);
        },
      ),
      { numRuns: 300 },
    );
  });
});

function clash(
  one: ScheduleText | string,
  other: ScheduleText | string,
  neededMs = MINUTE_MS,
): string | undefined {
  const read = (text: ScheduleText | string) => {
    const timetable = readTimetable(typeof text === "string" ? { expression: text } : text);
    if (timetable === undefined) throw new Error(`${JSON.stringify(text)} was not read`);
    return { timetable, neededMs };
  };
  const found = findClash(read(one), read(other), NOW);
  const back = findClash(read(other), read(one), NOW);
  expect(back && { ...back, first: back.second, second: back.first }).toEqual(found);
  if (found === undefined) return undefined;
  const [first, second] = [found.first, found.second].map((at) => new Date(at).toISOString().slice(0, 16));
  return first === second ? first : `${first} and ${second}`;
}

describe("two schedules", () => {
  it("clash where both are due at one instant, the first from now on", () => {
    expect(clash("cron(0 2 * * ? *)", "cron(0 * * * ? *)")).toBe("2026-11-28T02:00");
    expect(clash("cron(0 2 * * ? *)", "cron(0 2 1 * ? *)")).toBe("2026-12-01T02:00");
    expect(clash("cron(0 2 ? * MON *)", "cron(0 2 29 2 ? *)")).toBe("2044-02-29T02:00");
    expect(clash("cron(0/15 * * * ? *)", "cron(5/10 * * * ? *)")).toBe("2026-11-28T00:15");
    expect(clash("cron(0 2 * * ? *)", "at(2026-12-24T02:00:00)")).toBe("2026-12-24T02:00");
    expect(clash("at(2026-12-24T02:00:00)", "at(2026-12-24T02:00:00)")).toBe("2026-12-24T02:00");
  });

  it("clash where one is due before the other's work can be over", () => {
    expect(clash("cron(0 2 * * ? *)", "cron(5 2 * * ? *)", 300_001)).toBe(
      "2026-11-28T02:00 and 2026-11-28T02:05",
    );
    expect(clash("cron(0 2 * * ? *)", "cron(5 2 * * ? *)", 300_000)).toBeUndefined();
    expect(clash("cron(59 23 31 12 ? *)", "cron(0 0 1 1 ? *)", 60_001)).toBe(
      "2026-12-31T23:59 and 2027-01-01T00:00",
    );
    expect(clash("cron(0 2 * * ? *)", "at(2026-12-24T02:01:30)", 90_001)).toBe(
      "2026-12-24T02:00 and 2026-12-24T02:01",
    );
    expect(clash("cron(0 2 * * ? *)", "at(2026-12-24T02:01:30)", 90_000)).toBeUndefined();
  });

  it("do not clash where no instant has both", () => {
    expect(clash("cron(0 2 * * ? *)", "cron(30 2 * * ? *)")).toBeUndefined();
    expect(clash("cron(0/2 * * * ? *)", "cron(1/2 * * * ? *)")).toBeUndefined();
    expect(clash("cron(0 2 ? * MON-FRI *)", "cron(0 2 ? * SAT,SUN *)")).toBeUndefined();
    expect(clash("cron(0 2 * * ? *)", "cron(0 2 * * ? 2025)")).toBeUndefined();
    expect(clash("cron(0 2 * * ? *)", "at(2026-11-20T02:00:00)")).toBeUndefined();
  });

  it("are compared by instant, whatever their zones", () => {
    const zurich = { expression: "cron(0 3 * * ? *)", timeZone: "Europe/Zurich" };
    expect(clash(zurich, "cron(0 2 * * ? *)")).toBe("2026-11-28T02:00");
    expect(clash(zurich, "cron(0 1 * * ? *)")).toBe("2027-03-28T01:00");
    expect(clash(zurich, "cron(0 3 * * ? *)")).toBeUndefined();
    // Europe has set its clocks forward, America has not yet set them back: five hours apart instead of six.
    const newYork = { expression: "cron(0 22 * * ? *)", timeZone: "America/New_York" };
    expect(clash(zurich, newYork)).toBe("2027-03-15T02:00");
  });

  it("are not due at an hour that clocks skip, and may be at both that they repeat", () => {
    const skipped = { expression: "cron(30 2 28 3 ? 2027)", timeZone: "Europe/Zurich" };
    expect(clash(skipped, "cron(* * 28 3 ? 2027)")).toBeUndefined();
    const repeated = { expression: "cron(30 2 31 10 ? 2027)", timeZone: "Europe/Zurich" };
    expect(clash(repeated, "cron(30 0 31 10 ? *)")).toBe("2027-10-31T00:30");
    expect(clash(repeated, "cron(30 1 31 10 ? *)")).toBe("2027-10-31T01:30");
  });

  it("clash by a time that clocks repeat only if nothing else makes them, and that is told", () => {
    const demand = (text: ScheduleText | string) => {
      const timetable = readTimetable(typeof text === "string" ? { expression: text } : text);
      if (timetable === undefined) throw new Error("not read");
      return { timetable, neededMs: MINUTE_MS };
    };
    const told = (one: ScheduleText | string, other: ScheduleText | string) => {
      const found = findClash(demand(one), demand(other), NOW);
      return found && [new Date(found.first).toISOString().slice(0, 16), found.byRepeatedTime];
    };
    const nightly = { expression: "cron(30 2 * * ? *)", timeZone: "Europe/Zurich" };
    expect(told(nightly, "cron(30 0 31 10 ? 2027)")).toEqual(["2027-10-31T00:30", true]);
    expect(told("cron(30 1 31 10 ? 2027)", nightly)).toEqual(["2027-10-31T01:30", true]);
    expect(told({ ...nightly, expression: "at(2027-10-31T02:30:00)" }, "cron(30 1 * * ? *)")).toEqual([
      "2027-10-31T01:30",
      true,
    ]);
    // The summer before has it without repetition; the clash is told by the first that is sure.
    expect(told(nightly, "cron(30 0 30,31 10 ? 2027)")).toEqual(["2027-10-30T00:30", undefined]);
    // Whichever of the two instants it is, it is the same for both.
    expect(told(nightly, { ...nightly, expression: "cron(30 2 31 10 ? 2027)" })).toEqual([
      "2027-10-31T00:30",
      undefined,
    ]);
  });

  it("can clash whenever one of them counts from its deployment", () => {
    expect(clash("rate(1 day)", "cron(0 2 * * ? *)")).toBe("2026-11-28T02:00");
    expect(clash("rate(1 hour)", "rate(7 days)")).toBe("2026-11-28T00:00");
    expect(clash("rate(1 hour)", "at(2026-11-20T02:00:00)")).toBeUndefined();
  });

  it("clash within the time in which both fire, and not outside of it", () => {
    const until = { expression: "cron(0 2 * * ? *)", end: "2026-12-01T02:00:00.000Z" };
    expect(clash(until, "cron(0 2 1 * ? *)")).toBe("2026-12-01T02:00");
    expect(clash({ ...until, end: "2026-12-01T01:59:59.000Z" }, "cron(0 2 1 * ? *)")).toBeUndefined();
    const from = { expression: "cron(0 2 1 * ? *)", start: "2026-12-01T02:00:01Z" };
    expect(clash("cron(0 2 * * ? *)", from)).toBe("2027-01-01T02:00");
    expect(clash(until, { expression: "rate(1 day)", start: "2026-12-02T00:00:00Z" })).toBeUndefined();
    expect(clash({ expression: "rate(1 day)", end: "2026-11-01T00:00:00Z" }, "rate(1 day)")).toBeUndefined();
  });
});

describe("a schedule that cannot be read", () => {
  it("is never guessed", () => {
    for (const text of [
      // oxlint-disable-next-line no-template-curly-in-string -- what a token looks like
      { expression: "${Token[TOKEN.1]}" },
      { expression: "rate(0 minutes)" },
      { expression: "rate(5 weeks)" },
      { expression: "at(tomorrow)" },
      { expression: "cron(0 22-2 * * ? *)" },
      { expression: "cron(0 2 * * ? *)", timeZone: "Mars/Olympus" },
      { expression: "cron(0 2 * * ? *)", start: "soon" },
      { expression: "rate(1 day)", end: "late" },
    ]) {
      expect(readTimetable(text), JSON.stringify(text)).toBeUndefined();
    }
  });
});
