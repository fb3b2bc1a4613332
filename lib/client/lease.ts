import type { Handover, LeaseEnd, ReleaseResult } from "../core/term.ts";

/** How a leader gives up its term on its own initiative. */
export interface StepDownOptions {
  /**
   * The id of the candidate that the lease is kept for.
   * @default - whoever comes first
   */
  readonly reserveFor?: string | undefined;
  /**
   * For how long it is kept, in ms: 0 to a day.
   * @default - the term's `reserveForMs`
   */
  readonly reserveForMs?: number | undefined;
  /**
   * How long the work may go on, in ms: 0 to a day.
   * @default - the term's `drainMs`
   */
  readonly drainMs?: number | undefined;
}

/**
 * One term of leadership: the time from winning a lease to losing or releasing it.
 *
 * A handle that has ended never becomes valid again; leading again is a new handle with a higher token.
 * While it is held it renews itself, unless it was taken with `renew: "manual"`.
 *
 * `isHeld()` is a promise under the assumptions of docs/protocol.md (one linearizable table, the service's
 * clock within δ, this process's clocks within ρ). The `token` is one under no assumption at all, when the
 * storage that the leader writes to checks it.
 */
export interface Lease extends AsyncDisposable {
  /** The lease's name; of a shard its group's. */
  readonly name: string;
  /** Which shard of the group; `undefined` for a lease of its own. */
  readonly shard: string | undefined;
  /** This candidate's id. */
  readonly holder: string;
  /** The table that the lease is in: what a fence has to name. `undefined` where the store is none. */
  readonly tableName: string | undefined;
  /** The fencing token: higher than that of every earlier term of this lease. Hand it to storage. */
  readonly token: number;
  /**
   * Aborted when the work has to stop: the term ended, or the caller asked `run` to stop. Its `reason` is a
   * `LeaseError` that says why. A timer may be late: ask {@link isHeld} right before what matters.
   */
  readonly signal: AbortSignal;
  /**
   * Resolves when the leader is to hand over, because a stronger candidate or an operator requested it, or on
   * {@link stepDown}: finish what can be finished. `drainMs` later `signal` is aborted; under `run` and
   * `leaderOnly` the lease is released once the work has settled, otherwise at that very time. Never rejects.
   */
  readonly handover: Promise<Handover>;
  /** How the term ended; `undefined` while it lasts. */
  readonly end: LeaseEnd | undefined;

  /** How much of the term is left unless renewed, in ms, read off the clocks now; 0 once it has ended. */
  remainingMs(): number;

  /** Whether the term lasts, read off the clocks now. Sends nothing. */
  isHeld(): boolean;

  /**
   * Does nothing while at least `needMs` of the term are left. Call it right before each side effect.
   * @param options.needMs how long the side effect takes at most, in ms. @default 0
   * @throws {LeaseError} LEASE_LOST once the term is over, or would be within `needMs`; INVALID_ARGUMENT naming `needMs`
   */
  assertHeld(options?: { readonly needMs?: number }): void;

  /**
   * Extends the term by `durationMs` from now: 1 request.
   * @throws {LeaseError} LEASE_LOST when the term is over (the message says to whom it went)
   * @throws {LeaseError} STORE_UNAVAILABLE when nobody can say whether it was extended, ACCESS_DENIED and the
   *   like when it was not; the term then goes on for what was left of it
   */
  renew(): Promise<void>;

  /**
   * Publishes a value on the record (an endpoint, for example), readable by `get` and `observe`, and renews
   * with the same request. `undefined` removes it. It ends with the term.
   *
   * The value is copied at the call: text, numbers that JavaScript counts exactly, true, false, null, bytes, sets of one of text,
   * numbers and bytes, lists and plain objects; at most 400,000 bytes as DynamoDB counts. Every renewal writes the whole row, at a
   * write unit per KB: keep it small.
   * @throws {LeaseError} as {@link renew}; INVALID_ARGUMENT for what would not come back as it went, naming the place inside
   *   the value, and for what is too large
   */
  proclaim(value: unknown): Promise<void>;

  /**
   * Hands over: {@link handover} resolves, the work drains, the lease is released and kept for a successor.
   * Resolves when that is done. Under `run` and `withLeadership` that is once the work has settled, so the work itself is
   * told `pending`, at once: it returns, and the release follows.
   * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound; also for `reserveFor` within the minimum
   *   hold, when the lease can be kept for nobody
   */
  stepDown(options?: StepDownOptions): Promise<ReleaseResult>;

  /**
   * Says that the lease's `tick` is done: the release records it, whatever else happens. Call it once the occurrence's last
   * side effect has happened, and before the release: later it has no effect. Sends nothing. Work of `run` and `leaderOnly` need not call it where it returns
   * before {@link signal} is aborted; work that was told to stop is taken for unfinished unless it says otherwise.
   */
  complete(): void;

  /**
   * Ends the term: this handle stops leading at once, then the row is vacated (1 request), so that the next
   * candidate need not wait. Never throws, but for an option that there is not: then the term has ended all the same, and its
   * `tick` is not recorded. A second call sends nothing.
   *
   * `await using` releases with `completed: false`, since it cannot know whether the work succeeded: call
   * {@link complete} where it did.
   * @param options.completed whether the lease's `tick` is done; after {@link complete} it is. @default true
   */
  release(options?: { readonly completed?: boolean }): Promise<ReleaseResult>;
}
