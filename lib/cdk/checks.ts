import { type Duration, type ResourceEnvironment, Stack, Token } from "aws-cdk-lib";
import type { IConstruct } from "constructs";
import { LEASE_DURATION_BOUNDS_MS } from "../dynamodb/lease-environment.ts";
import { DEFAULT_TIMING, MAX_NAME_BYTES, recoveryBoundMs } from "../dynamodb/schema.ts";

/** Ends synthesis, naming the construct that was asked for the impossible. */
export function refuse(scope: IConstruct, message: string): never {
  throw new Error(`${scope.node.path}: ${message}`);
}

/**
 * Refuses what is in another region or account than the scope's stack. What is known only at deployment passes unseen.
 * @param message says why, from what differs, where the thing is, and where the stack is
 */
export function checkSamePlace(
  scope: IConstruct,
  env: ResourceEnvironment,
  message: (what: "region" | "account", there: string, here: string) => string,
): void {
  const stack = Stack.of(scope);
  for (const what of ["region", "account"] as const) {
    const [there, here] = [env[what], stack[what]];
    if (there === here || Token.isUnresolved(there) || Token.isUnresolved(here)) continue;
    refuse(scope, message(what, there, here));
  }
}

/** Checks from how many on an alarm is to be on, and tells it: a whole number from 1. From 0 on it would always be on. */
export function checkCount(scope: IConstruct, count: number, property: string): number {
  if (Token.isUnresolved(count) || (Number.isSafeInteger(count) && count >= 1)) return count;
  return refuse(scope, `${property} is ${String(count)}, but has to be a whole number, 1 or more`);
}

/**
 * Checks a lease name: 1 to {@link MAX_NAME_BYTES} bytes of UTF-8. A name that is known only at deployment
 * (a token) passes unseen; the client checks it when it runs.
 */
export function checkLeaseName(scope: IConstruct, name: unknown, property: string): string {
  if (typeof name !== "string") {
    return refuse(scope, `${property} must be a string of 1 to ${MAX_NAME_BYTES} bytes, not ${typeof name}`);
  }
  if (Token.isUnresolved(name)) return name;
  if (name.length === 0) refuse(scope, `${property} is empty; give it 1 to ${MAX_NAME_BYTES} bytes`);
  const bytes = new TextEncoder().encode(name).length;
  if (bytes > MAX_NAME_BYTES) {
    refuse(
      scope,
      `${property} has ${bytes} bytes, at most ${MAX_NAME_BYTES} are allowed, DynamoDB's limit for a partition ` +
        `key; shorten it (it begins with "${name.slice(0, 24)}")`,
    );
  }
  return name;
}

/** Checks that an ARN names a table, in a region and an account. One that is known only at deployment passes unseen. */
export function checkTableArn(scope: IConstruct, arn: string): void {
  if (Token.isUnresolved(arn) || TABLE_ARN.test(arn)) return;
  refuse(
    scope,
    `tableArn is "${arn}", but has to be that of a DynamoDB table, such as ` +
      "arn:aws:dynamodb:eu-central-1:111111111111:table/leases",
  );
}

/** Parts may be tokens, such as the partition. */
const TABLE_ARN = /^arn:[^:]+:dynamodb:[^:]+:[^:]+:table\/[^/:]+$/;

/** Checks the length of a lease, fills in the client's default, and tells it in ms. */
export function checkDuration(scope: IConstruct, value: Duration | undefined): number {
  if (value === undefined) return DEFAULT_TIMING.durationMs;
  const { min, max } = LEASE_DURATION_BOUNDS_MS;
  const bounds = `whole milliseconds, from ${min} ms (a second) to ${max} ms (a day)`;
  if (typeof value?.toMilliseconds !== "function") {
    return refuse(scope, `duration must be a Duration of ${bounds}, not ${typeof value} ${String(value)}`);
  }
  if (value.isUnresolved()) {
    refuse(scope, `duration is known only at deployment, but synthesis has to check it: ${bounds}`);
  }
  const ms = value.toMilliseconds({ integral: false });
  if (!Number.isInteger(ms) || ms < min || ms > max) {
    refuse(scope, `duration is ${ms} ms, but has to be of ${bounds}`);
  }
  return ms;
}

/** How long a crashed leader's work stays without a leader when its clients keep the default grace and retry. */
export function recoveryMs(durationMs: number): number {
  return recoveryBoundMs({ ...DEFAULT_TIMING, durationMs });
}

/** The longest duration, in ms, with which a crashed leader's work stays without a leader for no longer than a period. */
export function longestDurationMs(periodMs: number): number {
  const atMost = periodMs - recoveryMs(0);
  // Drift stretches the duration, so the first guess is too long by a little.
  let durationMs = Math.floor(atMost / (recoveryMs(1e9) / 1e9));
  while (recoveryMs(durationMs + 1) <= periodMs) durationMs += 1;
  while (recoveryMs(durationMs) > periodMs) durationMs -= 1;
  return durationMs;
}
