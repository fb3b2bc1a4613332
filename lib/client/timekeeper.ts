import type { Clock } from "../core/ports.ts";
import { nextReading, type Reading } from "../core/units.ts";

/** A process's clocks and timers, with what its readings add up to. */
export interface Timekeeper {
  /** Reads both clocks, and counts what has passed since the reading before. */
  now(): Reading;
  /** Calls back once, `ms` or more later. Returns what cancels it. */
  timer(ms: number, callback: () => void): () => void;
}

/** Keeps the time of one client: each reading rests on the one before it. */
export function timekeeperOf(clock: Clock): Timekeeper {
  let last: Reading | undefined;
  return {
    now() {
      last = nextReading(clock.now(), last);
      return last;
    },
    timer: (ms, callback) => clock.timer(ms, callback),
  };
}
