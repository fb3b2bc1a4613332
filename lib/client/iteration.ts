import type { LeaseState } from "../core/record.ts";

/**
 * States of leases, one after the other: for `for await`, `Readable.from`, and whatever else takes an async iterator. Nothing
 * is sent before the first `next()`, and nothing while nobody waits for the next state.
 *
 * `return()` (a `break`, a stream that is destroyed) ends it at once, also while `next()` waits: that then settles as done.
 */
export interface LeaseIterator
  extends AsyncIterableIterator<LeaseState, undefined, undefined>,
    AsyncDisposable {
  next(): Promise<IteratorResult<LeaseState, undefined>>;
  return(): Promise<IteratorResult<LeaseState, undefined>>;
  throw(error?: unknown): Promise<IteratorResult<LeaseState, undefined>>;
  [Symbol.asyncIterator](): LeaseIterator;
}

type Result = IteratorResult<LeaseState, undefined>;

const DONE: Result = { done: true, value: undefined };

/** A generator that ends by itself soon after the signal that it was given was aborted. */
type Make = (ended: AbortSignal) => AsyncGenerator<LeaseState, void, undefined>;

/**
 * Makes an iterator of a generator that can be ended from outside. An async generator by itself cannot: its `return()` waits until
 * its `next()` has settled, and so would whoever breaks off while it waits for something that may never happen.
 *
 * @param make begins the generator, at the first `next()`
 * @param signal ends it, too
 */
export function endable(make: Make, signal?: AbortSignal): LeaseIterator {
  return new Endable(make, signal);
}

class Endable implements LeaseIterator {
  readonly #make: Make;
  readonly #signal: AbortSignal | undefined;
  readonly #ender = new AbortController();
  readonly #waiting = new Set<(result: Result) => void>();
  #states: AsyncGenerator<LeaseState, void, undefined> | undefined;

  constructor(make: Make, signal: AbortSignal | undefined) {
    this.#make = make;
    this.#signal = signal;
  }

  async next(): Promise<Result> {
    if (this.#signal?.aborted) this.#end();
    if (this.#ender.signal.aborted) return DONE;
    if (this.#states === undefined) {
      this.#states = this.#make(this.#ender.signal);
      this.#signal?.addEventListener("abort", this.#end);
    }
    const next = this.#states.next();
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.add(resolve);
      void this.#pass(next, resolve, reject);
    });
  }

  async return(): Promise<Result> {
    this.#end();
    return DONE;
  }

  async throw(error?: unknown): Promise<Result> {
    this.#end();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  [Symbol.asyncIterator](): LeaseIterator {
    return this;
  }

  /** Passes on what the generator gives; after the end there is nobody any more to pass it to. */
  async #pass(
    next: Promise<IteratorResult<LeaseState, void>>,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
  ): Promise<void> {
    try {
      const result = await next;
      this.#waiting.delete(resolve);
      resolve(result.done === true ? DONE : result);
      if (result.done === true) this.#end();
    } catch (error) {
      this.#waiting.delete(resolve);
      reject(error);
      this.#end();
    }
  }

  readonly #end = (): void => {
    this.#signal?.removeEventListener("abort", this.#end);
    this.#ender.abort();
    for (const settle of this.#waiting) settle(DONE);
    this.#waiting.clear();
    // What it still has to do (forget its listeners, give up its request) it does by itself.
    void this.#states?.return().catch(() => undefined);
    this.#states = undefined;
  };
}
