// oxlint-disable no-restricted-globals -- Date serves as a calendar here, which turns text into ms and back: no clock is read
import { invalid, LeaseError } from "./errors.ts";
import { show } from "./timing.ts";
import type { EpochMs } from "./units.ts";

/** An instant with its offset from UTC, of ISO 8601 and RFC 3339: the seconds and their fraction may be left out. */
const INSTANT =
  /^(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d)(?::([0-5]\d)(?:\.(\d{1,9}))?)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** A clock of a machine that runs at all is less wrong than this, in ms: an occurrence further ahead is a mistake. */
const MOST_AHEAD_MS = 86_400_000;

const LAST_MS = 253_402_300_799_999; // The end of the year 9999: beyond it the text does not sort as time does.

const LOOKS_LIKE = 'give the scheduled time, such as "2026-01-31T02:00:00Z"';

/**
 * Checks a tick, an instant from 1970 to 9999 in whole ms, and writes it in its one canonical form
 * (`2026-01-31T02:00:00.000Z`), which sorts as time does. However an occurrence is told, it is one occurrence.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option and the value
 */
export function parseTick(tick: unknown, option = "tick"): string {
  const ms = msOf(tick);
  if (typeof ms === "number" && ms >= 0 && ms <= LAST_MS) return new Date(ms).toISOString();
  const why =
    typeof ms === "string" ? ms : "must be an instant from 1970 to 9999, as text of ISO 8601 or a Date";
  throw invalid(`${option} ${why}, not ${show(tick)}: ${LOOKS_LIKE}`);
}

/** The instant in epoch ms; `undefined` for none, or what is wrong with it. */
function msOf(tick: unknown): number | string | undefined {
  // Not `instanceof`: a test runner's Date may be another realm's.
  if (Object.prototype.toString.call(tick) === "[object Date]") return Number(tick);
  if (typeof tick !== "string") return undefined;
  const [, minutes, seconds = "00", fraction = "", offset = ""] = INSTANT.exec(tick) ?? [];
  if (minutes === undefined) return undefined;
  if (/[1-9]/.test(fraction.slice(3))) return "must be told to the millisecond";
  const local = `${minutes}:${seconds}.${fraction.slice(0, 3).padEnd(3, "0")}Z`;
  const localMs = Date.parse(local);
  // A day that there is not, such as the 30th of February, is taken for another or for none.
  if (Number.isNaN(localMs) || new Date(localMs).toISOString() !== local) return undefined;
  if (offset === "Z") return localMs;
  const [hours = 0, rest = 0] = offset.slice(1).split(":").map(Number);
  const aheadMs = (hours * 60 + rest) * 60_000;
  return offset.startsWith("-") ? localMs + aheadMs : localMs - aheadMs;
}

/**
 * Refuses an occurrence that is further ahead of service time than a clock can be wrong. Recorded once, it would have every
 * earlier occurrence refused: the schedule would be silent until then.
 * @throws {LeaseError} INVALID_ARGUMENT naming the tick, and what the time is
 */
export function assertNotAhead(tick: string | undefined, now: EpochMs, lease: string): void {
  if (tick === undefined || Date.parse(tick) - now <= MOST_AHEAD_MS) return;
  const message = `lease "${lease}": tick ${tick} is more than a day ahead of the time, ${new Date(now).toISOString()}; give the time that the occurrence is scheduled for, or set this machine's clock`;
  throw new LeaseError("INVALID_ARGUMENT", message, { lease });
}
