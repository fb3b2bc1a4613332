import type { MiddlewareObj, Request } from "@middy/core";
import type { Lease } from "../client/lease.ts";
import {
  assertNotStreamed,
  contextWith,
  electInvocations,
  type Followed,
  type LeaderContext,
  type LeadershipOptions,
} from "../client/with-leadership.ts";
import type { LambdaContext } from "./lambda-context.ts";

/** A Lambda context with the lease that the invocation leads under. */
export type LeaderOnlyContext = LeaderContext<LambdaContext>;

/**
 * A middleware under which the handler runs only while its invocation leads. A refused invocation returns
 * `{ led: false, reason, leader }` without running the handler, or what `onFollowed` says; a won one finds its `Lease` on
 * `context.lease`, which is released after the handler has settled, also when it throws. Its occurrence is done when the
 * handler returns before `lease.signal` is aborted, or has called `lease.complete()`.
 *
 * `use` it last: it then elects right before the handler and releases right after it, and no other
 * middleware can return between the two. Behind it, a middleware that answers early would leave the lease held: middy then runs
 * neither `after` nor `onError`.
 *
 * The term ends `timeoutMarginMs` before Lambda's timeout at the latest. Used last, no timer of it outlives the
 * invocation: a frozen environment would thaw holding a dead lease.
 *
 * middy's own early timeout (`timeoutEarlyInMillis`) must not be longer than `timeoutMarginMs` where its
 * `timeoutEarlyResponse` returns something: middy takes that for the handler's result, and the occurrence of a handler that still
 * works would be recorded as done. An early timeout that throws, as the default does, records nothing.
 *
 * It is not for middy's `executionModeDurableContext`: a run that is suspended neither returns nor throws, so it would keep the lease.
 *
 * Streamed responses are refused (middy's `executionModeStreamifyResponse`), since they go on after the release: elect within the
 * handler instead, by `leases.run`.
 *
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound; an invocation rejects as that of
 *   `withLeadership` does
 */
export function leaderOnly<TEvent = unknown, TFollowed = Followed>(
  options: LeadershipOptions<TEvent, TFollowed>,
  // oxlint-disable-next-line typescript/no-explicit-any -- middy's own default for results
): MiddlewareObj<TEvent, any, Error, LeaderOnlyContext> {
  const { elect, follow } = electInvocations(options, "leaderOnly");
  const leases = new WeakMap<object, Lease>();

  // By request, never by middleware or process: one process may serve several invocations at a time.
  const settle = async (request: object, succeeded: boolean): Promise<void> => {
    const lease = leases.get(request);
    leases.delete(request);
    // A handler that was told to stop may have stopped half-way: it says so itself where it did not.
    await lease?.release({ completed: succeeded && !lease.signal.aborted });
  };

  return {
    // oxlint-disable-next-line typescript/no-explicit-any -- as above
    async before(request: Request<TEvent, any, Error, LeaderOnlyContext>) {
      const lease = await elect(request.event, request.context);
      if ("led" in lease) {
        request.earlyResponse = await follow(lease, request.event, request.context);
        return;
      }
      leases.set(request, lease);
      request.context = contextWith(request.context, lease);
    },
    after(request) {
      const lease = leases.get(request);
      if (lease !== undefined) assertNotStreamed(lease.name, request.response);
      return settle(request, true);
    },
    onError: (request) => settle(request, false),
  };
}
