import type { Reading } from "../core/units.ts";
import type { Timekeeper } from "./timekeeper.ts";

/** Shortest pause between two tries to renew, in ms. */
const MIN_PAUSE_MS = 50;

/** How often the clocks are read while a term is held, in ms: a freeze shows by the next reading (A3). */
const LOOK_MS = 1_000;

/** A timer may come this much early by the monotonic clock, in ms. */
const EARLY_MS = 1;

/** What the timer asks of its lease. */
export interface Timed {
  /** What is left of the term at a reading; it ends a term that is over, which stops the timer. */
  readonly remainingAt: (at: Reading) => number;
  /** Renews; `undefined` where only the caller does. */
  readonly renew: (() => void) | undefined;
  /** The time to drain is up. */
  readonly drained: () => void;
  readonly intervalMs: number;
}

/** The one timer of a held lease: for its next renewal, the end of its drain, and the next look at the clocks. */
export interface TermTimer {
  /** Plans anew, after the term began, was extended, or was narrowed. */
  restart(at: Reading, remainingMs: number): void;
  /** Plans anew, and leaves it to {@link arm} to set the timer. */
  plan(at: Reading, remainingMs: number): void;
  /** Sets the timer for what is due first. */
  arm(at: Reading): void;
  /** Plans another renewal soon. */
  again(at: Reading, remainingMs: number): void;
  /** Has the drain end in `ms`. */
  drain(at: Reading, ms: number): void;
  /** Forgets the drain. */
  stopDrain(): void;
  /** Cancels for good. */
  stop(): void;
}

/** Makes the timer of a held lease. The end of the validity never waits for a renewal that hangs. */
export function termTimer(clock: Timekeeper, { remainingAt, renew, drained, intervalMs }: Timed): TermTimer {
  let look = Infinity;
  let renewal = Infinity;
  let drain = Infinity;
  let due = Infinity;
  let cancel: () => void = () => undefined;
  let stopped = false;

  function arm(at: Reading): void {
    const next = stopped ? Infinity : Math.min(look, renewal, drain);
    if (next === due) return;
    cancel();
    due = next;
    if (next < Infinity) cancel = clock.timer(next - at.mono, fire);
  }

  function planLook(at: Reading, remainingMs: number): void {
    look = at.mono + Math.max(1, Math.min(Math.ceil(remainingMs), LOOK_MS));
  }

  /** Renews after `pauseMs`, or sooner when that is more than one part in `parts` of what is left. */
  function planRenewal(at: Reading, pauseMs: number, remainingMs: number, parts: number): void {
    if (renew !== undefined)
      renewal = at.mono + Math.max(MIN_PAUSE_MS, Math.min(pauseMs, remainingMs / parts));
  }

  function fire(): void {
    due = Infinity;
    const at = clock.now();
    const remaining = remainingAt(at);
    if (stopped) return;
    planLook(at, remaining);
    const isDue = (instant: number): boolean => instant <= at.mono + EARLY_MS;
    const [drains, renews] = [isDue(drain), isDue(renewal)];
    if (drains) drain = Infinity;
    if (renews) renewal = Infinity;
    arm(at);
    if (drains) drained();
    if (renews && !stopped) renew?.();
  }

  function plan(at: Reading, remainingMs: number): void {
    planLook(at, remainingMs);
    planRenewal(at, intervalMs, remainingMs, 2);
  }

  return {
    plan,
    arm,
    restart(at, remainingMs) {
      plan(at, remainingMs);
      arm(at);
    },
    again(at, remainingMs) {
      planRenewal(at, intervalMs / 2, remainingMs, 3);
      arm(at);
    },
    drain(at, ms) {
      drain = at.mono + ms;
      arm(at);
    },
    stopDrain() {
      drain = Infinity;
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}
