import type { GroupOptions } from "../core/group-options.ts";
import { parseKnown } from "../core/known.ts";
import type { LeaseState } from "../core/record.ts";
import type { ReleaseResult } from "../core/term.ts";
import { acquireBy } from "./acquiring.ts";
import { Candidate, type CandidateOptions } from "./candidate.ts";
import { runOnce } from "./guarded-run.ts";
import { type ClientCore, openClientCore, type StoreClientOptions } from "./client-core.ts";
import type { Lease } from "./lease.ts";
import type { LeaseIterator } from "./iteration.ts";
import {
  type CandidateInfo,
  type Asked,
  forceRelease,
  type ForcedRelease,
  listCandidates,
  requestStepDown,
  rewindTick,
  type RewoundTick,
  type StepDownRequest,
} from "./operating.ts";
import { type ListOptions, listLeases, observeLease, type ObserveOptions, readLease } from "./reading.ts";
import {
  ACQUIRE_NAMES,
  type AcquireOptions,
  type AcquireResult,
  type RunOptions,
  type RunResult,
  TRY_ACQUIRE_NAMES,
  type TryAcquireOptions,
} from "./results.ts";
import { Group } from "./group.ts";
import { Semaphore, type SemaphoreOptions } from "./semaphore.ts";

/** Elections on any {@link LeaseStore}. `LeaseClient` of `leasehold` is this on a DynamoDB table. */
export class StoreLeaseClient implements AsyncDisposable {
  readonly #core: ClientCore;

  /** @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound */
  constructor(options: StoreClientOptions) {
    this.#core = openClientCore(options);
  }

  /**
   * Tries once to lead. 1 request when the lease is vacant or held, 2 when a dead leader's is taken over.
   * What it wins renews itself, unless `renew` is `"manual"`, and keeps the process running until `release()` or {@link close}:
   * a program that forgets both holds it for ever.
   *
   * @throws {LeaseError} INVALID_ARGUMENT, before anything is sent
   * @throws {LeaseError} STORE_UNAVAILABLE when nobody can say whether it leads: it then does not, and gives
   *   up what it may have claimed
   * @throws {LeaseError} TABLE_NOT_FOUND, TABLE_MISCONFIGURED, ACCESS_DENIED, CREDENTIALS_UNAVAILABLE
   */
  async tryAcquire(name: string, options: TryAcquireOptions = {}): Promise<AcquireResult> {
    parseKnown(options, TRY_ACQUIRE_NAMES, "tryAcquire");
    return this.#core.candidacy(name, options)("claim");
  }

  /**
   * Waits until it leads. Tries at once, then looks once per `retryIntervalMs` and when the leader's term could be over
   * (a cheap strong read; the first wait is a random part, so that candidates that start together do not look together) and
   * writes only when the lease is free. A store that cannot be reached is tried again, for `troubleLimitMs`. One that refuses access or
   * does not exist is an error at once, unless it has answered this client before: then that is tried again as well.
   *
   * The lease renews itself and keeps the process running until `release()` or {@link close}: a program that forgets both holds
   * it for ever.
   *
   * @throws {LeaseError} ACQUIRE_TIMEOUT after `timeoutMs`; `cause` is the last error, if there was one
   * @throws {LeaseError} ABORTED when the signal is aborted: no claim is left behind
   * @throws {LeaseError} what {@link tryAcquire} throws, except STORE_UNAVAILABLE
   */
  async acquire(name: string, options: AcquireOptions = {}): Promise<Lease> {
    parseKnown(options, ACQUIRE_NAMES, "acquire");
    return acquireBy(this.#core, this.#core.candidacy(name, options), name, options);
  }

  /**
   * Does the work if it can lead, at once or not at all. The lease renews itself while the work runs and is
   * released after the work has settled, on every way out. A `tick` counts as done when the work resolves before its
   * `lease.signal` is aborted, or has called `lease.complete()`.
   *
   * What the work throws is thrown on. When the term ends early, `lease.signal` tells the work; a work that
   * resolves all the same is `led` with an `end` that says so.
   *
   * @throws {LeaseError} as {@link tryAcquire}; ABORTED when the signal was aborted before the work began
   */
  async run<T>(
    name: string,
    work: (lease: Lease) => Promise<T>,
    options: RunOptions = {},
  ): Promise<RunResult<T>> {
    return runOnce(this.#core, name, work, options);
  }

  /**
   * Makes a long-lived candidate, which campaigns again after every loss. Nothing is sent before it campaigns.
   * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound; CLIENT_CLOSED
   */
  candidate(name: string, options: CandidateOptions = {}): Candidate {
    return new Candidate(this.#core, name, options);
  }

  /**
   * Makes a group: leases under one name that this process holds through one session, so that it renews one row however many it
   * holds. Nothing is sent before it claims. Make it once and keep it: each has a session of its own.
   * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound; CLIENT_CLOSED
   */
  group(name: string, options: GroupOptions = {}): Group {
    return new Group(this.#core, name, options);
  }

  /**
   * Makes a semaphore: at most `permits` hold one of its permits at a time. Nothing is sent before it is acquired. Make it once and
   * keep it.
   * @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound; CLIENT_CLOSED
   */
  semaphore(name: string, options: SemaphoreOptions): Semaphore {
    return new Semaphore(this.#core, name, options);
  }

  /**
   * Reads a lease, strongly consistent: 1 request. `expired` is judged by the service's clock, or by what
   * this client has watched.
   * @throws {LeaseError} as {@link tryAcquire}
   */
  async get(name: string): Promise<LeaseState> {
    return readLease(this.#core, name);
  }

  /**
   * Follows a lease: gives its present state, then every change that it sees, renewals included. It looks once per `intervalMs`, so
   * the latest wins and states in between may be skipped. A store that cannot be reached is tried again, silently.
   * Ends when the signal is aborted, the client closed, or the iteration left, also while it waits: `return()` settles at once.
   * @throws {LeaseError} INVALID_ARGUMENT; while iterated, as {@link tryAcquire} except STORE_UNAVAILABLE
   */
  observe(name: string, options: ObserveOptions = {}): LeaseIterator {
    return observeLease(this.#core, name, options);
  }

  /**
   * Reads all leases of the table, in no order. Reads the whole table: for people and dashboards, not for
   * hot paths. Ends when the iteration is left, also while it waits for a page.
   * @throws {LeaseError} INVALID_ARGUMENT naming the option; while iterated, as {@link tryAcquire}: STORE_UNAVAILABLE where a page took
   *   longer than `pageTimeoutMs`
   */
  list(options: ListOptions = {}): LeaseIterator {
    return listLeases(this.#core, options);
  }

  /**
   * Lists who is registered for a lease, strongest first: those candidates that have registered and not let their
   * registration lapse. Whoever only calls `tryAcquire`, `acquire` or `run` does not register. 1 request.
   * @throws {LeaseError} as {@link tryAcquire}
   */
  async candidates(name: string): Promise<readonly CandidateInfo[]> {
    return listCandidates(this.#core, name);
  }

  /**
   * Requests a hand-over of whoever leads, whatever its priority and `minTermMs`: it sees the request in its next renewal,
   * drains and releases. Within its `holdAtLeastMs` it leads on until that is over. 2 requests. Nothing is forced: a leader that is cut off runs out by itself.
   * @throws {LeaseError} as {@link tryAcquire}
   */
  async requestStepDown(name: string, options: StepDownRequest = {}): Promise<Asked> {
    return requestStepDown(this.#core, name, options);
  }

  /**
   * Vacates a lease, whoever holds it, and lifts a reservation: the last resort. The holder learns of it with its next renewal; until
   * then **it and its successor both believe that they lead**, and only storage that checks tokens refuses it.
   * Try {@link requestStepDown} first. 2 requests.
   * @throws {LeaseError} as {@link tryAcquire}
   */
  async forceRelease(name: string): Promise<ForcedRelease> {
    return forceRelease(this.#core, name);
  }

  /**
   * Sets the last tick of a lease back, so that occurrences after `lastTick` can be led again: to redo occurrences that were done
   * wrongly, or to open a schedule again that a tick in the far future has silenced. Without `lastTick` no occurrence counts as done
   * any more. It never sets a tick forward, and never makes anyone lead. 2 requests.
   *
   * It ends no term and stops no work. While a term is held, its release records the occurrence that it was for, whatever was set
   * back in between: look at the result's `holder`, and have it release first ({@link requestStepDown}).
   * @param lastTick an instant, as `TickOptions.tick`
   * @throws {LeaseError} INVALID_ARGUMENT naming `lastTick`; STORE_UNAVAILABLE also when the lease changed hands in between
   * @throws {LeaseError} as {@link tryAcquire}
   */
  async rewindTick(name: string, lastTick?: string | Date): Promise<RewoundTick> {
    return rewindTick(this.#core, name, lastTick);
  }

  /**
   * Releases every lease that this client holds, and refuses further calls. Every wait ends (`CLIENT_CLOSED`), and what is
   * won in the meantime is released. When it resolves nothing of this client is under way, and no timer is left; that
   * takes as long as the requests under way may take. Work of `run` that has begun goes on until it settles. One release
   * that fails does not stop the others; the results come in no order. A second call waits for the first.
   */
  async close(): Promise<readonly ReleaseResult[]> {
    return this.#core.close();
  }

  /** Closes the client. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
