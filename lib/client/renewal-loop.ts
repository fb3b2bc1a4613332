import type { Timekeeper } from "./timekeeper.ts";

/** Shortest pause between two tries to renew, in ms. */
const MIN_PAUSE_MS = 50;

/** How often the clocks are read while a term is held, in ms: a freeze shows by the next reading (A3). */
const LOOK_MS = 1_000;

/** What the loop asks of its lease. */
export interface Renewable {
  /** What is left of the term; reading it ends a term that is over, which stops the loop. */
  readonly remainingMs: () => number;
  /** Tries once, never throws, and tells whether to try again soon; `undefined` where only the caller renews. */
  readonly renew: (() => Promise<"fine" | "again">) | undefined;
  readonly intervalMs: number;
}

/** The two timers of a held lease. */
export interface RenewalLoop {
  /** Sets both timers anew, after the term began or was extended. */
  restart(): void;
  /** Cancels both for good. */
  stop(): void;
}

/**
 * Makes the two timers of a held lease: one that renews it, and one of its own for the end of its validity,
 * so that the end never waits for a renewal that hangs.
 */
export function renewalLoop(clock: Timekeeper, { remainingMs, renew, intervalMs }: Renewable): RenewalLoop {
  const cancels: { renewal?: () => void; expiry?: () => void } = {};
  let stopped = false;

  const set = (timer: "renewal" | "expiry", ms: number, callback: () => void): void => {
    cancels[timer]?.();
    if (!stopped) cancels[timer] = clock.timer(ms, callback);
  };

  const watchExpiry = (): void =>
    set("expiry", Math.max(1, Math.min(Math.ceil(remainingMs()), LOOK_MS)), watchExpiry);

  /** Renews after `pauseMs`, or sooner when that is more than one part in `parts` of what is left. */
  const planRenewal = (pauseMs: number, parts: number): void => {
    if (renew === undefined) return;
    // A renewal that succeeds plans the next one by `restart`.
    set("renewal", Math.max(MIN_PAUSE_MS, Math.min(pauseMs, remainingMs() / parts)), () => {
      void renew().then((next) => next === "again" && planRenewal(intervalMs / 2, 3));
    });
  };

  return {
    restart() {
      watchExpiry();
      planRenewal(intervalMs, 2);
    },
    stop() {
      stopped = true;
      cancels.renewal?.();
      cancels.expiry?.();
    },
  };
}
