import { invalid, isLeaseError, LeaseError } from "../core/errors.ts";
import { evidenceOfExpiry } from "../core/evidence.ts";
import { parseName } from "../core/names.ts";
import { parseHolder, parseTerm, parseTimeout, type TermOptions, type TickOptions } from "../core/options.ts";
import type { Clock, LeaseStore, Random } from "../core/ports.ts";
import { type LeaseState, stateOf } from "../core/record.ts";
import type { ReleaseResult } from "../core/term.ts";
import { parseTiming, type Timing, type TimingOptions } from "../core/timing.ts";
import { attempt, type Refusal } from "./attempt.ts";
import { candidacyOf, type Surroundings } from "./candidacy.ts";
import { publish } from "./channels.ts";
import { exchangeWith } from "./exchange.ts";
import type { Lease } from "./lease.ts";
import { type LeaseHandle, openLease } from "./lease-handle.ts";
import { Memory } from "./memory.ts";
import type { AcquireOptions, AcquireResult, RunOptions, RunResult, TryAcquireOptions } from "./results.ts";
import { defaultLabel, systemClock, systemRandom } from "./system-ports.ts";
import { aborted, pause } from "./waiting.ts";

/** Options of a client of any store. */
export interface StoreClientOptions extends TimingOptions {
  /** Where the leases live. */
  readonly store: LeaseStore;
  /**
   * What to call the candidates of this client: the first part of their ids.
   * @default - the Lambda function's name, or host and process id
   */
  readonly holder?: string | undefined;
  /**
   * The process's clocks and timers.
   * @default - the system's
   */
  readonly clock?: Clock | undefined;
  /**
   * Chance: ids and jitter.
   * @default - the platform's
   */
  readonly random?: Random | undefined;
}

/** Elections on any {@link LeaseStore}. `LeaseClient` of `leasehold` is this on a DynamoDB table. */
export class StoreLeaseClient implements AsyncDisposable {
  readonly #around: Surroundings;
  readonly #defaults: { readonly options: TimingOptions; readonly timing: Timing; readonly label: string };
  readonly #handles = new Set<LeaseHandle>();
  #closed = false;

  /** @throws {LeaseError} INVALID_ARGUMENT naming the option, the value and the bound */
  constructor(options: StoreClientOptions) {
    const timing = parseTiming(options);
    const { clock = systemClock, holder = defaultLabel() } = options;
    const label = parseHolder(holder);
    this.#defaults = { options, timing, label };
    this.#around = {
      exchange: exchangeWith(options.store, clock, timing),
      memory: new Memory(),
      clock,
      random: options.random ?? systemRandom,
      emit: publish,
      timing,
    };
  }

  /**
   * Tries once to lead. 1 request when the lease is vacant or held, 2 when a dead leader's is taken over.
   *
   * @throws {LeaseError} INVALID_ARGUMENT, before anything is sent
   * @throws {LeaseError} STORE_UNAVAILABLE when nobody can say whether it leads: it then does not, and gives
   *   up what it may have claimed
   * @throws {LeaseError} TABLE_NOT_FOUND, TABLE_MISCONFIGURED, ACCESS_DENIED, CREDENTIALS_UNAVAILABLE
   */
  async tryAcquire(name: string, options: TryAcquireOptions = {}): Promise<AcquireResult> {
    return this.#candidate(name, options)("claim");
  }

  /**
   * Waits until it leads. Tries at once, then looks once per `retryIntervalMs` (a cheap strong read; the
   * first wait is fully jittered, so that candidates that start together do not look together) and writes
   * only when the lease is free. A store that cannot be reached is tried again; one that refuses access or
   * does not exist is an error at once.
   *
   * @throws {LeaseError} ACQUIRE_TIMEOUT after `timeoutMs`; `cause` is the last error, if there was one
   * @throws {LeaseError} ABORTED when the signal is aborted: no claim is left behind
   * @throws {LeaseError} what {@link tryAcquire} throws, except STORE_UNAVAILABLE
   */
  async acquire(name: string, options: AcquireOptions = {}): Promise<Lease> {
    const { signal } = options;
    const timeoutMs = parseTimeout(options.timeoutMs);
    const { clock, random } = this.#around;
    const candidate = this.#candidate(name, options);
    const { retryIntervalMs } = this.#around.timing;
    const start = clock.now().mono;
    let lastError: unknown;

    for (let tries = 0; ; tries += 1) {
      if (signal?.aborted) throw aborted(name, signal);
      try {
        const result = await candidate(tries === 0 ? "claim" : "look");
        lastError = undefined;
        if (result.kind === "acquired") return await this.#unlessAborted(result.lease, signal);
      } catch (error) {
        if (!isLeaseError(error, "STORE_UNAVAILABLE")) throw error;
        lastError = error;
      }
      const left = timeoutMs - (clock.now().mono - start);
      if (left <= 0) throw timedOut(name, timeoutMs, lastError);
      const wait = tries === 0 ? retryIntervalMs * random.fraction() : retryIntervalMs;
      await pause(clock, Math.max(1, Math.min(wait, left)), signal);
    }
  }

  /**
   * Does the work if it can lead, at once or not at all. The lease renews itself while the work runs and is
   * released after the work has settled, on every way out. A `tick` counts as done when the work resolves.
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
    if (typeof work !== "function") throw invalid("work must be a function");
    const { signal } = options;
    if (signal?.aborted) throw aborted(name, signal);
    const result = await this.#candidate(name, options)("claim");
    if (result.kind === "refused") {
      return { kind: "followed", reason: result.reason, state: result.state };
    }
    const { lease } = result;
    const stepDown = (): void => lease.stepDown(aborted(name, signal as AbortSignal));
    signal?.addEventListener("abort", stepDown);
    if (signal?.aborted) await this.#unlessAborted(lease, signal);
    let completed = false;
    let value: T;
    try {
      value = await work(lease);
      completed = !(signal?.aborted ?? false);
    } finally {
      signal?.removeEventListener("abort", stepDown);
      await lease.release({ completed });
    }
    return { kind: "led", value, token: lease.token, end: lease.end ?? { reason: "released" } };
  }

  /**
   * Reads a lease, strongly consistent: 1 request. `expired` is judged by the service's clock, or by what
   * this client has watched.
   * @throws {LeaseError} as {@link tryAcquire}
   */
  async get(name: string): Promise<LeaseState> {
    this.#assertOpen();
    parseName(name);
    const { exchange, memory, clock, timing } = this.#around;
    const { outcome, received } = await exchange.read(name, timing.requestTimeoutMs);
    const seen = memory.note(name, outcome.record, received, outcome.servedAt);
    const over = seen !== undefined && evidenceOfExpiry(seen, clock.now(), timing) !== undefined;
    return stateOf(name, seen?.record, over);
  }

  /**
   * Reads all leases of the table, in no order. Reads the whole table: for people and dashboards, not for
   * hot paths.
   * @throws {LeaseError} as {@link tryAcquire}, while iterated
   */
  async *list(): AsyncGenerator<LeaseState, void, undefined> {
    this.#assertOpen();
    const { exchange, clock, timing } = this.#around;
    for await (const { records, servedAt } of exchange.list(timing.requestTimeoutMs)) {
      const at = clock.now();
      for (const record of records) {
        const over = evidenceOfExpiry({ record, firstSeen: at, servedAt }, at, timing) !== undefined;
        yield stateOf(record.name, record, over);
      }
    }
  }

  /**
   * Releases every lease that this client holds, and refuses further calls. One release that fails does not
   * stop the others; the results come in no order. A second call does nothing.
   */
  async close(): Promise<readonly ReleaseResult[]> {
    this.#closed = true;
    const held = [...this.#handles];
    return Promise.all(held.map((lease) => lease.release({ completed: false })));
  }

  /** Closes the client. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Makes one candidate, with one id, and returns what makes its attempts. */
  #candidate(name: string, options: TermOptions & TickOptions) {
    parseName(name);
    const self = candidacyOf(this.#around, name, parseTerm(options, this.#defaults));
    return async (
      first: "claim" | "look",
    ): Promise<Refusal | { readonly kind: "acquired"; readonly lease: LeaseHandle }> => {
      this.#assertOpen();
      const result = await attempt(self, first);
      if (result.kind === "refused") return result;
      const lease = openLease(self, result.term, this.#handles);
      if (this.#closed) await lease.release({ completed: false });
      this.#assertOpen();
      return { kind: "acquired", lease };
    };
  }

  async #unlessAborted(lease: LeaseHandle, signal: AbortSignal | undefined): Promise<Lease> {
    if (!signal?.aborted) return lease;
    await lease.release({ completed: false });
    throw aborted(lease.name, signal);
  }

  #assertOpen(): void {
    if (this.#closed) throw new LeaseError("CLIENT_CLOSED", "this client was closed");
  }
}

function timedOut(name: string, timeoutMs: number, cause: unknown): LeaseError {
  const why = isLeaseError(cause) ? cause.message : "another candidate leads";
  const message = `lease "${name}" was not acquired within ${timeoutMs} ms: ${why}`;
  return new LeaseError("ACQUIRE_TIMEOUT", message, { lease: name, cause });
}
