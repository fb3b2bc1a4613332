const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A zone's distance from UTC, at any instant. */
export interface TimeZone {
  /** What a clock of the zone is ahead of UTC, in ms. */
  aheadMs(instant: number): number;
}

/** The zone of service time. */
export const UTC: TimeZone = { aheadMs: () => 0 };

/** Whether a zone's name is one of those of UTC; no name is. */
export function isUtc(name: string | undefined): boolean {
  return name === undefined || name === "UTC" || name === "Etc/UTC";
}

/** Finds a time zone by its name in the IANA database; no name means UTC. Undefined for a name that this Node does not know. */
export function timeZoneNamed(name: string | undefined): TimeZone | undefined {
  if (isUtc(name)) return UTC;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  } catch {
    return undefined;
  }
  const look = (instant: number): number => {
    const [, sign, hours = 0, minutes = 0] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(format.format(instant)) ?? [];
    return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
  };
  // Looking is slow, and a zone changes on few days: on all others the answer is that of the day's both ends.
  const days = new Map<number, number | undefined>();
  const ofDay = (day: number): number | undefined => {
    if (!days.has(day)) {
      const [first, last] = [look(day * DAY_MS), look((day + 1) * DAY_MS)];
      days.set(day, first === last ? first : undefined);
    }
    return days.get(day);
  };
  return { aheadMs: (instant) => ofDay(Math.floor(instant / DAY_MS)) ?? look(instant) };
}

/** By how much a zone's clocks are set, in ms, each greater than 0. */
export interface Shifts {
  /** All that they are set forward by. */
  readonly forwardMs: readonly number[];
  /** The most that they are set back by; 0 where they never are. */
  readonly backMs: number;
}

/** Far enough for rules that change from year to year, such as those of Morocco, which go by the moon. */
const SHIFTS = { fromMs: Date.UTC(2026, 0, 1), untilMs: Date.UTC(2054, 0, 1) };
const WEEK_MS = 7 * DAY_MS;

/**
 * Finds by how much a zone's clocks are set, by the rules that this Node knows of 2026 to 2053. What is set and set back within
 * one week is not seen; no zone does that.
 */
export function shiftsOf(zone: TimeZone): Shifts {
  if (zone === UTC) return { forwardMs: [], backMs: 0 };
  const shifts = new Set<number>();
  let before = zone.aheadMs(SHIFTS.fromMs);
  for (let at = SHIFTS.fromMs; at < SHIFTS.untilMs; at += WEEK_MS) {
    const ahead = zone.aheadMs(at);
    shifts.add(ahead - before);
    before = ahead;
  }
  return {
    forwardMs: [...shifts].filter((shift) => shift > 0),
    backMs: Math.max(0, ...[...shifts].map((shift) => -shift)),
  };
}

/**
 * The instants at which a zone's clock shows a wall-clock time, given as if it were UTC: one, two where clocks are set back over
 * it, none where they are set forward over it.
 */
export function instantsOf(zone: TimeZone, wallClockMs: number): number[] {
  const guesses = [-DAY_MS, DAY_MS].map((by) => wallClockMs - zone.aheadMs(wallClockMs + by));
  return [...new Set(guesses)].filter((instant) => instant + zone.aheadMs(instant) === wallClockMs);
}
