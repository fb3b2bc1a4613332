import { invalid, LeaseError } from "../core/errors.ts";
import { type Names, parseKnown } from "../core/known.ts";
import { parseName } from "../core/names.ts";
import type { RefusalReason } from "../core/next-move.ts";
import type { TickPolicy } from "../core/options.ts";
import { parseWholeMs } from "../core/timing.ts";
import type { LeaseHandle } from "./handle.ts";
import { isResponseStream, recordsIn, streamIn } from "./invocation-event.ts";
import { type InvocationElector, invocationTries } from "./invocation-tries.ts";
import type { Lease } from "./lease.ts";

/** What of a Lambda context matters here. */
export interface InvocationContext {
  /** How long the invocation may still run, in ms. */
  getRemainingTimeInMillis?(): number;
}

/** A context with the lease that the invocation leads under. */
export type LeaderContext<TContext = InvocationContext> = TContext & { readonly lease: Lease };

/** How an invocation fared that does not lead: what it returns unless told otherwise, without having run the handler. */
export interface Followed {
  readonly led: false;
  /**
   * `held`: another invocation leads. `reserved`: the lease is kept for another. `tick-done`: the occurrence was
   * done before. `tick-passed`: a later one was, and nobody can say whether this one was.
   */
  readonly reason: RefusalReason;
  /** The leader's id; with `permits` that of one who has a permit. `undefined` when nobody leads. */
  readonly leader: string | undefined;
}

/** Options of `leaderOnly` and {@link withLeadership}. */
export interface LeadershipOptions<TEvent = unknown, TFollowed = unknown> {
  /** The client to elect with: one per process, made outside of the handler. */
  readonly leases: InvocationElector;
  /** The lease to lead under; with `permits` the semaphore. */
  readonly name: string;
  /**
   * Has each invocation take one of so many permits in place of the lease: at most so many run at a time, 1 to 10,000. **The same wherever
   * the name is used**; see `Semaphore`. The `lease` on the context is the permit. What an invocation costs is 5 requests, and 1 when
   * all permits are taken.
   *
   * Not together with `tick` and `tickPolicy`. No occurrence is looked for in the event: one that a schedule delivers twice may run twice.
   * @default - none: one lease, so one at a time
   */
  readonly permits?: number | undefined;
  /**
   * Finds the scheduled occurrence in the event: an instant, as `TickOptions.tick`. An occurrence that was done is not led again.
   * Not together with `permits`.
   * @default - {@link scheduledTick}
   */
  readonly tick?: ((event: TEvent) => string | Date | undefined) | undefined;
  /**
   * When an occurrence counts as done: once the handler has returned, or by being claimed. Not together with `permits`.
   * @default "until-success"
   */
  readonly tickPolicy?: TickPolicy | undefined;
  /**
   * A label that several invocations share, a region for example: a release keeps the lease for it, or the permit; see
   * `TermOptions.affinity`.
   * @default - none
   */
  readonly affinity?: string | undefined;
  /**
   * For how long it is kept for the `affinity`, in ms; see `TermOptions.affinityMs`.
   * @default - none: to be given with `affinity`
   */
  readonly affinityMs?: number | undefined;
  /**
   * The shortest time from winning the lease, or the permit, until another invocation can, in ms; see `TermOptions.holdAtLeastMs`. A crash cuts that of
   * a permit to what is left of its session's `durationMs`, that of a lease not.
   * @default 0
   */
  readonly holdAtLeastMs?: number | undefined;
  /**
   * How long the term lasts without renewal, in ms; with `permits` that of the session, so how long a crash keeps a permit.
   * @default - the client's
   */
  readonly durationMs?: number | undefined;
  /**
   * How long before Lambda's own timeout the term ends at the latest, in ms, so that the handler is told and
   * the row promises nothing that a killed environment cannot keep. A permit is released then, which takes two requests.
   * @default 500
   */
  readonly timeoutMarginMs?: number | undefined;
  /**
   * Answers for an invocation that does not lead: with a response of your own (`{ statusCode: 503 }`, `{ batchItemFailures }`), or by
   * throwing, so that the invocation is tried again. `undefined` is an answer, too.
   * @default - {@link Followed} is returned. An event that carries records (SQS, Kinesis, streams, SNS, Kafka, Pipes …) is an error
   *   instead, `NOT_LEADING`, since returning would have them deleted; not so a single record whose occurrence was done
   */
  readonly onFollowed?: OnFollowed<TEvent, TFollowed> | undefined;
}

/** Answers for an invocation that does not lead. */
export type OnFollowed<TEvent, TFollowed> = (
  followed: Followed,
  event: TEvent,
  context: InvocationContext | undefined,
) => Promise<TFollowed> | TFollowed;

/** A handler that runs while its invocation leads. */
export type LeaderHandler<TEvent, TContext, TResult> = (
  event: TEvent,
  context: LeaderContext<TContext>,
) => Promise<TResult> | TResult;

/** The options' names; see {@link parseKnown}. */
export const LEADERSHIP_NAMES = {
  leases: true,
  name: true,
  permits: true,
  tick: true,
  tickPolicy: true,
  affinity: true,
  affinityMs: true,
  holdAtLeastMs: true,
  durationMs: true,
  timeoutMarginMs: true,
  onFollowed: true,
} as const satisfies Names<LeadershipOptions>;

/** What elects each invocation of one handler, and what comes of one that does not lead. */
export interface InvocationElection<TEvent, TFollowed> {
  readonly elect: (event: TEvent, context: InvocationContext | undefined) => Promise<Lease | Followed>;
  readonly follow: (
    followed: Followed,
    event: TEvent,
    context: InvocationContext | undefined,
  ) => Promise<TFollowed | Followed>;
}

/**
 * Checks the options once and returns what elects each invocation. Every invocation is a candidate of its
 * own, or takes a permit of its own, also where one process serves several at a time.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
 */
export function electInvocations<TEvent, TFollowed>(
  options: LeadershipOptions<TEvent, TFollowed>,
  of: string,
): InvocationElection<TEvent, TFollowed> {
  if (options === undefined) throw invalid(`${of} needs options: leases and name`);
  parseKnown(options, LEADERSHIP_NAMES, of);
  const { leases, permits, tick, durationMs, tickPolicy, affinity, affinityMs, holdAtLeastMs } = options;
  const { onFollowed } = options;
  if (onFollowed !== undefined && typeof onFollowed !== "function")
    throw invalid("onFollowed must be a function");
  const name = parseName(options.name);
  const term = { leases, permits, tick, durationMs, tickPolicy, affinity, affinityMs, holdAtLeastMs };
  const tryOnce = invocationTries(name, term);
  const marginMs = parseWholeMs(options.timeoutMarginMs, "timeoutMarginMs", 500, 0, 900_000);
  return {
    async elect(event, context) {
      if (isResponseStream(context)) throw streamed(name);
      const leftMs = context?.getRemainingTimeInMillis?.();
      const termLimitMs = leftMs === undefined ? undefined : termLimit(leftMs, marginMs, name);
      const result = await tryOnce(event, termLimitMs);
      if (result.kind === "acquired") return held(result.lease);
      return { led: false, reason: result.reason, leader: result.state.holder };
    },
    async follow(followed, event, context) {
      if (onFollowed !== undefined) return onFollowed(followed, event, context);
      assertNothingDropped(name, followed, event);
      return followed;
    },
  };
}

/** Records whose invocation returns are taken for handled, and deleted. One that was done before has been handled. */
function assertNothingDropped(name: string, { reason }: Followed, event: unknown): void {
  const records = recordsIn(event);
  if (records === 0 || (records === 1 && reason === "tick-done")) return;
  const message = `lease "${name}": this invocation does not lead (${reason}), and to return would drop the records of its event; it fails so that they are delivered again (say otherwise with onFollowed)`;
  throw new LeaseError("NOT_LEADING", message, { lease: name });
}

function streamed(name: string): LeaseError {
  const message = `lease "${name}": a response that is streamed outlives its handler, and the lease would be released before it has ended; elect within the handler instead: leases.run(name, work) with work that ends the stream`;
  return new LeaseError("INVALID_ARGUMENT", message, { lease: name });
}

/**
 * Refuses a response that is still to be read: what it does then, it would do without the lease. The stream is given up.
 * @throws {LeaseError} INVALID_ARGUMENT saying what to do instead
 */
export function assertNotStreamed(name: string, response: unknown): void {
  const stream = streamIn(response);
  if (stream === undefined) return;
  if (stream.destroy !== undefined) stream.destroy();
  else void stream.cancel?.().catch(() => undefined);
  throw streamed(name);
}

/**
 * The context with the lease on it: the very object where that can take one more member, else a copy with the same prototype, for a
 * context that is frozen or missing.
 */
export function contextWith<TContext extends InvocationContext>(
  context: TContext | undefined,
  lease: Lease,
): LeaderContext<TContext> {
  if (context === undefined || context === null) return { lease } as LeaderContext<TContext>;
  if (Object.isExtensible(context)) return Object.assign(context, { lease });
  const copy = Object.create(Object.getPrototypeOf(context)) as TContext;
  return Object.assign(copy, context, { lease });
}

/** Releases what is over before its handler began. */
async function held(lease: Lease): Promise<Lease> {
  try {
    lease.assertHeld();
    // What is no handle of a client, in somebody's own test, has nothing to be told.
    (lease as Partial<LeaseHandle>).waitForWork?.({ handedOut: true });
    return lease;
  } catch (error) {
    await lease.release({ completed: false });
    throw error;
  }
}

function termLimit(leftMs: number, marginMs: number, name: string): number {
  if (leftMs - marginMs >= 1_000) return leftMs - marginMs;
  throw invalid(
    `too late for "${name}": ${leftMs} ms are left, 1000 beside timeoutMarginMs (${marginMs}) are needed; raise the function's timeout`,
  );
}

/**
 * Wraps a handler so that it runs only while its invocation leads. A refused invocation returns
 * {@link Followed} at once, or what `onFollowed` says; on a won one the lease is on `context.lease` and is released after the
 * handler has settled, also when it throws. No timer outlives the invocation. A context that is frozen is copied, and one that is
 * missing is made.
 *
 * A handler that returns after its `lease.signal` was aborted has its response returned as it is, and its occurrence is
 * not done, unless it called `lease.complete()`. Throw to have the invocation tried again.
 *
 * Streamed responses are refused (`awslambda.streamifyResponse`, a stream that is returned), since they go on after the release.
 *
 * @throws {LeaseError} INVALID_ARGUMENT when an option is out of bounds; the wrapped handler rejects with what
 *   `tryAcquire` throws, with NOT_LEADING (see `onFollowed`), and with INVALID_ARGUMENT for a streamed response
 */
export function withLeadership<TEvent, TContext extends InvocationContext, TResult>(
  handler: LeaderHandler<TEvent, TContext, TResult>,
  options: LeadershipOptions<TEvent> & { readonly onFollowed?: undefined },
): (event: TEvent, context?: TContext) => Promise<TResult | Followed>;
export function withLeadership<TEvent, TContext extends InvocationContext, TResult, TFollowed>(
  handler: LeaderHandler<TEvent, TContext, TResult>,
  options: LeadershipOptions<TEvent, TFollowed> & { readonly onFollowed: OnFollowed<TEvent, TFollowed> },
): (event: TEvent, context?: TContext) => Promise<TResult | TFollowed>;
export function withLeadership<TEvent, TContext extends InvocationContext, TResult, TFollowed>(
  handler: LeaderHandler<TEvent, TContext, TResult>,
  options: LeadershipOptions<TEvent, TFollowed>,
): (event: TEvent, context?: TContext) => Promise<TResult | TFollowed | Followed>;
export function withLeadership<TEvent, TContext extends InvocationContext, TResult, TFollowed>(
  handler: LeaderHandler<TEvent, TContext, TResult>,
  options: LeadershipOptions<TEvent, TFollowed>,
): (event: TEvent, context?: TContext) => Promise<TResult | TFollowed | Followed> {
  if (typeof handler !== "function") throw invalid("handler must be a function");
  const { elect, follow } = electInvocations(options, "withLeadership");
  return async (event, context) => {
    const lease = await elect(event, context);
    if ("led" in lease) return follow(lease, event, context);
    let completed = false;
    try {
      lease.assertHeld(); // Once more: the client may have been closed meanwhile.
      const result = await handler(event, contextWith(context, lease));
      assertNotStreamed(lease.name, result);
      completed = !lease.signal.aborted;
      return result;
    } finally {
      await lease.release({ completed });
    }
  };
}
