import { cronField } from "./event-cron.ts";
import { shiftsOf, timeZoneNamed } from "./time-zone.ts";

/** How far apart two occurrences of a schedule can be. */
export type SchedulePeriod =
  | { readonly kind: "repeats" /** No two occurrences are closer than this. */; readonly atLeastMs: number }
  | { readonly kind: "once" }
  | { readonly kind: "unreadable" };

/** A schedule of EventBridge cannot repeat faster: its expressions count in minutes. */
export const FINEST_PERIOD_MS = 60_000;

const MINUTE_MS = 60_000;
const MINUTES_A_DAY = 1_440;
const RATE_UNITS_MS: Readonly<Record<string, number>> = {
  minute: MINUTE_MS,
  hour: 60 * MINUTE_MS,
  day: MINUTES_A_DAY * MINUTE_MS,
};

/**
 * Finds the shortest time between two occurrences of an EventBridge Scheduler expression.
 *
 * `rate()` is exact. Of `cron()` the minute and hour fields are read and every day is taken to be a day on
 * which it fires, so the answer is a lower bound: exact for daily schedules, too low for weekly ones. What
 * the time zone's clocks are set forward by is allowed for. Anything else, a zone that this Node does not know
 * among it, is `unreadable`, never guessed.
 *
 * This is the distance of *scheduled* times. Scheduler delivers within a minute of them.
 */
export function schedulePeriod(expression: string, timeZone: string | undefined): SchedulePeriod {
  const { form, body } = expressionParts(expression);
  if (form === "at") return { kind: "once" };
  if (form === "rate") return ratePeriod(body);
  if (form === "cron") return cronPeriod(body, timeZone);
  return { kind: "unreadable" };
}

/** Takes an expression apart: `form` is `rate`, `cron` or `at`, and undefined for anything else. */
export function expressionParts(expression: string): {
  readonly form: string | undefined;
  readonly body: string;
} {
  const [, form, body = ""] = /^\s*(rate|cron|at)\((.*)\)\s*$/.exec(expression) ?? [];
  return { form, body };
}

function ratePeriod(body: string): SchedulePeriod {
  const [, count, unit] = /^\s*(\d+)\s+(minute|hour|day)s?\s*$/.exec(body) ?? [];
  const unitMs = RATE_UNITS_MS[unit ?? ""];
  if (unitMs === undefined || Number(count) < 1) return { kind: "unreadable" };
  return { kind: "repeats", atLeastMs: Number(count) * unitMs };
}

function cronPeriod(body: string, timeZone: string | undefined): SchedulePeriod {
  const fields = body.trim().split(/\s+/);
  const minutes = cronField(fields[0] ?? "", 0, 59);
  const hours = cronField(fields[1] ?? "", 0, 23);
  const zone = timeZoneNamed(timeZone);
  if (fields.length !== 6 || minutes === undefined || hours === undefined || zone === undefined) {
    return { kind: "unreadable" };
  }

  const timesOfDay = hours.flatMap((hour) => minutes.map((minute) => hour * 60 + minute));
  const inADay = shortestGap(timesOfDay, MINUTES_A_DAY);
  const acrossShifts = shiftsOf(zone).forwardMs.map((ms) => acrossShift(inADay, minutes, ms / MINUTE_MS));
  return { kind: "repeats", atLeastMs: Math.min(inADay, ...acrossShifts) * MINUTE_MS };
}

/**
 * When clocks are set forward some of the day is missing, so two occurrences may come closer by as much, but never closer than the
 * minute field allows.
 */
function acrossShift(inADay: number, minutes: readonly number[], shift: number): number {
  const onTheHour = minutes.flatMap((one) =>
    minutes.map((next) => (((next - one - shift) % 60) + 60) % 60 || 60),
  );
  return Math.max(inADay - shift, Math.min(...onTheHour));
}

/** The shortest way from one value to the next on a circle. One value alone is a whole turn from itself. */
function shortestGap(values: readonly number[], turn: number): number {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  const first = sorted[0] ?? 0;
  const gaps = sorted.map((value, index) => (sorted[index + 1] ?? first + turn) - value);
  return Math.min(...gaps);
}
