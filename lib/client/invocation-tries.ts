import { invalid } from "../core/errors.ts";
import { parsePermits } from "../core/group-options.ts";
import { parseTerm, type TickPolicy } from "../core/options.ts";
import { DEFAULT_TIMING } from "../core/timing.ts";
import { scheduledTick } from "./invocation-event.ts";
import type { AcquireResult, TryAcquireOptions } from "./results.ts";
import type { PermitTryOptions, SemaphoreOptions } from "./semaphore.ts";

/** What `leaderOnly` needs of a client: a `LeaseClient` has it. */
export interface InvocationElector {
  tryAcquire(name: string, options?: TryAcquireOptions): Promise<AcquireResult>;
  /** Needed where invocations take permits. */
  semaphore?(
    name: string,
    options: SemaphoreOptions,
  ): { tryAcquire(options?: PermitTryOptions): Promise<AcquireResult> };
}

/** What invocations try for. */
export interface InvocationTerm<TEvent> {
  readonly leases: InvocationElector;
  readonly permits: number | undefined;
  readonly tick: ((event: TEvent) => string | Date | undefined) | undefined;
  readonly tickPolicy: TickPolicy | undefined;
  readonly affinity: string | undefined;
  readonly affinityMs: number | undefined;
  readonly holdAtLeastMs: number | undefined;
  readonly durationMs: number | undefined;
}

/** Tries once to lead, for as long as the invocation may last. */
export type InvocationTry<TEvent> = (
  event: TEvent,
  termLimitMs: number | undefined,
) => Promise<AcquireResult>;

/** A client's own intervals are not known before it is asked; all else is wrong now or never. */
const ANY_CLIENT = { options: {}, timing: DEFAULT_TIMING, label: "any" };

/**
 * Checks what invocations try for, and returns what tries: each time a candidate of its own for the lease, or the one
 * semaphore of the handler for one of its permits.
 * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound
 */
export function invocationTries<TEvent>(
  name: string,
  options: InvocationTerm<TEvent>,
): InvocationTry<TEvent> {
  const { leases, permits, tick, tickPolicy, affinity, affinityMs, holdAtLeastMs, durationMs } = options;
  if (typeof leases?.tryAcquire !== "function") throw invalid("leases must be a LeaseClient");
  if (tick !== undefined && typeof tick !== "function") throw invalid("tick must be a function");
  const term = { durationMs, affinity, affinityMs, holdAtLeastMs };
  parseTerm({ ...term, tickPolicy }, ANY_CLIENT);
  if (permits !== undefined) return permitTries(name, { ...term, permits }, options);
  const tickOf = tick ?? scheduledTick;
  return (event, termLimitMs) =>
    leases.tryAcquire(name, { ...term, tickPolicy, tick: tickOf(event), termLimitMs });
}

/**
 * A semaphore draws the id of its session when it first tries, and keeps it. So it is made once, and processes that start from one image
 * of a memory, taken before any invocation, do not share it.
 */
function permitTries<TEvent>(
  name: string,
  semaphore: SemaphoreOptions,
  { leases, tick, tickPolicy }: InvocationTerm<TEvent>,
): InvocationTry<TEvent> {
  parsePermits(semaphore.permits);
  for (const [option, value] of Object.entries({ tick, tickPolicy })) {
    if (value === undefined) continue;
    throw invalid(
      `${option} does not go with permits (${semaphore.permits}): an occurrence is led once, and a semaphore has no memory of occurrences; leave out one of the two`,
    );
  }
  if (typeof leases.semaphore !== "function")
    throw invalid(
      "leases must be a LeaseClient, or anything with its method semaphore, where permits is given",
    );
  const made = leases.semaphore(name, semaphore);
  return (_event, termLimitMs) => made.tryAcquire({ termLimitMs });
}
