import { LeaseError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";

/** Waits `ms`, or until a signal is aborted; says nothing about which. Leaves no timer and no listener. */
export function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.timer(ms, done);
    signal?.addEventListener("abort", done);
  });
}

/** The error of a wait that the caller's own signal ended. */
export function aborted(lease: string, signal: AbortSignal): LeaseError {
  const message = `the caller's signal was aborted, lease "${lease}" was not acquired or is given up`;
  return new LeaseError("ABORTED", message, { lease, cause: signal.reason });
}
