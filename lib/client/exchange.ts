import { parsePort } from "../core/callable.ts";
import { because, isLeaseError, isPassing, isTrouble, LeaseError } from "../core/errors.ts";
import type { Trouble } from "../core/events.ts";
import type { ReadOutcome, WriteOutcome } from "../core/outcome.ts";
import type { CallOptions, LeaseStore, ListPage, RowsPage } from "../core/ports.ts";
import { estimateServiceTime, type Sample, steadyServiceTime, withSample } from "../core/service-clock.ts";
import type { Timing } from "../core/timing.ts";
import { elapsedAtLeast, type EpochMs, type Reading } from "../core/units.ts";
import type { LeaseWrite } from "../core/lease-write.ts";
import { undisturbed } from "../core/undisturbed.ts";
import { closedError, type Lifetime, lifetime } from "./lifetime.ts";
import type { Timekeeper } from "./timekeeper.ts";
import { follows } from "./waiting.ts";

/** An outcome, and when it was asked for and learnt. */
export interface Answer<Outcome> {
  readonly outcome: Outcome;
  /** Taken before the request was sent. */
  readonly sent: Reading;
  /** Taken after the response was received. */
  readonly received: Reading;
  /** What this very response told of service time; `undefined` where it had no `Date` header. */
  readonly sample: Sample | undefined;
}

/** What a client that closes still sends: it gives up what it has. */
const PARTING: ReadonlySet<LeaseWrite["kind"]> = new Set(["release", "abandon", "register"]);

/**
 * Everything that passes between a client and its store: gives each request its deadline, stamps it, and
 * learns service time from the response. When the client closes, reads under way end at once, and writes are waited for.
 */
export class Exchange {
  readonly #store: LeaseStore;
  readonly #clock: Timekeeper;
  readonly #timing: Timing;
  readonly #life: Lifetime;
  readonly #onDate: (date: EpochMs, received: Reading) => void;
  #samples: readonly Sample[] = [];
  #timed = true;
  /** When a request was served last; `undefined` before the first. */
  #served: Reading | undefined;
  /** When the first request failed since then; `undefined` while all is well. */
  #failing: Reading | undefined;
  /** How long the trouble lasted that is over since, until somebody tells of it. */
  #restoredMs: number | undefined;

  /**
   * `onDate` is told of every `Date` header, before anybody else is.
   * @throws {LeaseError} INVALID_ARGUMENT for what is no store
   */
  constructor(
    store: LeaseStore,
    clock: Timekeeper,
    timing: Timing,
    life: Lifetime = lifetime(),
    onDate: (date: EpochMs, received: Reading) => void = () => undefined,
  ) {
    parsePort(store, "store", "a LeaseStore", ["write", "read", "rows", "list"]);
    this.#store = store;
    this.#clock = clock;
    this.#timing = timing;
    this.#life = life;
    this.#onDate = onDate;
  }

  /** The store's table, if it is one. */
  get tableName(): string | undefined {
    return this.#store.tableName;
  }

  /** What responses have told of service time. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** Whether the last response had a `Date` header, or there was none yet. If not, no claim sets `expiresAt`. */
  get timed(): boolean {
    return this.#timed;
  }

  /** When a request of this client was served last, by whatever outcome; `undefined` before the first. */
  get served(): Reading | undefined {
    return this.#served;
  }

  /** What there is to tell of a request that failed. */
  trouble(request: Trouble["request"], cause: unknown): Trouble {
    const lastingMs = this.#failing === undefined ? 0 : elapsedAtLeast(this.#failing, this.#clock.now());
    return { request, cause, lastingMs };
  }

  /** How long the trouble lasted that has ended, in ms; `undefined` where none has, or was told of before. */
  takeRestored(): number | undefined {
    const lastingMs = this.#restoredMs;
    this.#restoredMs = undefined;
    return lastingMs;
  }

  /** Whether whoever waits should go on after an error; see {@link isPassing}. */
  passes(error: unknown): boolean {
    return isPassing(error, this.#served !== undefined);
  }

  /** The best guess at service time now: what claims are stamped with. */
  estimate(): EpochMs {
    return estimateServiceTime(this.#samples, this.#clock.now(), this.#timing);
  }

  /** The best guess that no step of the wall clock decides; see {@link steadyServiceTime}. */
  steady(): EpochMs {
    return steadyServiceTime(this.#samples, this.#clock.now(), this.#timing);
  }

  /**
   * Sends a write. Ends by its deadline with the outcome `unknown`, even when the store never answers. One that is `paced` is sent again by
   * the caller if the service throttles it: that is no trouble yet.
   * @throws {LeaseError} when the write surely was not applied
   */
  async write(write: LeaseWrite, timeoutMs: number, paced = false): Promise<Answer<WriteOutcome>> {
    this.#assertMay(write.kind);
    const sending = (): Promise<WriteOutcome> =>
      this.#within(timeoutMs, write.name, (call) => this.#store.write(write, { ...call, paced })).catch(
        (cause: unknown) => {
          // Only a store that says so has surely applied nothing; whatever else it throws tells nothing.
          if (isLeaseError(cause) && cause.code !== "STORE_UNAVAILABLE") throw cause;
          return { kind: "unknown" as const, cause };
        },
      );
    return this.#life.track(() => this.#stamped(sending));
  }

  /**
   * Reads a record, strongly consistent.
   * @throws {LeaseError} STORE_UNAVAILABLE after `timeoutMs`, and whatever the store throws
   */
  read(name: string, timeoutMs: number, row?: string): Promise<Answer<ReadOutcome>> {
    return this.#stamped(() => this.#reading(timeoutMs, name, (call) => this.#store.read(name, call, row)));
  }

  /**
   * Reads the rows under a name whose sort key begins with `prefix`, strongly consistent; each page has its own deadline. What it
   * returns is of several moments: each page's `servedAt` is its own.
   * @throws {LeaseError} as {@link read}
   */
  async rows(
    name: string,
    prefix: string,
    timeoutMs: number,
    attributes?: CallOptions["attributes"],
  ): Promise<readonly Answer<RowsPage>[]> {
    const answers: Answer<RowsPage>[] = [];
    let after: string | undefined;
    do {
      const page = await this.#stamped(() =>
        this.#reading(timeoutMs, name, (call) =>
          this.#store.rows(name, prefix, { ...call, attributes }, after),
        ),
      );
      answers.push(page);
      after = page.outcome.next;
    } while (after !== undefined);
    return answers;
  }

  /**
   * Reads all records page by page; each page has its own deadline. The request under way is given up when `ended` is aborted.
   * @throws {LeaseError} STORE_UNAVAILABLE after `timeoutMs`, and whatever the store throws
   */
  async *list(timeoutMs: number, ended?: AbortSignal): AsyncGenerator<ListPage, void, undefined> {
    const ender = new AbortController();
    const unfollow = follows(ender, ended);
    const pages = this.#store.list({ signal: ender.signal })[Symbol.asyncIterator]();
    let isOver = false;
    try {
      for (;;) {
        const page = await this.#reading(timeoutMs, undefined, () => pages.next());
        isOver = page.done === true;
        if (page.done === true) return;
        yield page.value;
      }
    } finally {
      unfollow();
      ender.abort();
      // The store may have something to put away. A page that never comes is not waited for.
      if (!isOver) undisturbed(() => pages.return?.());
    }
  }

  /** Whether a request is refused before it is sent, since the client closes. */
  refuses(kind?: LeaseWrite["kind"]): boolean {
    const { is } = this.#life;
    return is !== "open" && (is !== "closing" || kind === undefined || !PARTING.has(kind));
  }

  #assertMay(kind?: LeaseWrite["kind"]): void {
    if (this.refuses(kind)) this.#life.assertOpen();
  }

  /** As {@link #within}, and ends when the client closes: nothing is left behind by a read. */
  async #reading<T>(
    timeoutMs: number,
    lease: string | undefined,
    call: (options: CallOptions) => Promise<T>,
  ): Promise<T> {
    this.#assertMay();
    const ender = new AbortController();
    let forget: () => void = () => undefined;
    const closed = new Promise<never>((_, reject) => {
      forget = this.#life.onClose(() => {
        const error = closedError();
        reject(error);
        ender.abort(error);
      });
    });
    try {
      return await Promise.race([this.#within(timeoutMs, lease, call, ender), closed]);
    } catch (error) {
      throw unanswered(lease, error);
    } finally {
      forget();
    }
  }

  /** Races a call against its deadline: a store that ignores its signal is not waited for. */
  #within<T>(
    timeoutMs: number,
    lease: string | undefined,
    call: (options: CallOptions) => Promise<T>,
    ended?: AbortController,
  ): Promise<T> {
    const ender = ended ?? new AbortController();
    return new Promise<T>((resolve, reject) => {
      const cancel = this.#clock.timer(timeoutMs, () => {
        const message = `${called(lease)}: no answer within ${timeoutMs} ms, try again; check the network`;
        const late = new LeaseError("STORE_UNAVAILABLE", message, { lease });
        ender.abort(late);
        reject(late);
      });
      // Whoever has the controller may end it before the deadline does.
      ended?.signal.addEventListener("abort", cancel);
      // A store may throw at once, too.
      const calling = async (): Promise<T> => {
        try {
          return await call({ signal: ender.signal, timeoutMs });
        } finally {
          cancel();
        }
      };
      calling().then(resolve, reject);
    });
  }

  async #stamped<T extends object>(sending: () => Promise<T>): Promise<Answer<T>> {
    const sent = this.#clock.now();
    let outcome: T;
    try {
      outcome = await sending();
    } catch (error) {
      if (isTrouble(error)) this.#failing ??= this.#clock.now();
      throw error;
    }
    const received = this.#clock.now();
    if ((outcome as { readonly unapplied?: boolean }).unapplied)
      return { outcome, sent, received, sample: undefined };
    const served = "servedAt" in outcome;
    if (served) this.#served = received;
    if (!served) this.#restoredMs = undefined;
    else if (this.#failing !== undefined) this.#restoredMs = elapsedAtLeast(this.#failing, received);
    this.#failing = served ? undefined : (this.#failing ?? received);
    if (!served) return { outcome, sent, received, sample: undefined };
    const { servedAt: date } = outcome as { readonly servedAt: EpochMs | undefined };
    this.#timed = date !== undefined;
    if (date === undefined) return { outcome, sent, received, sample: undefined };
    const sample = { sent, received, date };
    this.#samples = withSample(this.#samples, sample, this.#timing);
    this.#onDate(date, received);
    return { outcome, sent, received, sample };
  }
}

/** A store that throws something of its own has not answered: only a `LeaseError` says more. */
function unanswered(lease: string | undefined, error: unknown): LeaseError {
  if (isLeaseError(error)) return error;
  const message = `${called(lease)}: the store failed without an answer, try again${because(error)}`;
  return new LeaseError("STORE_UNAVAILABLE", message, { lease, cause: error });
}

/** How messages call what was asked for: one lease, or all of them. */
const called = (lease: string | undefined): string =>
  lease === undefined ? "the list of leases" : `lease "${lease}"`;
