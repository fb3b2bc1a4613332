import middy from "@middy/core";
import type { Context } from "aws-lambda";
import type { Lease } from "../../lib/client/lease.ts";
import type { LeaderContext, LeadershipOptions } from "../../lib/client/with-leadership.ts";
import { withLeadership } from "../../lib/client/with-leadership.ts";
import { leaderOnly } from "../../lib/middy/leader-only.ts";
import type { ManualClock } from "../../lib/testing/manual-clock.ts";

/** A context of an invocation that may run `leftMs` more by the clock; without one, whose time is unknown. */
export function context(clock?: ManualClock, leftMs = 60_000): Context {
  const begun = clock?.now().mono ?? 0;
  const time = clock && {
    getRemainingTimeInMillis: () => leftMs - (clock.now().mono - begun),
  };
  return { awsRequestId: "1", functionName: "job", ...time } as unknown as Context;
}

/** A handler of a test. */
export type Handler = (event: unknown, context: LeaderContext<Context>) => Promise<unknown>;

/** An invocation of a handler under an election. */
export type Invoke = (event: unknown, context: Context) => Promise<unknown>;

/** Makes an elected function of a handler: with middy, or as a plain wrapper. */
export type Elect = (handler: Handler, options: LeadershipOptions) => Invoke;

export const withMiddy: Elect = (handler, options) => {
  // middy ends a handler shortly before the time that Lambda shows, by a timer of its own.
  const elected = middy({ timeoutEarlyInMillis: 0 }).use(leaderOnly(options)).handler(handler);
  return async (event, lambdaContext) => elected(event, lambdaContext as LeaderContext<Context>);
};

export const withWrapper: Elect = (handler, options) =>
  withLeadership<unknown, Context, unknown, unknown>(handler, options);

/** The lease that a handler finds on its context. */
export function leaseOf(lambdaContext: Context): Lease {
  return (lambdaContext as LeaderContext<Context>).lease;
}
