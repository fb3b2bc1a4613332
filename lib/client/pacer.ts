import type { WriteOutcome } from "../core/outcome.ts";
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
/** How soon after the rate was halved it may be halved again, in ms: what is throttled by then was sent at the rate before. */
const SLOWED_MS = 500;
/** How long a write rests before it is sent again, at first and at most, in ms. */
const FIRST_REST_MS = 25;
const MOST_REST_MS = 400;

/** What was sent, as far as the pacer looks at it. */
interface Sent {
  readonly outcome: WriteOutcome;
}

/**
 * Spreads the writes of one process to one partition key: so many at once and so many a second. A write that was throttled halves the rate, and
 * is sent again when its turn comes; each that was served lets the rate grow again. A few writes are sent at once.
 */
export class Pacer {
  readonly #clock: Timekeeper;
  readonly #lastsMs: number;
  #rate = FIRST_RATE;
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];
  /** When the next write may be sent, by the monotonic clock. */
  #free = -Infinity;
  #slowed = -Infinity;

  /** A write is sent again for no longer than `lastsMs`, in ms. */
  constructor(clock: Timekeeper, lastsMs: number) {
    this.#clock = clock;
    this.#lastsMs = lastsMs;
  }

  /**
   * Sends when its turn comes. What the service answered without serving it (it throttles, or fails) is sent again, ever more seldom: a
   * write that has landed all the same is refused by itself, and known by its id. If it is never served, the outcome is that of the sending
   * that may have applied it, where there was one. What `isRefused` says will not be sent takes no turn.
   */
  async paced<T extends Sent>(send: () => Promise<T>, isRefused = (): boolean => false): Promise<T> {
    if (this.#underWay >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#underWay += 1;
    try {
      const until = this.#clock.now().mono + this.#lastsMs;
      let unserved: T | undefined;
      let restMs = 0;
      for (;;) {
        if (!isRefused()) await this.#turn(restMs);
        const sent = await send().catch((error: unknown) => {
          // What the first of them came to is still for the caller to know.
          if (unserved !== undefined) return unserved;
          throw error;
        });
        const { outcome } = sent;
        if (outcome.kind !== "unknown") this.#rate = Math.min(MOST_RATE, this.#rate + GROWTH);
        if (outcome.kind !== "unknown" || outcome.answered !== true || sent === unserved) return sent;
        this.#slow();
        if (unserved?.outcome.kind !== "unknown" || unserved.outcome.unapplied === true) unserved = sent;
        restMs = Math.min(2 * restMs + FIRST_REST_MS, MOST_REST_MS);
        if (this.#clock.now().mono + restMs >= until) return unserved;
      }
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay -= 1;
      else next();
    }
  }

  async #turn(restMs: number): Promise<void> {
    const now = this.#clock.now().mono;
    const at = Math.max(this.#free, now - 1_000 * (AT_ONCE / this.#rate));
    this.#free = at + 1_000 / this.#rate;
    const waitMs = Math.max(at - now, restMs);
    if (waitMs > 0) await pause(this.#clock, waitMs);
  }

  /** Halves the rate, once for all the writes that were under way together. */
  #slow(): void {
    const now = this.#clock.now().mono;
    if (now - this.#slowed < SLOWED_MS) return;
    this.#slowed = now;
    this.#rate = Math.max(LEAST_RATE, this.#rate / 2);
  }
}
