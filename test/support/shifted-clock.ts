import type { Clock } from "../../lib/core/ports.ts";
import { epochMs } from "../../lib/core/units.ts";

/** The clock of a process whose wall clock is wrong by so many ms. */
export function shifted(clock: Clock, byMs: number): Clock {
  return {
    now() {
      const { mono, wall } = clock.now();
      return { mono, wall: epochMs(wall + byMs) };
    },
    timer: (ms, callback) => clock.timer(ms, callback),
  };
}
