import type { Clock } from "../core/ports.ts";

/** Shortest pause between two tries to renew, in ms. */
const MIN_PAUSE_MS = 50;

/** What the loop asks of its lease. */
export interface Renewable {
  /** What is left of the term; reading it ends a term that is over. */
  remainingMs(): number;
  /** Tries once, never throws, and tells whether to try again soon; `undefined` where only the caller renews. */
  readonly renew: (() => Promise<"fine" | "again">) | undefined;
  readonly intervalMs: number;
}

/**
 * The two timers of a held lease: one that renews it, and one of its own for the end of its validity, so
 * that the end never waits for a renewal that hangs. Both are gone once it is stopped.
 */
export class RenewalLoop {
  readonly #clock: Clock;
  readonly #lease: Renewable;
  #cancelRenewal: () => void = () => undefined;
  #cancelExpiry: () => void = () => undefined;
  #running = false;

  constructor(clock: Clock, lease: Renewable) {
    this.#clock = clock;
    this.#lease = lease;
  }

  start(): void {
    this.#running = true;
    this.restart();
  }

  /** Sets both timers anew, after the term was extended. */
  restart(): void {
    if (!this.#running) return;
    this.#watchExpiry();
    this.#planRenewal(this.#lease.intervalMs, 2);
  }

  stop(): void {
    this.#running = false;
    this.#cancelRenewal();
    this.#cancelExpiry();
  }

  #watchExpiry(): void {
    this.#cancelExpiry();
    const remaining = this.#lease.remainingMs();
    if (!this.#running) return; // Reading it may have ended the term, and stopped this loop.
    this.#cancelExpiry = this.#clock.timer(Math.max(1, Math.ceil(remaining)), () => this.#watchExpiry());
  }

  /** Renews after `pauseMs`, or sooner when that is more than one part in `parts` of what is left. */
  #planRenewal(pauseMs: number, parts: number): void {
    this.#cancelRenewal();
    const { renew } = this.#lease;
    if (renew === undefined || !this.#running) return;
    const pause = Math.max(MIN_PAUSE_MS, Math.min(pauseMs, this.#lease.remainingMs() / parts));
    if (!this.#running) return;
    this.#cancelRenewal = this.#clock.timer(pause, () => {
      void this.#renewOnce(renew);
    });
  }

  /** A renewal that succeeds plans the next one by `restart`. */
  async #renewOnce(renew: () => Promise<"fine" | "again">): Promise<void> {
    if ((await renew()) === "again") this.#planRenewal(this.#lease.intervalMs / 2, 3);
  }
}
