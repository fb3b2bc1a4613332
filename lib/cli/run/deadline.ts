import { monotonicMs } from "./clocks.ts";

/** When a term ends unless it is renewed, by the monotonic and by the wall clock: one of them shows that the machine slept. */
export class Deadline {
  #mono = Infinity;
  #wall = Infinity;

  /** Notes how much of the term is left now, in ms; returns when it ends by the machine's monotonic clock. */
  note(remainingMs: number): number {
    this.#mono = monotonicMs() + remainingMs;
    this.#wall = Date.now() + remainingMs;
    return this.#mono;
  }

  /** For how long the term is over, in ms, by whichever clock says more; 0 while it lasts. */
  lateMs(): number {
    return Math.max(0, monotonicMs() - this.#mono, Date.now() - this.#wall);
  }
}
