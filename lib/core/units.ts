declare const unit: unique symbol;

/** A reading of this process's monotonic clock, in ms. Never stored, never compared across processes. */
export type Instant = number & { readonly [unit]: "instant" };

/** Milliseconds since 1970 by some wall or service clock. What goes into the table. */
export type EpochMs = number & { readonly [unit]: "epoch" };

/** Both clocks of a process, read at the same moment. */
export interface ClockReading {
  /** The monotonic clock. */
  readonly mono: Instant;
  /** The wall clock. It may be minutes wrong. */
  readonly wall: EpochMs;
}

/**
 * A reading of both clocks, and what it adds to the readings before it (see {@link nextReading}).
 *
 * The monotonic clock may stand still while the process is frozen, and the wall clock may step. Neither is
 * believed alone.
 */
export interface Reading extends ClockReading {
  /** The most time that can have passed until now, in ms: summed from reading to reading by whichever clock shows more. */
  readonly passed: Instant;
  /** The least that the wall clock was ahead of the monotonic one since the last rise that was counted, in ms. */
  readonly low: number;
}

/** Declares that a number is a monotonic reading. Used where a clock is read and nowhere else. */
export const instant = (ms: number): Instant => ms as Instant;

/** Declares that a number is epoch milliseconds. Used where a clock, a header or a row is read. */
export const epochMs = (ms: number): EpochMs => ms as EpochMs;

/** Moves an epoch instant by a length, rounded to a whole millisecond as rows hold them. */
export const plusMs = (at: EpochMs, ms: number): EpochMs => Math.round(at + ms) as EpochMs;

/**
 * How much of a rise of the wall clock over the monotonic one is not counted, in ms. A wall clock that shows whole
 * milliseconds rises and falls by less than one within each; counted every time, that would add up to twice real time.
 * (A wall clock that ticks more coarsely than this does add up so where it is read all the time: it costs availability.)
 *
 * The price: a freeze of no more than this is forgotten if the wall clock falls back by as much before the next rise that is counted.
 * docs/protocol.md, A3, says how often that may happen.
 */
export const GRAIN_MS = 2;

/**
 * Takes a reading of both clocks, given the one before it.
 *
 * A frozen process thaws with its monotonic clock where it was, and the wall clock tells of the freeze: it rises over
 * the monotonic one. Every such rise is counted, from reading to reading. So a wall clock that steps back hides a
 * freeze only between the same two readings. Had only the totals been compared, a step back an hour ago would hide a
 * freeze now. A wall clock that steps forward is taken for a freeze: that can cost a term early (availability).
 */
export function nextReading({ mono, wall }: ClockReading, before?: Reading): Reading {
  const ahead = wall - mono;
  if (before === undefined) return { mono, wall, passed: mono, low: ahead };
  const rise = ahead - before.low;
  const counted = rise > GRAIN_MS ? rise : 0;
  const passed = instant(mono + (before.passed - before.mono) + counted);
  return { mono, wall, passed, low: counted > 0 ? ahead : Math.min(before.low, ahead) };
}

/**
 * The real time that can have passed between two readings of one client, in ms, before any allowance for drift.
 * Never negative; it includes the rise that is not counted yet ({@link GRAIN_MS}).
 */
export function elapsedAtMost(from: Reading, to: Reading): number {
  return Math.max(0, to.passed - from.passed) + GRAIN_MS;
}

/**
 * The time that has certainly passed between two readings, in ms, before any allowance for drift. Only the
 * monotonic clock counts: frozen or not, it never runs ahead of real time by more than its drift.
 */
export function elapsedAtLeast(from: ClockReading, to: ClockReading): number {
  return Math.max(0, to.mono - from.mono);
}
