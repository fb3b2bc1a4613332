import { CYCLE_DAYS, type EventCron, parseEventCron } from "./event-cron.ts";
import { expressionParts } from "./schedule-period.ts";
import { instantsOf, type TimeZone, timeZoneNamed } from "./time-zone.ts";

/** A schedule as EventBridge Scheduler is told it. */
export interface ScheduleText {
  readonly expression: string;
  /** @default - UTC */
  readonly timeZone?: string | undefined;
  /** ISO 8601. One-time schedules ignore it. */
  readonly start?: string | undefined;
  /** ISO 8601. One-time schedules ignore it. */
  readonly end?: string | undefined;
}

/** A span of time, both ends included, in epoch ms. */
export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * When a schedule is due, in epoch ms. A rate is `floating`: it counts from the moment at which Scheduler took it or a change of
 * it, which nobody knows before.
 */
export type Timetable =
  | { readonly kind: "floating"; readonly span: Span }
  | { readonly kind: "once"; readonly instants: readonly number[] }
  | Calendar;

/** When a `cron()` is due, by the wall clock of a zone. */
export interface Calendar {
  readonly kind: "calendar";
  readonly cron: EventCron;
  readonly zone: TimeZone;
  readonly span: Span;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** What is due often is followed for a shorter time, but through more than a year of clock changes. */
const LEAST_DAYS = 400;
const ENOUGH_OCCURRENCES = 20_000;

/** Reads a schedule; undefined for what cannot be read, such as a token. */
export function readTimetable({ expression, timeZone, start, end }: ScheduleText): Timetable | undefined {
  const { form, body } = expressionParts(expression);
  const zone = timeZoneNamed(timeZone);
  if (form === undefined || zone === undefined) return undefined;
  if (form === "at") {
    const wallClockMs = Date.parse(`${body.trim()}Z`);
    return Number.isNaN(wallClockMs) ? undefined : { kind: "once", instants: instantsOf(zone, wallClockMs) };
  }
  const span = {
    fromMs: start === undefined ? Number.NEGATIVE_INFINITY : Date.parse(start),
    untilMs: end === undefined ? Number.POSITIVE_INFINITY : Date.parse(end),
  };
  if (Number.isNaN(span.fromMs) || Number.isNaN(span.untilMs)) return undefined;
  if (form === "rate") {
    return /^\s*[1-9]\d* +(minute|hour|day)s?\s*$/.test(body) ? { kind: "floating", span } : undefined;
  }
  const cron = parseEventCron(body);
  return cron && { kind: "calendar", cron, zone, span };
}

/** Two occurrences, in epoch ms, of which the second would not find the lease free. */
export interface Clash {
  readonly first: number;
  readonly second: number;
  /**
   * Set where one of them is at a time that clocks repeat. Scheduler runs such a time once, and AWS does not say at which of its two
   * instants, so the clash may not come about.
   */
  readonly byRepeatedTime?: true;
}

/** A timetable, and how long after an occurrence of it the lease can be taken, in ms. */
export interface Demand {
  readonly timetable: Timetable;
  readonly neededMs: number;
}

/**
 * Finds the first occurrences, from `nowMs` on, of two schedules that are too close to one another: the later one comes before the
 * earlier one's `neededMs` have passed. `first` is of `one`, `second` of `other`, whichever is earlier. One that rests on a time that
 * clocks repeat is told only where there is no other.
 *
 * The rarer of the two is followed for 28 years, or for {@link ENOUGH_OCCURRENCES} of its occurrences and more than a year.
 */
export function findClash(one: Demand, other: Demand, nowMs: number): Clash | undefined {
  const floating = [one, other].filter(({ timetable }) => timetable.kind === "floating");
  if (floating.length > 0) {
    const both = firstInBoth(one.timetable, other.timetable, nowMs);
    return both === undefined ? undefined : { first: both, second: both };
  }
  const [often, otherOften] = [one, other].map(({ timetable }) => frequency(timetable, nowMs));
  const [rare, frequent] = (often ?? 0) <= (otherOften ?? 0) ? [one, other] : [other, one];
  let unsure: Clash | undefined;
  for (const instant of occurrences(rare.timetable, nowMs - frequent.neededMs)) {
    const near = nearest(frequent, instant, rare.neededMs);
    if (near === undefined || Math.max(instant, near) < nowMs) continue;
    const clash = rare === one ? { first: instant, second: near } : { first: near, second: instant };
    const isRareRepeated = isRepeated(rare.timetable, instant);
    const isFrequentRepeated = isRepeated(frequent.timetable, near);
    // Where both are repeated at one instant, it is the same one of two for both.
    if (isRareRepeated === isFrequentRepeated && (!isRareRepeated || instant === near)) return clash;
    unsure ??= { ...clash, byRepeatedTime: true };
  }
  return unsure;
}

/** Whether an occurrence is one of two instants at which the zone's clock shows its time. */
function isRepeated(timetable: Timetable, instant: number): boolean {
  if (timetable.kind === "once") return timetable.instants.length > 1;
  if (timetable.kind === "floating") return false;
  const { zone } = timetable;
  return instantsOf(zone, instant + zone.aheadMs(instant)).length > 1;
}

/** A moment at which both can be due, where at least one of them is floating and so can be due at any. */
function firstInBoth(one: Timetable, other: Timetable, nowMs: number): number | undefined {
  const spans = [one, other].flatMap((timetable) => (timetable.kind === "floating" ? [timetable.span] : []));
  const fromMs = Math.max(nowMs, ...spans.map((span) => span.fromMs));
  const fixed = [one, other].find(({ kind }) => kind !== "floating");
  const first = fixed === undefined ? fromMs : occurrences(fixed, fromMs).next().value;
  return first !== undefined && spans.every((span) => first <= span.untilMs) ? first : undefined;
}

/** How often a timetable is due within the horizon, about. */
function frequency(timetable: Timetable, nowMs: number): number {
  if (timetable.kind !== "calendar") return 0;
  const today = Math.floor(nowMs / DAY_MS);
  let days = 0;
  for (let day = today; day < today + CYCLE_DAYS; day += 1) days += timetable.cron.firesOn(day) ? 1 : 0;
  return days * timetable.cron.timesOfDay.size;
}

function* occurrences(timetable: Timetable, fromMs: number): Generator<number, undefined> {
  if (timetable.kind === "floating") return;
  if (timetable.kind === "once") {
    yield* timetable.instants.filter((instant) => instant >= fromMs);
    return;
  }
  const { cron, zone, span } = timetable;
  const beginMs = Math.max(fromMs, span.fromMs);
  const today = Math.floor(beginMs / DAY_MS) - 1;
  const lastDay = Math.min(today + CYCLE_DAYS, Math.floor(span.untilMs / DAY_MS) + 1);
  for (let day = today, count = 0; day <= lastDay; day += 1) {
    if (count > ENOUGH_OCCURRENCES && day > today + LEAST_DAYS) return;
    if (!cron.firesOn(day)) continue;
    for (const minutes of cron.timesOfDay) {
      for (const instant of instantsOf(zone, day * DAY_MS + minutes * MINUTE_MS)) {
        count += 1;
        if (instant >= beginMs && instant <= span.untilMs) yield instant;
      }
    }
  }
}

/** The occurrence nearest to an instant of those that leave too little time before it, or come before `afterMs` have passed since. */
function nearest(
  { timetable, neededMs: beforeMs }: Demand,
  instant: number,
  afterMs: number,
): number | undefined {
  const tooNear = (at: number): boolean => at > instant - beforeMs && at < instant + afterMs;
  const nearer = (a: number, b: number): number => Math.abs(a - instant) - Math.abs(b - instant);
  if (timetable.kind === "once") return timetable.instants.filter(tooNear).sort(nearer)[0];
  if (timetable.kind === "floating") return undefined;
  const { zone, span } = timetable;
  const candidates: number[] = [];
  const firstMinute = Math.ceil((instant - beforeMs) / MINUTE_MS) * MINUTE_MS;
  for (let at = firstMinute; at < instant + afterMs; at += MINUTE_MS) {
    if (
      tooNear(at) &&
      at >= span.fromMs &&
      at <= span.untilMs &&
      fires(timetable.cron, at + zone.aheadMs(at))
    ) {
      candidates.push(at);
    }
  }
  return candidates.sort(nearer)[0];
}

function fires(cron: EventCron, wallClockMs: number): boolean {
  const day = Math.floor(wallClockMs / DAY_MS);
  return cron.timesOfDay.has((wallClockMs - day * DAY_MS) / MINUTE_MS) && cron.firesOn(day);
}
