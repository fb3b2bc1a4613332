import type { RefusalReason } from "../core/next-move.ts";
import type { Names } from "../core/known.ts";
import { TERM_NAMES, type TermOptions, TICK_NAMES, type TickOptions } from "../core/options.ts";
import type { LeaseState } from "../core/record.ts";
import type { LeaseEnd } from "../core/term.ts";
import type { Refusal } from "./attempt.ts";
import type { Lease } from "./lease.ts";

/** Options of `tryAcquire`. */
export interface TryAcquireOptions extends TermOptions, TickOptions {}

/** Options of `acquire`. A wait is for the lease itself, so it takes no `tick`. */
export interface AcquireOptions extends TermOptions {
  /** Ends the wait; a claim that is under way is settled, and released if it won, before `acquire` rejects. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long to wait at most, in ms: 0 to a week. A request under way is still settled.
   * @default - for ever
   */
  readonly timeoutMs?: number | undefined;
  /**
   * How long the store may be out of reach, or refuse to serve (denied access, no credentials, no table) after it has
   * answered this client once, before the wait ends with that error, in ms: 0 to a week. Until then every failed
   * request is told of by the event `requestFailed`.
   * @default - as long as it takes
   */
  readonly troubleLimitMs?: number | undefined;
}

/** Options of `run`. */
export interface RunOptions extends TermOptions, TickOptions {
  /** Asks the work to stop: `lease.signal` is aborted; the lease is held until the work has settled. */
  readonly signal?: AbortSignal | undefined;
}

/** The names of {@link TryAcquireOptions}; see `parseKnown`. */
export const TRY_ACQUIRE_NAMES: Names<TryAcquireOptions> = { ...TERM_NAMES, ...TICK_NAMES };

/** The names of {@link AcquireOptions}. */
export const ACQUIRE_NAMES: Names<AcquireOptions> = {
  ...TERM_NAMES,
  signal: true,
  timeoutMs: true,
  troubleLimitMs: true,
};

/** The names of {@link RunOptions}. */
export const RUN_NAMES: Names<RunOptions> = { ...TERM_NAMES, ...TICK_NAMES, signal: true };

/** What came of `tryAcquire`. Losing is not an error. */
export type AcquireResult = { readonly kind: "acquired"; readonly lease: Lease } | Refusal;

/** What came of `run`. */
export type RunResult<T> =
  | {
      readonly kind: "led";
      /** What the work returned. */
      readonly value: T;
      /** The term's fencing token. */
      readonly token: number;
      /**
       * Whether the occurrence is known to be recorded as done: the work resolved before `lease.signal` was aborted, or
       * called `lease.complete()`, and the release was answered. If not, the same `tick` may be led again.
       */
      readonly completed: boolean;
      /**
       * How the term ended. Anything but `released` and `stepped-down` means that it ended before the work
       * did: what the work did last, it did without the lease.
       */
      readonly end: LeaseEnd;
    }
  | {
      readonly kind: "followed";
      /** Why the work did not run. */
      readonly reason: RefusalReason;
      /** The lease as it stood. */
      readonly state: LeaseState;
    };
