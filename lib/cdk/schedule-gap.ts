import { Duration } from "aws-cdk-lib";
import type { ScheduleExpression } from "aws-cdk-lib/aws-scheduler";
import { schedulePeriod } from "./schedule-period.ts";
import { longestGapMs, readTimetable } from "./timetable.ts";

/** The longest time from one occurrence of a schedule to the next; `undefined` for what fires once or cannot be read. */
export function longestGap({ expressionString, timeZone }: ScheduleExpression): Duration | undefined {
  const zone = timeZone?.timezoneName;
  const timetable = readTimetable({ expression: expressionString, timeZone: zone });
  const period = schedulePeriod(expressionString, zone);
  const rateMs = period.kind === "repeats" ? period.atLeastMs : undefined;
  const ms = timetable?.kind === "calendar" ? longestGapMs(timetable, Date.now()) : rateMs;
  return ms === undefined ? undefined : Duration.millis(ms);
}
