import type { Contender } from "./contender.ts";
import { aborted, MAX_WAIT_MS, makeWakeup, pause, type Within } from "./waiting.ts";

/** A session's attempts: one after the other for each shard, since two at once would take one another's claim for nobody's. */
export class Turns {
  /** The candidate for the session. */
  readonly #self: Contender;
  /** Settled when the last attempt for a shard is, and those before it. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(self: Contender) {
    this.#self = self;
  }

  /** Whether something is under way for a shard. */
  has(shard: string): boolean {
    return this.#last.has(shard);
  }

  /**
   * Does something for a shard, after what is under way for it.
   * @throws {LeaseError} ABORTED, and STORE_UNAVAILABLE at the deadline, where its turn has not come before: it is not begun then
   */
  take<T>(shard: string, within: Within | undefined, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(shard);
    const turn = (before ? this.#after(before, within) : Promise.resolve()).then(work);
    // Whoever leaves lets nobody pass those before it.
    const over = Promise.allSettled([before, turn]);
    this.#last.set(shard, over);
    void over.then(() => this.#last.get(shard) === over && this.#last.delete(shard));
    return turn;
  }

  async #after(before: Promise<unknown>, { signal, until = Infinity }: Within = {}): Promise<void> {
    const { clock, name } = this.#self;
    const wakeup = makeWakeup();
    void before.then(() => wakeup.wake());
    const leftMs = Math.max(0, Math.min(until - clock.now().mono, MAX_WAIT_MS));
    const hasCome = await pause(clock, leftMs, signal, wakeup);
    if (signal?.aborted) throw aborted(name, signal);
    if (!hasCome) throw this.#self.error("STORE_UNAVAILABLE", "is busy with an earlier try for that shard");
  }
}
