import { Duration, TimeZone } from "aws-cdk-lib";
import { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { longestGap } from "../../lib/cdk/schedule-gap.ts";
import { quietMs, windowOf } from "../../lib/cdk/silence.ts";

const cron = (fields: Parameters<typeof ScheduleExpression.cron>[0]): ScheduleExpression =>
  ScheduleExpression.cron(fields);

describe("the longest gap of a schedule", () => {
  it.each([
    ["a rate", ScheduleExpression.rate(Duration.minutes(5)), 5],
    ["every ten minutes", cron({ minute: "*/10" }), 10],
    ["at uneven minutes", cron({ minute: "0,10" }), 50],
    ["every minute", cron({}), 1],
    ["once a night", cron({ hour: "2", minute: "0" }), 24 * 60],
    ["on weekdays, over the weekend", cron({ weekDay: "MON-FRI", hour: "2", minute: "0" }), 72 * 60],
    ["in office hours", cron({ weekDay: "MON-FRI", hour: "9-17", minute: "0" }), 64 * 60],
    ["once a month, in the longest", cron({ day: "1", hour: "0", minute: "0" }), 31 * 24 * 60],
  ])("of one that fires %s is told in minutes", (_, schedule, minutes) => {
    expect(longestGap(schedule)?.toMinutes()).toBe(minutes);
  });

  it("allows an hour where clocks are set back, and none where they hardly matter", () => {
    const timeZone = TimeZone.EUROPE_BERLIN;
    expect(longestGap(cron({ hour: "2", minute: "0", timeZone }))?.toHours()).toBe(25);
    expect(longestGap(cron({ minute: "*/10", timeZone }))?.toMinutes()).toBe(10);
  });

  it("allows what the zone's clocks are set back by, and nothing where they never are", () => {
    const nightly = (zone: string) =>
      longestGap(cron({ hour: "2", minute: "0", timeZone: TimeZone.of(zone) }))?.toMinutes();
    expect(nightly("Antarctica/Troll")).toBe(26 * 60);
    expect(nightly("Australia/Lord_Howe")).toBe(24 * 60 + 30);
    expect(nightly("Asia/Tokyo")).toBe(24 * 60);
  });

  it.each([
    ["cron(0 * ? JAN-JUN * *)", 4_417 * 60],
    ["cron(* * 1-15 * ? *)", 16 * 24 * 60 + 1],
    ["cron(0 2,4 ? * MON *)", (7 * 24 - 2) * 60],
    ["cron(0 2 29 2 ? *)", 1_461 * 24 * 60],
    ["cron(0 2 29 2 ? 2026/1)", 8 * 365 * 24 * 60 + 24 * 60],
    ["cron(0 2 * * ? 2026,2028)", 366 * 24 * 60],
    ["cron(0 2 * * ? 2035)", 24 * 60],
    ["cron(0 2,3 24 12 ? 2026)", undefined],
    ["cron(0 2 31 2 ? *)", undefined],
  ])("of %s is the same on whatever day it is synthesized", (expression, minutes) => {
    vi.useFakeTimers();
    try {
      for (const day of ["2026-09-01", "2026-11-01", "2026-11-10"]) {
        vi.setSystemTime(`${day}T12:00:00Z`);
        expect(longestGap(ScheduleExpression.expression(expression))?.toMinutes(), day).toBe(minutes);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it("is not told of what fires once, or is in a form that is not understood", () => {
    expect(longestGap(ScheduleExpression.at(new Date("2030-01-01T00:00:00Z")))).toBeUndefined();
    expect(longestGap(ScheduleExpression.expression("often(1)"))).toBeUndefined();
  });
});

it("a window is longer than what may be silent, and no longer than CloudWatch looks back", () => {
  const minutes = fc.integer({ min: 1, max: 7 * 24 * 60 });
  fc.assert(
    fc.property(minutes, fc.integer({ min: 3, max: 900 }), (gap, timeoutS) => {
      const quiet = quietMs(Duration.minutes(gap), Duration.seconds(timeoutS), 1);
      const window = windowOf(quiet);
      if (window === undefined) {
        expect(quiet).toBeGreaterThan(6.9 * 86_400_000);
        return;
      }
      const periodS = window.period.toSeconds();
      const lastsS = periodS * window.periods;
      // A whole period has passed beside the time that may be silent, and no more than two.
      expect(lastsS * 1_000).toBeGreaterThanOrEqual(quiet + periodS * 1_000);
      expect(lastsS * 1_000).toBeLessThan(quiet + 2 * periodS * 1_000);
      expect(lastsS).toBeLessThanOrEqual(periodS < 3_600 ? 86_400 : 604_800);
    }),
    { numRuns: 200 },
  );
});
