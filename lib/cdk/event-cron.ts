/** When a `cron()` expression of EventBridge fires, as wall-clock time of whatever zone it is read in. */
export interface EventCron {
  /** Minutes of the hour at which it fires. */
  readonly minutes: readonly number[];
  /** Minutes after midnight at which it fires, ascending. */
  readonly timesOfDay: ReadonlySet<number>;
  /** The years in which it may fire, ascending; undefined where those are all. */
  readonly years: readonly number[] | undefined;
  /** Whether it fires on a day, told in days since 1970-01-01. */
  readonly firesOn: (day: number) => boolean;
}

/** Dates and weekdays pair up in the same way again after 28 years, until 2100. */
export const CYCLE_DAYS = 28 * 365 + 7;

const DAY_MS = 86_400_000;
const [FIRST_YEAR, LAST_YEAR] = [1970, 2199];
const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
const WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split(" ");
const SATURDAY = 7;

/** A day of the calendar. Months and weekdays (Sunday first) are numbered from 1. */
interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly date: number;
  readonly weekday: number;
  readonly daysInMonth: number;
}
type DayTest = (day: CalendarDay) => boolean;

/**
 * Reads the six fields between the brackets of `cron(…)`: minutes, hours, day of month, month, day of week, year. Undefined for
 * what EventBridge does not document, so that nothing is guessed.
 */
export function parseEventCron(body: string): EventCron | undefined {
  const [minuteText = "", hourText = "", ...dayTexts] = body.trim().toUpperCase().split(/\s+/);
  const minutes = cronField(minuteText, 0, 59);
  const hours = cronField(hourText, 0, 23);
  const years = cronField(dayTexts[3] ?? "", FIRST_YEAR, LAST_YEAR);
  const day = dayTests(dayTexts);
  if (minutes === undefined || hours === undefined || day === undefined || years === undefined) {
    return undefined;
  }
  const timesOfDay = hours.flatMap((hour) => minutes.map((minute) => hour * 60 + minute));
  return {
    minutes,
    timesOfDay: new Set(ascending(timesOfDay)),
    years: years.length > LAST_YEAR - FIRST_YEAR ? undefined : years,
    firesOn: (number) => {
      const calendarDay = calendarDayOf(number);
      return years.includes(calendarDay.year) && day.every((passes) => passes(calendarDay));
    },
  };
}

/** The first day of a year, in days since 1970-01-01. */
export function dayOfYear(year: number): number {
  return Date.UTC(year, 0, 1) / DAY_MS;
}

/**
 * Reads a list of `*`, `n`, `a-b`, each with an optional `/step`. Values are numbers from `min` to `max` or, in capitals, names that
 * count from `min`. Undefined for anything else.
 */
export function cronField(
  text: string,
  min: number,
  max: number,
  names: readonly string[] = [],
): number[] | undefined {
  const values: number[] = [];
  const read = (word: string): number => {
    const named = names.indexOf(word);
    return named >= 0 ? named + min : Number(word);
  };
  for (const part of text.split(",")) {
    const [, range, from, to, step] =
      /^(\*|(\d+|[A-Z]{3})(?:-(\d+|[A-Z]{3}))?)(?:\/(\d+))?$/.exec(part) ?? [];
    if (range === undefined) return undefined;
    const first = from === undefined ? min : read(from);
    const last = to === undefined ? (from === undefined || step !== undefined ? max : first) : read(to);
    const stride = Number(step ?? 1);
    if (stride < 1 || !(first >= min && first <= last && last <= max)) return undefined;
    for (let value = first; value <= last; value += stride) values.push(value);
  }
  return ascending(values);
}

function dayTests(texts: readonly string[]): readonly DayTest[] | undefined {
  const [dateText = "", monthText = "", weekdayText = ""] = texts;
  const date = dateTest(dateText);
  const months = cronField(monthText, 1, 12, MONTHS);
  const weekday = weekdayTest(weekdayText);
  if (texts.length !== 4 || !date || !months || !weekday) return undefined;
  return [date, ({ month }) => months.includes(month), weekday];
}

/** The field of the day of month: `?`, `L` (last day), `LW` (last weekday), `15W` (weekday nearest to the 15th), or a list. */
function dateTest(text: string): DayTest | undefined {
  if (text === "?") return () => true;
  if (text === "L") return ({ date, daysInMonth }) => date === daysInMonth;
  if (text === "LW") return (day) => day.date === workdayNearest(day, day.daysInMonth);
  const [, nearest] = /^(\d{1,2})W$/.exec(text) ?? [];
  if (nearest !== undefined) {
    const wanted = Number(nearest);
    if (wanted < 1 || wanted > 31) return undefined;
    return (day) => wanted <= day.daysInMonth && day.date === workdayNearest(day, wanted);
  }
  const dates = cronField(text, 1, 31);
  return dates && (({ date }) => dates.includes(date));
}

/** The field of the day of week: `?`, `L` (Saturday), `6L` (the month's last Friday), `6#3` (its third Friday), or a list. */
function weekdayTest(text: string): DayTest | undefined {
  if (text === "?") return () => true;
  if (text === "L") return ({ weekday }) => weekday === SATURDAY;
  const [, name = "", , nth] = /^(\d|[A-Z]{3})(L|#([1-5]))$/.exec(text) ?? [];
  const [wanted] = name === "" ? [] : (cronField(name, 1, 7, WEEKDAYS) ?? []);
  if (wanted !== undefined && nth !== undefined) {
    return ({ weekday, date }) => weekday === wanted && Math.ceil(date / 7) === Number(nth);
  }
  if (wanted !== undefined) {
    return ({ weekday, date, daysInMonth }) => weekday === wanted && date + 7 > daysInMonth;
  }
  const weekdays = cronField(text, 1, 7, WEEKDAYS);
  return weekdays && (({ weekday }) => weekdays.includes(weekday));
}

/** The Monday to Friday nearest to a date, within the month that the day is in. */
function workdayNearest({ date, weekday, daysInMonth }: CalendarDay, wanted: number): number {
  const weekdayOfWanted = (((weekday - 1 + wanted - date) % 7) + 7) % 7;
  if (weekdayOfWanted === 0) return wanted < daysInMonth ? wanted + 1 : wanted - 2;
  if (weekdayOfWanted === 6) return wanted > 1 ? wanted - 1 : wanted + 2;
  return wanted;
}

function calendarDayOf(day: number): CalendarDay {
  const at = new Date(day * DAY_MS);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth() + 1];
  return {
    year,
    month,
    date: at.getUTCDate(),
    weekday: at.getUTCDay() + 1,
    daysInMonth: new Date(Date.UTC(year, month, 0)).getUTCDate(),
  };
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
