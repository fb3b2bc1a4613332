import { LeaseError } from "../core/errors.ts";
import type { Timekeeper } from "./timekeeper.ts";

/** What ends a wait early, from outside. A call while nobody waits ends the next wait at once. */
export interface Wakeup {
  /** Ends the wait. */
  wake(): void;
  /** Calls back at the next wake-up, or at once if one is due; returns what forgets it. */
  next(callback: () => void): () => void;
  /** Forgets that one is due. */
  clear(): void;
}

/** For how long a caller waits. */
export interface Within {
  readonly signal?: AbortSignal | undefined;
  /** By the monotonic clock; for as long as it takes where it is left out. */
  readonly until?: number;
}

/** What timers can count, in ms. */
export const MAX_WAIT_MS = 2 ** 31 - 1;

/** Makes a wake-up for one waiter. */
export function makeWakeup(): Wakeup {
  let due = false;
  let waiter: (() => void) | undefined;
  return {
    wake() {
      due = waiter === undefined;
      waiter?.();
    },
    next(callback) {
      if (due) {
        due = false;
        callback();
        return () => undefined;
      }
      waiter = callback;
      return () => {
        waiter = undefined;
      };
    },
    clear() {
      due = false;
    },
  };
}

/**
 * Waits `ms`, or until a signal is aborted or a wake-up comes; resolves with whether it was a wake-up. Leaves no
 * timer and no listener.
 */
export function pause(
  clock: Timekeeper,
  ms: number,
  signal?: AbortSignal,
  wakeup?: Wakeup,
): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(false);
    let forget: (() => void) | undefined;
    const end = (woken: boolean): void => {
      cancel();
      forget?.();
      signal?.removeEventListener("abort", onAbort);
      resolve(woken);
    };
    const onAbort = (): void => end(false);
    const cancel = clock.timer(ms, () => end(false));
    signal?.addEventListener("abort", onAbort);
    forget = wakeup?.next(() => end(true));
  });
}

/**
 * Has one signal's abort passed on to a controller, for as long as it takes; returns what ends that. Unlike a signal made of others it
 * leaves nothing behind on signals that live as long as the process.
 */
export function follows(ender: AbortController, signal: AbortSignal | undefined): () => void {
  const abort = (): void => ender.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  return () => signal?.removeEventListener("abort", abort);
}

/** The error of a wait that the caller's own signal ended. */
export function aborted(lease: string, signal: AbortSignal): LeaseError {
  const message = `the caller's signal was aborted, lease "${lease}" was not acquired or is given up`;
  return new LeaseError("ABORTED", message, { lease, cause: signal.reason });
}
