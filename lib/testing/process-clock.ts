import type { Clock } from "../core/ports.ts";
import { epochMs, type ClockReading } from "../core/units.ts";

/**
 * The clocks of one simulated process, on a clock that the processes share: its wall clock can be wrong, and
 * the process can be paused, after which its timers fire late, and killed, after which they never do.
 */
export class ProcessClock implements Clock {
  readonly #shared: Clock;
  readonly #skewMs: number;
  #paused = false;
  #killed = false;
  #held: (() => void)[] = [];

  /** @param skewMs how far the wall clock is ahead; negative is behind */
  constructor(shared: Clock, skewMs: number) {
    this.#shared = shared;
    this.#skewMs = skewMs;
  }

  now(): ClockReading {
    const { mono, wall } = this.#shared.now();
    return { mono, wall: epochMs(wall + this.#skewMs) };
  }

  timer(ms: number, callback: () => void): () => void {
    let cancelled = false;
    const fire = (): void => {
      if (cancelled || this.#killed) return;
      if (this.#paused) this.#held.push(fire);
      else callback();
    };
    const cancel = this.#shared.timer(ms, fire);
    return () => {
      cancelled = true;
      cancel();
    };
  }

  /** Stands still until {@link resume}. */
  pause(): void {
    this.#paused = true;
  }

  /** Goes on: what came due meanwhile fires now. */
  resume(): void {
    this.#paused = false;
    const due = this.#held;
    this.#held = [];
    for (const fire of due) fire();
  }

  /** Ends the process: nothing that it waits for ever comes. */
  kill(): void {
    this.#killed = true;
  }
}
