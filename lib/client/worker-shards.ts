import { retire, ring } from "../core/shard-writes.ts";
import { undisturbed } from "../core/undisturbed.ts";
import type { LeaseHandle } from "./handle.ts";
import type { Lease } from "./lease.ts";
import type { Session } from "./session.ts";

/** Whoever gave a shard up leaves it to others for this long at least, and up to twice as long, in ms; see `Candidate`. */
const TURN_MS = 2_000;
/** Work that throws again and again is tried again after this long at most, in ms. */
const MOST_BACKOFF_MS = 60_000;
/** On leaving, what has ended after the first `retryIntervalMs` waits this long for what ends at about the same time, in ms. */
const TOGETHER_MS = 250;

/** What a worker does for the shards that it leads. */
export class WorkerShards {
  readonly #session: Session;
  readonly #work: (lease: Lease) => Promise<unknown>;
  readonly #onFailed: ((error: unknown, shard: string) => unknown) | undefined;
  /** Called when there may be something to claim. */
  readonly #onFree: () => void;
  readonly #working = new Set<string>();
  /** Told when no work goes on any more. */
  #onIdle: (() => void) | undefined;
  /** Until when a shard is left to others, by the monotonic clock, and how often in a row its work has thrown. */
  readonly #rests = new Map<string, { readonly until: number; readonly failures: number }>();
  #draining = false;
  /** Whether, on leaving, some work takes so long that the others' shards are not kept for its sake. */
  #lingers = false;
  /** Ends the wait until shards whose work has ended are freed, while there is one. */
  #cancel: (() => void) | undefined;
  #isRinging = false;
  #ringsAgain = false;

  constructor(
    session: Session,
    work: (lease: Lease) => Promise<unknown>,
    onFailed: ((error: unknown, shard: string) => unknown) | undefined,
    onFree: () => void,
  ) {
    this.#session = session;
    this.#work = work;
    this.#onFailed = onFailed;
    this.#onFree = onFree;
  }

  /** The shards that work goes on for. */
  get names(): Iterable<string> {
    return this.#working;
  }

  /** Whether a shard is not to be claimed now: its work goes on, or it was given up a moment ago. */
  avoids(shard: string): boolean {
    if (this.#working.has(shard)) return true;
    const rest = this.#rests.get(shard);
    return rest !== undefined && rest.until > this.#session.core.clock.now().mono;
  }

  /** Leaves a shard to others for a while that cannot be claimed, longer each time. */
  leave(shard: string): void {
    this.#rest(shard, true, this.#session.core.clock.now().mono);
  }

  /** When, after an instant, the first of the shards that are left to others may be claimed again; infinite for none. */
  restEndsAfter(mono: number): number {
    let first = Infinity;
    for (const { until } of this.#rests.values()) if (until > mono && until < first) first = until;
    return first;
  }

  /** Does the work of a shard that is led; on leaving it is asked to come to an end at once. */
  begin(shard: string, lease: LeaseHandle): void {
    this.#working.add(shard);
    void this.#do(shard, lease);
    if (this.#draining) askToEnd(lease);
  }

  /** Forgets the rests of shards that are none any more, a minute after they are over: a list may leave a shard out now and then. */
  forget(wanted: ReadonlySet<string>): void {
    const gone = [...this.#rests].filter(([shard]) => !wanted.has(shard));
    if (gone.length === 0) return;
    const { mono } = this.#session.core.clock.now();
    for (const [shard, { until }] of gone) if (until + MOST_BACKOFF_MS < mono) this.#rests.delete(shard);
  }

  /**
   * Asks every work to come to an end. What has ended soon is left to the one write that frees all; where some work takes longer, the
   * shards of the others are not kept from the other workers for its sake. From now on nothing that ends releases its shard by itself:
   * work may end with the very signal that has the worker leave.
   */
  endAll(): void {
    if (this.#draining) return;
    this.#draining = true;
    for (const lease of this.#session.shards.values()) askToEnd(lease);
    this.#freeAfter(this.#session.core.timing.retryIntervalMs);
  }

  /** Resolves when no work goes on any more. */
  async idle(): Promise<void> {
    if (this.#working.size > 0)
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    this.#cancel?.();
  }

  #freeAfter(ms: number): void {
    const { clock, life } = this.#session.core;
    // A client that closes releases them all, and has no timer when it is closed, whatever work goes on.
    if (life.is !== "open" || this.#cancel !== undefined) return;
    const cancel = clock.timer(ms, () => this.#free());
    const forget = life.onClose(cancel);
    this.#cancel = () => {
      cancel();
      forget();
      this.#cancel = undefined;
    };
  }

  /** Frees the shards whose work has ended, while other work goes on. */
  #free(): void {
    this.#cancel?.();
    this.#lingers = true;
    const ended = [...this.#session.shards].filter(([shard]) => !this.#working.has(shard));
    const releasing = ended.map(([, lease]) => lease.release({ completed: false }));
    void Promise.all(releasing).then(() => this.#ring());
  }

  /** Never rejects. It goes on for as long as the work, once for each of some ten thousand shards: it keeps one promise. */
  async #do(shard: string, lease: LeaseHandle): Promise<void> {
    // Nobody but the work has the lease: what waits for the work cannot be waited for by it.
    lease.waitForWork({ handedOut: true });
    const began = this.#session.core.clock.now().mono;
    let failed: { readonly error: unknown } | undefined;
    try {
      if (lease.isHeld()) await this.#work(lease);
    } catch (error) {
      // What work throws after it was told to stop is taken for the consequence of that.
      if (!lease.signal.aborted) failed = { error };
    }
    await this.#giveUp(shard, lease, began, failed);
    this.#working.delete(shard);
    if (this.#working.size === 0) this.#onIdle?.();
  }

  async #giveUp(
    shard: string,
    lease: LeaseHandle,
    began: number,
    failed: { readonly error: unknown } | undefined,
  ): Promise<void> {
    this.#rest(shard, failed !== undefined, began);
    if (failed !== undefined) this.#tell(shard, lease, failed.error);
    // Whoever leaves frees all with one write.
    if (this.#draining && lease.isHeld()) {
      if (this.#lingers) this.#freeAfter(TOGETHER_MS);
      return;
    }
    const { end } = lease;
    await lease.release({ completed: false });
    if (end === undefined && !this.#draining) await this.#ring();
    this.#onFree();
  }

  #rest(shard: string, failed: boolean, began: number): void {
    const { clock, random } = this.#session.core;
    const now = clock.now().mono;
    const before = this.#rests.get(shard)?.failures ?? 0;
    const failures = failed ? (now - began > MOST_BACKOFF_MS ? 1 : before + 1) : 0;
    const least = Math.min(MOST_BACKOFF_MS / 2, TURN_MS * 2 ** Math.max(0, failures - 1));
    this.#rests.set(shard, { until: now + least * (1 + random.fraction()), failures });
  }

  #tell(shard: string, { token }: LeaseHandle, cause: unknown): void {
    const { core, id, name } = this.#session;
    core.emit("workFailed", { lease: name, shard, holder: id, token, cause });
    undisturbed(() => this.#onFailed?.(cause, shard));
  }

  /** Has the other workers look: a shard became free that no change of membership tells of. Lost, it costs what a lost bell costs. */
  async #ring(): Promise<void> {
    this.#ringsAgain = true;
    if (this.#isRinging) return;
    this.#isRinging = true;
    const { term } = this.#session;
    // One at a time tells of all that has become free meanwhile. A later term is the next run's: it would lose its share by a leaver's bell.
    while (this.#ringsAgain && this.#session.term === term) {
      this.#ringsAgain = false;
      await this.#ringOnce();
    }
    this.#isRinging = false;
  }

  async #ringOnce(): Promise<void> {
    const { core, id: holder, name, term } = this.#session;
    if (term === undefined) return;
    const { random } = core;
    // A member is dealt what is free, and whoever leaves claims nothing: it would lie there.
    const call = this.#lingers ? retire : ring;
    const bell = call(name, { holder, token: term.token }, { writeId: random.id(), bell: random.id() });
    await this.#session.send(bell).catch(() => undefined);
  }
}

function askToEnd(lease: LeaseHandle): void {
  void lease.stepDown().catch(() => undefined);
}
