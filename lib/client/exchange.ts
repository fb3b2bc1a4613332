import { LeaseError } from "../core/errors.ts";
import type { ReadOutcome, WriteOutcome } from "../core/outcome.ts";
import type { CallOptions, Clock, LeaseStore, ListPage } from "../core/ports.ts";
import { estimateServiceTime, type Sample, withSample } from "../core/service-clock.ts";
import type { Timing } from "../core/timing.ts";
import type { EpochMs, Reading } from "../core/units.ts";
import type { LeaseWrite } from "../core/writes.ts";

function rethrow(cause: LeaseError): never {
  throw cause;
}

/** An outcome, and when it was asked for and learnt. */
export interface Answer<Outcome> {
  readonly outcome: Outcome;
  /** Taken before the request was sent. */
  readonly sent: Reading;
  /** Taken after the response was received. */
  readonly received: Reading;
}

/**
 * Everything that passes between a client and its store: gives each request its deadline, stamps it, and
 * learns service time from the response.
 */
export class Exchange {
  readonly #store: LeaseStore;
  readonly #clock: Clock;
  readonly #timing: Timing;
  #samples: readonly Sample[] = [];
  #timed = true;

  constructor(store: LeaseStore, clock: Clock, timing: Timing) {
    this.#store = store;
    this.#clock = clock;
    this.#timing = timing;
  }

  /** What responses have told of service time. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** Whether responses carry a `Date` header, as far as is known. Without it no write sets `expiresAt`. */
  get timed(): boolean {
    return this.#timed;
  }

  /** The best guess at service time now. */
  estimate(): EpochMs {
    return estimateServiceTime(this.#samples, this.#clock.now(), this.#timing);
  }

  /**
   * Sends a write. Ends by its deadline with the outcome `unknown`, even when the store never answers.
   * @throws {LeaseError} when the write surely was not applied
   */
  async write(write: LeaseWrite, timeoutMs: number): Promise<Answer<WriteOutcome>> {
    const sent = this.#clock.now();
    const outcome = await this.#within<WriteOutcome>(
      timeoutMs,
      (call) => this.#store.write(write, call),
      (cause) => ({ kind: "unknown", cause }),
      write.name,
    );
    const received = this.#clock.now();
    if (outcome.kind !== "unknown") this.#learn(sent, received, outcome.servedAt);
    return { outcome, sent, received };
  }

  /**
   * Reads a record, strongly consistent.
   * @throws {LeaseError} STORE_UNAVAILABLE after `timeoutMs`, and whatever the store throws
   */
  async read(name: string, timeoutMs: number): Promise<Answer<ReadOutcome>> {
    const sent = this.#clock.now();
    const outcome = await this.#within<ReadOutcome>(
      timeoutMs,
      (call) => this.#store.read(name, call),
      rethrow,
      name,
    );
    const received = this.#clock.now();
    this.#learn(sent, received, outcome.servedAt);
    return { outcome, sent, received };
  }

  /**
   * Reads all records page by page; each page has its own deadline.
   * @throws {LeaseError} STORE_UNAVAILABLE after `timeoutMs`, and whatever the store throws
   */
  async *list(timeoutMs: number): AsyncGenerator<ListPage, void, undefined> {
    const ender = new AbortController();
    const pages = this.#store.list({ signal: ender.signal })[Symbol.asyncIterator]();
    try {
      for (;;) {
        const page = await this.#within(timeoutMs, () => pages.next(), rethrow, "*");
        if (page.done === true) return;
        yield page.value;
      }
    } finally {
      ender.abort();
    }
  }

  #learn(sent: Reading, received: Reading, date: EpochMs | undefined): void {
    this.#timed = date !== undefined;
    if (date !== undefined) this.#samples = withSample(this.#samples, { sent, received, date }, this.#timing);
  }

  /** Races a call against its deadline: a store that does not heed its signal is not waited for. */
  #within<T>(
    timeoutMs: number,
    call: (options: CallOptions) => Promise<T>,
    late: (cause: LeaseError) => T,
    lease: string,
  ): Promise<T> {
    const ender = new AbortController();
    return new Promise<T>((resolve, reject) => {
      const cancel = this.#clock.timer(timeoutMs, () => {
        const message = `the store did not answer within ${timeoutMs} ms, so nobody can say what became of the request for lease "${lease}"; check the network path and the endpoint`;
        const cause = new LeaseError("STORE_UNAVAILABLE", message, { lease });
        ender.abort(cause);
        try {
          resolve(late(cause));
        } catch (error) {
          reject(error);
        }
      });
      call({ signal: ender.signal }).finally(cancel).then(resolve, reject);
    });
  }
}
