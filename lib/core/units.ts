declare const unit: unique symbol;

/** A reading of this process's monotonic clock, in ms. Never stored, never compared across processes. */
export type Instant = number & { readonly [unit]: "instant" };

/** Milliseconds since 1970 by some wall or service clock. What goes into the table. */
export type EpochMs = number & { readonly [unit]: "epoch" };

/**
 * Both clocks of a process, read at the same moment.
 *
 * The monotonic clock may stand still while the process is frozen and the wall clock may step, so neither
 * is believed alone: what must not be under-counted takes the larger of the two (see {@link elapsedAtMost}).
 */
export interface Reading {
  /** The monotonic clock. */
  readonly mono: Instant;
  /** The wall clock. It may be minutes wrong. */
  readonly wall: EpochMs;
}

/** Declares that a number is a monotonic reading. Used where a clock is read and nowhere else. */
export const instant = (ms: number): Instant => ms as Instant;

/** Declares that a number is epoch milliseconds. Used where a clock, a header or a row is read. */
export const epochMs = (ms: number): EpochMs => ms as EpochMs;

/** Moves an epoch instant by a length, rounded to a whole millisecond as rows hold them. */
export const plusMs = (at: EpochMs, ms: number): EpochMs => Math.round(at + ms) as EpochMs;

/**
 * The real time that can have passed between two readings, in ms, by this process's own clocks and before
 * any allowance for drift: never less than either clock shows, never negative.
 *
 * A Lambda function thaws with its monotonic clock where it was; the wall clock then tells of the freeze. A
 * wall clock that stepped forward costs a term early (availability); one that stepped back changes nothing.
 */
export function elapsedAtMost(from: Reading, to: Reading): number {
  return Math.max(0, to.mono - from.mono, to.wall - from.wall);
}

/**
 * The time that has certainly passed between two readings, in ms, before any allowance for drift. Only the
 * monotonic clock counts: frozen or not, it never runs ahead of real time by more than its drift.
 */
export function elapsedAtLeast(from: Reading, to: Reading): number {
  return Math.max(0, to.mono - from.mono);
}
