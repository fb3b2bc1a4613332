import { invalid } from "../core/errors.ts";

/** What can go wrong between a candidate and its leases. */
export type FaultKind =
  /** A request never arrives. */
  | "lostRequest"
  /** A write is applied, but its response never arrives. */
  | "lostResponse"
  /** A write arrives a second time, up to 20 s later. */
  | "lateDuplicate"
  /** A request or its response takes up to 20 s. */
  | "delay"
  /** The store answers that it is too busy. */
  | "throttle"
  /** The process stands still: no timer fires, no response is read. */
  | "pause"
  /** The process is killed and started anew. */
  | "crash"
  /** The process's wall clock is wrong. */
  | "skew";

/** How often each fault happens. */
export interface FaultRates {
  /**
   * Share of requests that get lost, 0 to 1.
   * @default 0.02
   */
  readonly lostRequest?: number;
  /**
   * Share of writes whose response gets lost.
   * @default 0.03
   */
  readonly lostResponse?: number;
  /**
   * Share of writes that arrive again later.
   * @default 0.03
   */
  readonly lateDuplicate?: number;
  /**
   * Share of requests that are slow.
   * @default 0.1
   */
  readonly delay?: number;
  /**
   * Share of requests that are turned away.
   * @default 0.02
   */
  readonly throttle?: number;
  /**
   * Pauses of each process in a minute, of up to 40 s each.
   * @default 0.5
   */
  readonly pause?: number;
  /**
   * Crashes of each process in a minute.
   * @default 0.2
   */
  readonly crash?: number;
  /**
   * Share of processes whose wall clock is up to five minutes wrong.
   * @default 0.5
   */
  readonly skew?: number;
}

/** How often each fault has happened. */
export type FaultCounts = Record<FaultKind, number>;

const DEFAULTS: Required<FaultRates> = {
  lostRequest: 0.02,
  lostResponse: 0.03,
  lateDuplicate: 0.03,
  delay: 0.1,
  throttle: 0.02,
  pause: 0.5,
  crash: 0.2,
  skew: 0.5,
};

/** No fault yet, of any kind. */
export function noFaults(): FaultCounts {
  const none: Record<string, number> = {};
  for (const kind of Object.keys(DEFAULTS)) none[kind] = 0;
  return none as FaultCounts;
}

/**
 * Checks fault rates and fills in the defaults.
 * @throws {LeaseError} INVALID_ARGUMENT for a rate that is not a number from 0 to 1, or to 60 for those a minute
 */
export function parseRates(rates: FaultRates): Required<FaultRates> {
  const parsed: Record<string, number> = { ...DEFAULTS, ...rates };
  for (const [kind, rate] of Object.entries(parsed)) {
    const most = kind === "pause" || kind === "crash" ? 60 : 1;
    if (!(kind in DEFAULTS)) throw invalid(`faults has no kind "${kind}"`);
    if (typeof rate !== "number" || !(rate >= 0 && rate <= most)) {
      throw invalid(`faults.${kind} must be a number from 0 to ${most}, not ${String(rate)}`);
    }
  }
  return parsed as unknown as Required<FaultRates>;
}
