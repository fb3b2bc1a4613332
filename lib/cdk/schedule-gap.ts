import { Duration } from "aws-cdk-lib";
import type { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import { CYCLE_DAYS, dayOfYear, type EventCron } from "./event-cron.ts";
import { schedulePeriod } from "./schedule-period.ts";
import { shiftsOf } from "./time-zone.ts";
import { type Calendar, readTimetable } from "./timetable.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * The longest time from one occurrence of a schedule to the next, on whatever day that is asked; `undefined` for what fires once, or
 * on one day alone, or cannot be read.
 */
export function longestGap({ expressionString, timeZone }: ScheduleExpression): Duration | undefined {
  const zone = timeZone?.timezoneName;
  const timetable = readTimetable({ expression: expressionString, timeZone: zone });
  const ms =
    timetable?.kind === "calendar" ? longestGapMs(timetable) : repeatsAfterMs(expressionString, zone);
  return ms === undefined ? undefined : Duration.millis(ms);
}

/** How far apart a `rate()` is, in ms. */
function repeatsAfterMs(expression: string, zone: string | undefined): number | undefined {
  const period = schedulePeriod(expression, zone);
  return period.kind === "repeats" ? period.atLeastMs : undefined;
}

/**
 * The longest time from one occurrence of a calendar to the next, in ms; undefined for what is not due on two days. Told by the wall
 * clock, with the most that the zone's clocks are set back by added where that may come in between. An occurrence that is skipped
 * when they are set forward is no gap that is allowed for.
 */
function longestGapMs({ cron, zone }: Calendar): number | undefined {
  const days = longestDays(cron);
  if (days === undefined) return undefined;
  const times = [...cron.timesOfDay].map((minutes) => minutes * MINUTE_MS);
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const withinADay = times.map((time, nth) => time - (times[nth - 1] ?? time));
  const longestMs = Math.max(days * DAY_MS - (last - first), ...withinADay);
  const { backMs } = shiftsOf(zone);
  return longestMs >= backMs ? longestMs + backMs : longestMs;
}

/**
 * How many days lie between two days in a row on which it fires, at most. All years count in which it may fire, those that are over
 * too; where these are all there are, the 28 after which the calendar repeats (until 2100).
 */
function longestDays({ firesOn, years }: EventCron): number | undefined {
  const beginsIn = years?.[0] ?? 2000;
  const begin = dayOfYear(beginsIn);
  const end = years === undefined ? begin + CYCLE_DAYS : dayOfYear((years.at(-1) ?? beginsIn) + 1);
  let longest = 0;
  let [first, before]: (number | undefined)[] = [];
  for (let day = begin; day < end; day += 1) {
    if (!firesOn(day)) continue;
    longest = Math.max(longest, day - (before ?? day));
    first ??= day;
    before = day;
  }
  if (first === undefined || before === undefined) return undefined;
  if (years === undefined) longest = Math.max(longest, first + CYCLE_DAYS - before);
  return longest === 0 ? undefined : longest;
}
