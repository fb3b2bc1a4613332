import { LeaseError } from "../core/errors.ts";
import { parseShards, type ShardSource } from "../core/group-options.ts";
import type { Session } from "./session.ts";

/** How long a function of `shards` is waited for at least, in ms. */
const ANSWER_MS = 10_000;

/** Which shards a worker's group has: a list, or what a function said last. */
export class ShardList {
  readonly #session: Session;
  readonly #source: ShardSource;
  readonly #everyMs: number;
  readonly #onChange: () => void;
  #shards: readonly string[] | undefined;
  /** When the function was asked last, by the monotonic clock. */
  #askedAt = -Infinity;
  #asking = false;

  constructor(session: Session, source: ShardSource, everyMs: number, onChange: () => void) {
    this.#session = session;
    this.#source = source;
    this.#everyMs = everyMs;
    this.#onChange = onChange;
  }

  /**
   * The shards as they are known now. The first time it waits for the function; later it asks again when that is due, and does not
   * wait. Who has not answered until the next time is due, or for {@link ANSWER_MS}, is asked anew.
   * @throws {LeaseError} STORE_UNAVAILABLE if the function does not answer, the first time
   * @throws what the function throws, the first time
   */
  async now(ended: AbortSignal): Promise<readonly string[]> {
    const { mono } = this.#session.core.clock.now();
    if (this.#shards === undefined) {
      this.#askedAt = mono;
      this.#shards = await this.#ask(ended);
    } else if (mono - this.#askedAt >= this.#everyMs && !this.#asking) {
      this.#askedAt = mono;
      void this.#askAgain(this.#shards, ended);
    }
    return this.#shards;
  }

  /** What fails leaves the list as it was. */
  async #askAgain(before: readonly string[], ended: AbortSignal): Promise<void> {
    if (typeof this.#source !== "function") return;
    this.#asking = true;
    try {
      this.#shards = await this.#ask(ended);
      if (!isSame(this.#shards, before)) this.#onChange();
    } catch (error) {
      if (!ended.aborted) this.#tell(error);
    } finally {
      this.#asking = false;
    }
  }

  #tell(cause: unknown): void {
    const { core, id: holder, name: lease } = this.#session;
    core.emit("requestFailed", { lease, holder, ...core.exchange.trouble("look", cause) });
  }

  async #ask(ended: AbortSignal): Promise<readonly string[]> {
    const source = this.#source;
    return parseShards(typeof source === "function" ? await this.#answer(source, ended) : source);
  }

  /** Asks a function that may never answer; one that is told to stop does not wait for it. */
  async #answer<T>(ask: () => T | Promise<T>, ended: AbortSignal): Promise<T> {
    const { core, name: lease } = this.#session;
    const ms = Math.max(this.#everyMs, ANSWER_MS);
    let forget: () => void = () => undefined;
    const over = new Promise<never>((_, reject) => {
      const late = `the function shards of group "${lease}" has not answered for ${ms} ms`;
      const cancel = core.clock.timer(ms, () => reject(new LeaseError("STORE_UNAVAILABLE", late, { lease })));
      const end = (): void => reject(ended.reason as Error);
      ended.addEventListener("abort", end);
      forget = () => {
        cancel();
        ended.removeEventListener("abort", end);
      };
    });
    try {
      return await Promise.race([ask(), over]);
    } finally {
      forget();
    }
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((shard, nth) => shard === b[nth]));
}
