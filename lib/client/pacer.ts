import type { Timekeeper } from "./timekeeper.ts";
import { pause } from "./waiting.ts";

/** How many writes a second one process sends to one partition key at first, and at most: DynamoDB serves 1,000. */
const FIRST_RATE = 500;
const MOST_RATE = 800;
const LEAST_RATE = 5;
/** How much the rate grows with each write that was served. */
const GROWTH = 0.5;
/** How many are under way at once. */
export const AT_ONCE = 32;

/**
 * Spreads the writes of one process to one partition key: so many at once and so many a second. A write that was throttled halves the rate, each
 * that was served lets it grow again. A few writes are sent at once.
 */
export class Pacer {
  readonly #clock: Timekeeper;
  #rate = FIRST_RATE;
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];
  /** When the next write may be sent, by the monotonic clock. */
  #free = -Infinity;
  #slowed = -Infinity;

  constructor(clock: Timekeeper) {
    this.#clock = clock;
  }

  /** Sends when its turn comes. */
  async paced<T>(send: () => Promise<T>): Promise<T> {
    if (this.#underWay >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#underWay += 1;
    try {
      const now = this.#clock.now().mono;
      const at = Math.max(this.#free, now - 1_000 * (AT_ONCE / this.#rate));
      this.#free = at + 1_000 / this.#rate;
      if (at > now) await pause(this.#clock, at - now);
      const result = await send();
      this.#rate = Math.min(MOST_RATE, this.#rate + GROWTH);
      return result;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay -= 1;
      else next();
    }
  }

  /** Halves the rate, once for all the writes that were under way together. */
  throttled(): void {
    const now = this.#clock.now().mono;
    if (now - this.#slowed < 1_000) return;
    this.#slowed = now;
    this.#rate = Math.max(LEAST_RATE, this.#rate / 2);
  }
}
