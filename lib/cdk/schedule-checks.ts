import { Duration, Token, Validations } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { longestDurationMs, recoveryMs, refuse } from "./checks.ts";
import { FINEST_PERIOD_MS, type SchedulePeriod } from "./schedule-period.ts";

/** A shorter run never leads. */
export const SHORTEST_TIMEOUT_MS = 3_000;
/** Most times that Lambda tries again. */
export const MOST_RETRIES = 2;
const LONGEST_EVENT_AGE_MS = 6 * 3_600_000;
const WAITS_BEFORE_RETRIES_MS = 300_000;

/** A schedule faster than recovery would lose occurrence after occurrence to one crashed leader. */
export function checkPeriod(
  scope: Construct,
  period: SchedulePeriod,
  expression: string,
  durationMs: number,
): void {
  const neededMs = recoveryMs(durationMs);
  if (period.kind === "repeats" && period.atLeastMs < neededMs) {
    refuse(
      scope,
      `schedule ${expression} can repeat after ${period.atLeastMs} ms, but with a duration of ${durationMs} ms a crashed ` +
        `leader is followed only within ${neededMs} ms, so it would cost more than one occurrence; use a period of ` +
        `at least ${neededMs} ms, or a duration of at most ${longestDurationMs(period.atLeastMs)} ms`,
    );
  }
  if (period.kind === "unreadable" && neededMs > FINEST_PERIOD_MS) {
    Validations.of(scope).addWarning(
      "leasehold:schedule-period-unknown",
      `schedule ${expression} is in a form whose period was not worked out; make sure that two occurrences are at ` +
        `least ${neededMs} ms apart, which is how long a crashed leader's work can stay without a leader`,
    );
  }
}

/**
 * A run longer than the period still holds the lease when the next occurrence comes, which is then refused and,
 * having been delivered, never retried. A run too short for a cold start and two requests never leads at all.
 */
export function checkTimeout(
  scope: Construct,
  timeout: Duration,
  period: SchedulePeriod,
  expression: string,
): void {
  if (timeout.isUnresolved()) return;
  const ms = timeout.toMilliseconds();
  if (ms < SHORTEST_TIMEOUT_MS) {
    refuse(
      scope,
      `timeout is ${ms} ms, but a cold start, a claim and a release need at least ${SHORTEST_TIMEOUT_MS} ms; raise it`,
    );
  }
  if (period.kind === "repeats" && ms > period.atLeastMs) {
    refuse(
      scope,
      `timeout is ${ms} ms, but schedule ${expression} can repeat after ${period.atLeastMs} ms, so one slow run would ` +
        "swallow the next occurrence; lower the timeout or lengthen the period",
    );
  }
}

/** What states the election comes from the construct alone. */
export function checkEnvironment(
  scope: Construct,
  environment: Readonly<Record<string, string>> | undefined,
  reserved: readonly string[],
): void {
  const taken = reserved.filter((name) => environment?.[name] !== undefined);
  if (taken.length === 0) return;
  refuse(
    scope,
    `environment sets ${taken.join(", ")}, which the construct sets from table, leaseName and duration`,
  );
}

/** Lambda knows few retries, and both it and Scheduler few ages of an event. */
export function checkRetries(
  scope: Construct,
  {
    retryAttempts: attempts,
    maxEventAge,
  }: { readonly retryAttempts?: number; readonly maxEventAge?: Duration },
): void {
  const late = (option: string, bounds: string): never =>
    refuse(scope, `${option} is known only at deployment, but synthesis has to check it: ${bounds}`);
  const ofAttempts = `a whole number from 0 to ${MOST_RETRIES}`;
  if (attempts !== undefined && Token.isUnresolved(attempts)) late("retryAttempts", ofAttempts);
  if (attempts !== undefined && (!Number.isInteger(attempts) || attempts < 0 || attempts > MOST_RETRIES)) {
    refuse(scope, `retryAttempts must be ${ofAttempts}, not ${attempts}`);
  }
  if (maxEventAge === undefined) return;
  const ofAge = `from ${FINEST_PERIOD_MS} to ${LONGEST_EVENT_AGE_MS} ms, in whole seconds`;
  if (maxEventAge.isUnresolved()) late("maxEventAge", ofAge);
  const ms = maxEventAge.toMilliseconds({ integral: false });
  if (ms % 1_000 !== 0 || ms < FINEST_PERIOD_MS || ms > LONGEST_EVENT_AGE_MS) {
    refuse(scope, `maxEventAge must be ${ofAge}, not ${ms} ms`);
  }
}

/** An occurrence is worth delivering until the next is due, and never for less than its retries take. */
export function worthwhileAge(period: SchedulePeriod, timeoutMs: number): Duration {
  const retriesMs = WAITS_BEFORE_RETRIES_MS + 2 * timeoutMs;
  const periodMs = period.kind === "repeats" ? period.atLeastMs : LONGEST_EVENT_AGE_MS;
  return Duration.millis(Math.min(LONGEST_EVENT_AGE_MS, Math.max(retriesMs, periodMs)));
}
