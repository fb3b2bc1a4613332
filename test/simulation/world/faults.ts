/** Every kind of trouble that the world can make. Each injection is counted under its kind. */
export const FAULT_KINDS = [
  "request-lost",
  "response-lost",
  "connection-reset",
  "slow",
  "reordered",
  "duplicate",
  "late-duplicate",
  "throttled",
  "server-error",
  "server-error-applied",
  "no-date",
  "partition",
  "gc-pause",
  "stop",
  "freeze",
  "hidden-freeze",
  "stall",
  "worst-moment-thaw",
  "crash",
  "restart",
  "wall-error",
  "wall-step",
  "clock-drift",
  "front-end-skew",
  "duplicate-tick",
  "late-tick",
  "operator-delete",
  "operator-restore",
  "operator-release",
  "ttl-delete",
  "lost-bell",
  "stale-look",
  "wave",
  "shards-changed",
  "session-delete",
] as const;

/** A kind of trouble. */
export type FaultKind = (typeof FAULT_KINDS)[number];

/**
 * How much of each kind. Between 0 and 1, the chance that one opportunity is taken: one attempt of a request
 * for the network's, one reading of the clocks for `stall`, one delivery for ticks. For what befalls a process
 * or a row by itself (pauses, crashes, steps, operators), how many times a minute.
 */
export type FaultRates = Readonly<Partial<Record<FaultKind, number>>>;

/** Counts what was injected, by kind. */
export class FaultCount {
  readonly counts = new Map<FaultKind, number>();

  add(kind: FaultKind, times = 1): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + times);
  }
}
