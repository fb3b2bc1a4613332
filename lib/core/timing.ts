import { invalid } from "./errors.ts";
import type { Names } from "./known.ts";

/** Every number that the protocol depends on, checked. Lengths in ms. */
export interface Timing {
  /** How long a term lasts without renewal. */
  readonly durationMs: number;
  /** How often a held lease is renewed. */
  readonly renewIntervalMs: number;
  /** How often a standby looks. Its first wait is a random part of this. */
  readonly retryIntervalMs: number;
  /** How long one request may take before it counts as unanswered. */
  readonly requestTimeoutMs: number;
  /** How long a challenger waits beyond `expiresAt`, G in docs/protocol.md. */
  readonly graceMs: number;
  /** How far the service's front ends may disagree, δ. */
  readonly serviceClockErrorMs: number;
  /** How fast a running process's monotonic clock may drift, ρ. */
  readonly clockDriftRatio: number;
  /** How long a row outlives its last write before DynamoDB's TTL may delete it. */
  readonly retentionMs: number;
}

/** The options that make a {@link Timing}; what is left out has a default. */
export interface TimingOptions {
  /**
   * How long a term lasts without renewal, in ms: 1,000 to 86,400,000. A crashed leader is followed after
   * about this long.
   * @default 15_000
   */
  readonly durationMs?: number | undefined;
  /**
   * How often a held lease is renewed, in ms. Less than half of `durationMs`, and such that two requests
   * that time out still fit: `renewIntervalMs + 2 × requestTimeoutMs ≤ durationMs`.
   * @default - a third of `durationMs`
   */
  readonly renewIntervalMs?: number | undefined;
  /**
   * How often a standby looks, in ms: 50 to 86,400,000. It looks as well when the leader's term could be over.
   * The first wait is a random part of it, so that candidates that start together do not look together. Whoever is told
   * of releases and calls `notify()` sets it long.
   * @default 2_000
   */
  readonly retryIntervalMs?: number | undefined;
  /**
   * How long one request, the SDK's own retries included, may take, in ms, before its outcome counts as
   * unknown: 50 or more, bounded as {@link renewIntervalMs} says.
   * @default - a fifth of `durationMs`, at most 5,000
   */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * How long a challenger waits beyond `expiresAt`, in ms: at least `1000 + 2 × serviceClockErrorMs`, since
   * the service's clock is read to the second. **The same in every client of a table.**
   * @default 1_500
   */
  readonly graceMs?: number | undefined;
  /**
   * How far apart the clocks of the service's front ends may be, in ms: 0 to 60,000. **The same in every client of a table.**
   * @default 250
   */
  readonly serviceClockErrorMs?: number | undefined;
  /**
   * How much faster or slower than real time a running process's monotonic clock may be: 0 to 0.1.
   * **The same in every client of a table.**
   * @default 0.005
   */
  readonly clockDriftRatio?: number | undefined;
  /**
   * How long a row outlives its last write before DynamoDB's TTL may delete it, in ms: a day to ten years.
   * @default - 30 days
   */
  readonly retentionMs?: number | undefined;
}

/** The options' names; see `parseKnown`. */
export const TIMING_NAMES: Names<TimingOptions> = {
  durationMs: true,
  renewIntervalMs: true,
  retryIntervalMs: true,
  requestTimeoutMs: true,
  graceMs: true,
  serviceClockErrorMs: true,
  clockDriftRatio: true,
  retentionMs: true,
};

const DAY_MS = 86_400_000;

/** The default, the least and the most of each length; those without a default follow from `durationMs`. */
const LENGTHS = {
  durationMs: [15_000, 1_000, DAY_MS],
  renewIntervalMs: [0, 50, DAY_MS],
  retryIntervalMs: [2_000, 50, DAY_MS],
  requestTimeoutMs: [0, 50, DAY_MS],
  graceMs: [1_500, 0, DAY_MS],
  serviceClockErrorMs: [250, 0, 60_000],
  retentionMs: [30 * DAY_MS, DAY_MS, 3650 * DAY_MS],
} as const;

type Length = keyof typeof LENGTHS;

/**
 * Checks timing options and fills in the defaults.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
 */
export function parseTiming(options: TimingOptions): Timing {
  const { clockDriftRatio = 0.005 } = options;
  const timing = { clockDriftRatio } as Record<keyof Timing, number>;
  for (const option of Object.keys(LENGTHS) as Length[]) {
    const [fixed, min, max] = LENGTHS[option];
    timing[option] = parseWholeMs(
      options[option],
      option,
      fixed || derived(option, timing.durationMs),
      min,
      max,
    );
  }
  const { durationMs } = timing;
  const { renewIntervalMs, requestTimeoutMs, graceMs } = timing;
  if (typeof clockDriftRatio !== "number" || !(clockDriftRatio >= 0 && clockDriftRatio <= 0.1)) {
    throw invalid(`clockDriftRatio must be a number from 0 to 0.1, not ${show(clockDriftRatio)}`);
  }
  if (renewIntervalMs * 2 >= durationMs) {
    throw invalid(
      `renewIntervalMs (${renewIntervalMs}) must be less than half of durationMs (${durationMs})`,
    );
  }
  if (renewIntervalMs + 2 * requestTimeoutMs > durationMs) {
    throw invalid(
      `renewIntervalMs (${renewIntervalMs}) plus two requestTimeoutMs (${requestTimeoutMs}) must fit into durationMs (${durationMs})`,
    );
  }
  const minGraceMs = 1_000 + 2 * timing.serviceClockErrorMs;
  if (graceMs < minGraceMs) {
    throw invalid(`graceMs (${graceMs}) must be at least 1000 + 2 * serviceClockErrorMs (${minGraceMs})`);
  }
  return timing;
}

function derived(option: Length, durationMs: number): number {
  return Math.floor(option === "renewIntervalMs" ? durationMs / 3 : Math.min(5_000, durationMs / 5));
}

/** The timings of a client that sets none. */
export const DEFAULT_TIMING: Timing = /* @__PURE__ */ parseTiming({});

/**
 * Checks a length in whole milliseconds.
 * @throws {LeaseError} INVALID_ARGUMENT unless it is a whole number from `min` to `max`
 */
export function parseWholeMs(
  value: unknown,
  option: string,
  fallback: number,
  min: number,
  max: number,
): number {
  if (value === undefined) return fallback;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    throw invalid(
      `${option} must be a whole number of milliseconds from ${min} to ${max}, not ${show(value)}`,
    );
  }
  return value;
}

/** Shows what was given for an option, and of which type it is. */
export function show(value: unknown): string {
  const type = typeof value;
  try {
    return `"${String(value).slice(0, 40)}" (${type})`;
  } catch {
    return `what cannot be shown (${type})`; // An object without a text of its own, or whose own text throws.
  }
}

/**
 * How long a lease can stay without a leader after its holder has crashed, in ms, once faults stop (I5): the duration
 * with what clocks drift in it, the grace that its expiry may be late by, the grace that a challenger waits, a second
 * because the service's clock is read to the second, what front ends disagree by, and one retry. A lock-delay or a
 * reservation adds its own length to the duration.
 */
export function recoveryBoundMs(
  timing: Pick<
    Timing,
    "durationMs" | "graceMs" | "retryIntervalMs" | "serviceClockErrorMs" | "clockDriftRatio"
  >,
): number {
  const { durationMs, graceMs, retryIntervalMs, serviceClockErrorMs, clockDriftRatio: ratio } = timing;
  const drifting = durationMs * ((1 + ratio) / (1 - ratio) ** 2);
  return Math.ceil(drifting + 2 * graceMs + 1_000 + serviceClockErrorMs + retryIntervalMs);
}
