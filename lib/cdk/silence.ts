import { Duration } from "aws-cdk-lib";

/** Periods of an alarm that last as long as something may be silent. */
export interface Window {
  readonly period: Duration;
  readonly periods: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** CloudWatch looks back no further than this. Alarms with periods under an hour look back a day, which is more than they need here. */
const LONGEST_MS = 7 * DAY_MS;
/** Lengths of a period, each with the longest time that it is taken for. */
const PERIODS_MS = [
  { periodMs: MINUTE_MS, upToMs: 60 * MINUTE_MS },
  { periodMs: 5 * MINUTE_MS, upToMs: 300 * MINUTE_MS },
  { periodMs: 15 * MINUTE_MS, upToMs: 900 * MINUTE_MS },
  { periodMs: 60 * MINUTE_MS, upToMs: LONGEST_MS },
];

/**
 * The window of an alarm on something that is never silent for longer than `ms`; `undefined` where CloudWatch cannot look back so
 * far. It is a period longer: the newest one has only begun.
 */
export function windowOf(ms: number): Window | undefined {
  const fit = PERIODS_MS.find(({ periodMs, upToMs }) => ms + periodMs <= upToMs);
  if (fit === undefined) return undefined;
  return { period: Duration.millis(fit.periodMs), periods: Math.ceil(ms / fit.periodMs) + 1 };
}

/** The most that Scheduler and Lambda take to bring an occurrence to a function, in ms: "within a minute", and a cold start. */
const DELIVERY_MS = 2 * MINUTE_MS;

/** How long a schedule may be silent while all is well, in ms: so many gaps, the delivery, and one run. */
export function quietMs(gap: Duration, timeout: Duration, gaps: number): number {
  return gaps * gap.toMilliseconds() + DELIVERY_MS + timeout.toMilliseconds();
}
