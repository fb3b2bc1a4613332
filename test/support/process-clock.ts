import type { Clock } from "../../lib/core/ports.ts";
import { epochMs, instant, type ClockReading } from "../../lib/core/units.ts";

/** The clocks of one pretended process: those of the world, with errors of its own. */
export class ProcessClock implements Clock {
  readonly #world: Clock;
  #monoBy = 0;
  #wallBy = 0;
  /** Timers that were set and neither fired nor were cancelled. */
  pendingTimers = 0;

  constructor(world: Clock) {
    this.#world = world;
  }

  now(): ClockReading {
    const { mono, wall } = this.#world.now();
    return { mono: instant(mono + this.#monoBy), wall: epochMs(wall + this.#wallBy) };
  }

  timer(ms: number, callback: () => void): () => void {
    this.pendingTimers += 1;
    let pending = true;
    const settle = (): void => {
      if (pending) this.pendingTimers -= 1;
      pending = false;
    };
    const cancel = this.#world.timer(ms, () => {
      settle();
      callback();
    });
    return () => {
      settle();
      cancel();
    };
  }

  /** Steps the wall clock alone, in ms. */
  stepWall(ms: number): void {
    this.#wallBy += ms;
  }

  /** Makes both clocks show that the process stood still, in ms, without a timer having fired. */
  stall(ms: number): void {
    this.#monoBy += ms;
    this.#wallBy += ms;
  }
}
