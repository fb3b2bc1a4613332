import { invalid } from "../core/errors.ts";
import { parseName } from "../core/names.ts";
import type { RefusalReason } from "../core/next-move.ts";
import { parseTerm, type TickPolicy } from "../core/options.ts";
import { DEFAULT_TIMING, parseWholeMs } from "../core/timing.ts";
import type { LeaseHandle } from "./handle.ts";
import type { Lease } from "./lease.ts";
import type { AcquireResult, TryAcquireOptions } from "./results.ts";

/** What of a Lambda context matters here. */
export interface InvocationContext {
  /** How long the invocation may still run, in ms. */
  getRemainingTimeInMillis?(): number;
}

/** A context with the lease that the invocation leads under. */
export type LeaderContext<TContext = InvocationContext> = TContext & { readonly lease: Lease };

/** What an invocation that does not lead returns, without having run the handler. */
export interface Followed {
  readonly led: false;
  /**
   * `held`: another invocation leads. `reserved`: the lease is kept for another. `tick-done`: the occurrence was
   * done before.
   */
  readonly reason: RefusalReason;
  /** The leader's id; `undefined` when nobody leads. */
  readonly leader: string | undefined;
}

/** What `leaderOnly` needs of a client: a `LeaseClient` has it. */
export interface InvocationElector {
  tryAcquire(name: string, options?: TryAcquireOptions): Promise<AcquireResult>;
}

/** Options of `leaderOnly` and {@link withLeadership}. */
export interface LeadershipOptions<TEvent = unknown> {
  /** The client to elect with: one per process, made outside of the handler. */
  readonly leases: InvocationElector;
  /** The lease to lead under. */
  readonly name: string;
  /**
   * Finds the scheduled occurrence in the event. An occurrence that was done is not led again.
   * @default - {@link scheduledTick}
   */
  readonly tick?: ((event: TEvent) => string | undefined) | undefined;
  /**
   * When an occurrence counts as done: once the handler has returned, or by being claimed.
   * @default "until-success"
   */
  readonly tickPolicy?: TickPolicy | undefined;
  /**
   * A label that several invocations share, a region for example: a release keeps the lease for it; see
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
   * The shortest time from winning the lease until another invocation can, in ms; see `TermOptions.holdAtLeastMs`.
   * @default 0
   */
  readonly holdAtLeastMs?: number | undefined;
  /**
   * How long the term lasts without renewal, in ms.
   * @default - the client's
   */
  readonly durationMs?: number | undefined;
  /**
   * How long before Lambda's own timeout the term ends at the latest, in ms, so that the handler is told and
   * the row promises nothing that a killed environment cannot keep.
   * @default 500
   */
  readonly timeoutMarginMs?: number | undefined;
}

/**
 * Finds the scheduled time in an event: `tick` (what `LeaderSchedule` sends) or `time` (what EventBridge
 * rules send); `undefined` in any other.
 */
export function scheduledTick(event: unknown): string | undefined {
  if (typeof event !== "object" || event === null) return undefined;
  const { tick, time } = event as { readonly tick?: unknown; readonly time?: unknown };
  const found = tick ?? time;
  return typeof found === "string" ? found : undefined;
}

/**
 * Checks the options once and returns what elects each invocation. Every invocation is a candidate of its
 * own, also where one process serves several at a time.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
 */
export function electInvocations<TEvent>(
  options: LeadershipOptions<TEvent>,
): (event: TEvent, context: InvocationContext) => Promise<Lease | Followed> {
  const { leases, durationMs, tickPolicy, affinity, affinityMs, holdAtLeastMs } = options;
  const { tick: tickOf = scheduledTick } = options;
  if (typeof leases?.tryAcquire !== "function") throw invalid("leases must be a LeaseClient");
  if (typeof tickOf !== "function") throw invalid("tick must be a function");
  const name = parseName(options.name);
  // The client's own intervals are not known here; all else is wrong now or never.
  parseTerm({ durationMs, tickPolicy, holdAtLeastMs, affinity, affinityMs }, ANY_CLIENT);
  const marginMs = parseWholeMs(options.timeoutMarginMs, "timeoutMarginMs", 500, 0, 900_000);
  return async (event, context) => {
    const leftMs = context?.getRemainingTimeInMillis?.();
    const termLimitMs = leftMs === undefined ? undefined : termLimit(leftMs, marginMs, name);
    const result = await leases.tryAcquire(name, {
      durationMs,
      tickPolicy,
      affinity,
      affinityMs,
      holdAtLeastMs,
      tick: tickOf(event),
      termLimitMs,
    });
    if (result.kind === "acquired") return held(result.lease);
    return { led: false, reason: result.reason, leader: result.state.holder };
  };
}

/** Gives back what is over before its handler began. */
async function held(lease: Lease): Promise<Lease> {
  try {
    lease.assertHeld();
    // What is no handle of a client, in somebody's own test, has nothing to be told.
    (lease as Partial<LeaseHandle>).waitForWork?.();
    return lease;
  } catch (error) {
    await lease.release({ completed: false });
    throw error;
  }
}

const ANY_CLIENT = { options: {}, timing: DEFAULT_TIMING, label: "any" };

function termLimit(leftMs: number, marginMs: number, name: string): number {
  if (leftMs - marginMs >= 1_000) return leftMs - marginMs;
  throw invalid(
    `too late for "${name}": ${leftMs} ms are left, 1000 beside timeoutMarginMs (${marginMs}) are needed; raise the function's timeout`,
  );
}

/**
 * Wraps a handler so that it runs only while its invocation leads. On a refused invocation it returns
 * {@link Followed} at once; on a won one the lease is on `context.lease` and is released after the handler
 * has settled, also when it throws. No timer outlives the invocation.
 *
 * A handler that returns after its `lease.signal` was aborted has its response returned as it is, and its occurrence is
 * not done, unless it called `lease.complete()`. Throw to have the invocation tried again.
 *
 * @throws {LeaseError} INVALID_ARGUMENT when an option is out of bounds; the wrapped handler rejects with what
 *   `tryAcquire` throws
 */
export function withLeadership<TEvent, TContext extends InvocationContext, TResult>(
  handler: (event: TEvent, context: LeaderContext<TContext>) => Promise<TResult> | TResult,
  options: LeadershipOptions<TEvent>,
): (event: TEvent, context: TContext) => Promise<TResult | Followed> {
  const elect = electInvocations(options);
  return async (event, context) => {
    const lease = await elect(event, context);
    if ("led" in lease) return lease;
    let completed = false;
    try {
      lease.assertHeld(); // Once more: the client may have been closed meanwhile.
      const result = await handler(event, Object.assign(context, { lease }));
      completed = !lease.signal.aborted;
      return result;
    } finally {
      await lease.release({ completed });
    }
  };
}
