import { LeaseError } from "../core/errors.ts";
import type { TermSettings } from "../core/options.ts";
import type { LeaseRecord } from "../core/record.ts";
import { describeEnd, type LeaseEnd, type ReleaseResult } from "../core/term.ts";
import { plusMs, type Reading } from "../core/units.ts";
import { remainingOf, untilChallenged, type Validity, validityOf } from "../core/validity.ts";
import { type LeaseWrite, release, renew, ttlOf } from "../core/writes.ts";
import type { NewTerm, Surroundings } from "./attempt.ts";
import type { Lease } from "./lease.ts";
import { RenewalLoop } from "./renewal-loop.ts";

/** How often a release is sent before its outcome is called unknown. */
const RELEASE_TRIES = 2;
/** How often a renewal follows a revision that an earlier, unanswered renewal of ours had made. */
const RENEWAL_TRIES = 3;

/** A {@link Lease}, and the part of it that the client keeps to itself. */
export class LeaseHandle implements Lease {
  readonly name: string;
  readonly holder: string;
  readonly token: number;
  readonly #around: Surroundings;
  readonly #settings: TermSettings;
  readonly #since: Reading;
  readonly #ender = new AbortController();
  readonly #onEnd: () => void;
  readonly #loop: RenewalLoop;
  #record: LeaseRecord;
  #validity: Validity;
  #end: LeaseEnd | undefined;
  #writing: Promise<unknown> = Promise.resolve();
  #storeReachable = true;
  #steppingDown = false;
  #releasing: Promise<ReleaseResult> | undefined;

  constructor(around: Surroundings, settings: TermSettings, term: NewTerm, onEnd: () => void) {
    this.name = term.record.name;
    this.holder = term.record.holder;
    this.token = term.record.token;
    this.#around = around;
    this.#settings = settings;
    this.#since = term.since;
    this.#record = term.record;
    this.#validity = term.validity;
    this.#onEnd = onEnd;
    this.#loop = new RenewalLoop(around.clock, {
      remainingMs: () => this.remainingMs(),
      renew: settings.autoRenew ? () => this.#renewQuietly() : undefined,
      intervalMs: settings.timing.renewIntervalMs,
    });
    this.#loop.start();
  }

  get signal(): AbortSignal {
    return this.#ender.signal;
  }

  get end(): LeaseEnd | undefined {
    this.remainingMs();
    return this.#end;
  }

  remainingMs(): number {
    if (this.#end !== undefined) return 0;
    const remaining = remainingOf(this.#validity, this.#around.clock.now());
    if (remaining > 0) return remaining;
    this.#lose({
      reason: "expired",
      storeReachable: this.#storeReachable,
      atLimit: this.#limitLeftMs() <= 0,
    });
    return 0;
  }

  isHeld(): boolean {
    return this.remainingMs() > 0;
  }

  assertHeld({ needMs = 0 }: { readonly needMs?: number } = {}): void {
    const remaining = this.remainingMs();
    if (remaining <= 0) throw this.#lostError();
    if (remaining < needMs) {
      const message = `lease "${this.name}" is held for ${Math.floor(remaining)} ms more, less than the ${needMs} ms needed`;
      throw new LeaseError("LEASE_LOST", message, { lease: this.name });
    }
  }

  renew(): Promise<void> {
    return this.#inTurn(() => this.#renewNow(undefined));
  }

  proclaim(value: unknown): Promise<void> {
    return this.#inTurn(() => this.#renewNow({ is: value }));
  }

  /** Aborts the work's signal, while the term goes on until the work has settled and is released. */
  stepDown(reason: LeaseError): void {
    this.#steppingDown = true;
    this.#ender.abort(reason);
  }

  async release({ completed = true }: { readonly completed?: boolean } = {}): Promise<ReleaseResult> {
    if (this.#releasing !== undefined) {
      await this.#releasing;
      return { kind: "already-released" };
    }
    this.remainingMs();
    this.#releasing = this.#vacate(completed);
    const result = await this.#releasing;
    this.#around.emit("released", { lease: this.name, holder: this.holder, token: this.token, result });
    this.#onEnd();
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release({ completed: false });
  }

  /** One write at a time: two renewals in flight would compare-and-set against each other. */
  #inTurn(write: () => Promise<void>): Promise<void> {
    const turn = this.#writing.then(write);
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  async #renewNow(value: { readonly is: unknown } | undefined): Promise<void> {
    for (let tries = 0; tries < RENEWAL_TRIES; tries += 1) {
      this.assertHeld();
      const write = this.#renewal(value);
      const sending = this.#around.exchange.write(write, this.#settings.timing.requestTimeoutMs);
      const { outcome, sent } = await sending.catch((error: unknown) => {
        throw this.#failed(error);
      });
      this.#storeReachable = outcome.kind !== "unknown";
      if (outcome.kind === "unknown") throw this.#failed(outcome.cause);
      // Time has passed. If the validity that there was ran out meanwhile, the term is over all the same.
      this.assertHeld();
      if (outcome.kind === "written") return this.#extend(outcome.record, sent);
      const { current } = outcome;
      if (current?.token !== this.token || current.holder !== this.holder) throw this.#overtaken(current);
      this.#record = current; // An unanswered renewal of ours had landed: go on from there.
    }
    throw this.#failed(undefined);
  }

  #renewal(value: { readonly is: unknown } | undefined): LeaseWrite {
    const { exchange, clock, random, timing } = this.#around;
    const now = exchange.estimate();
    const durationMs = Math.max(
      1,
      Math.min(this.#settings.timing.durationMs, Math.floor(this.#limitLeftMs())),
    );
    const { retentionMs } = this.#settings.timing;
    const timed = exchange.timed;
    if (timed) {
      // The write may land though its answer is lost: from here on its `expiresAt` may be the one that counts.
      const at = clock.now();
      const expiresAt = plusMs(now, durationMs);
      const earlier = this.#record.expiresAt === undefined || expiresAt < this.#record.expiresAt;
      if (earlier) {
        this.#validity = [...this.#validity, untilChallenged(expiresAt, exchange.samples, at, timing)];
        this.assertHeld();
      }
    }
    return renew(this.#record, { writeId: random.id(), now, durationMs, timed, retentionMs, value });
  }

  #extend(record: LeaseRecord, sent: Reading): void {
    const { exchange, clock, timing, emit } = this.#around;
    const grant = { sent, durationMs: record.durationMs, expiresAt: record.expiresAt };
    const limit = { from: this.#since, lengthMs: this.#settings.termLimitMs };
    this.#record = record;
    this.#validity = [...validityOf(grant, exchange.samples, clock.now(), timing), limit];
    const remainingMs = this.remainingMs();
    if (remainingMs <= 0) throw this.#lostError();
    this.#loop.restart();
    emit("renewed", { lease: this.name, holder: this.holder, token: this.token, remainingMs });
  }

  /** What fails is told by events, by the signal and by `end`. */
  async #renewQuietly(): Promise<"fine" | "again"> {
    if (this.#limitLeftMs() <= this.remainingMs()) return "fine"; // The term already lasts to its limit.
    return this.renew().then(
      () => "fine",
      () => "again",
    );
  }

  #failed(cause: unknown): unknown {
    this.#storeReachable = false;
    const remainingMs = this.remainingMs();
    if (remainingMs <= 0) return this.#lostError();
    const about = { lease: this.name, holder: this.holder, token: this.token };
    this.#around.emit("renewalFailed", { ...about, remainingMs, cause });
    const message =
      `nobody can say whether lease "${this.name}" was renewed; it is held for ` +
      `${Math.floor(remainingMs)} ms more, try again before that`;
    return new LeaseError("STORE_UNAVAILABLE", message, { lease: this.name, cause });
  }

  #overtaken(current: LeaseRecord | undefined): LeaseError {
    if (current !== undefined && current.token !== this.token) {
      this.#lose({ reason: "superseded", by: current.holder, token: current.token });
    } else {
      this.#lose({ reason: "revoked" });
    }
    return this.#lostError();
  }

  #lose(end: LeaseEnd): void {
    if (this.#end !== undefined) return;
    this.#finish(end);
    this.#onEnd();
    this.#around.emit("lost", { lease: this.name, holder: this.holder, token: this.token, end });
  }

  #finish(end: LeaseEnd): void {
    this.#end = end;
    this.#loop.stop();
    this.#ender.abort(this.#lostError());
  }

  #lostError(): LeaseError {
    const how = this.#end === undefined ? "" : `: ${describeEnd(this.#end)}`;
    const message = `lease "${this.name}" with token ${this.token} is not held any more${how}; stop the leader's work`;
    return new LeaseError("LEASE_LOST", message, { lease: this.name });
  }

  #limitLeftMs(): number {
    return remainingOf(
      [{ from: this.#since, lengthMs: this.#settings.termLimitMs }],
      this.#around.clock.now(),
    );
  }

  /**
   * Stops leading, then vacates the row. Not in turn with a renewal in flight: whichever of the two lands
   * last, the row ends vacant, since a renewal compares the revision and a release does not.
   */
  async #vacate(completed: boolean): Promise<ReleaseResult> {
    if (this.#end === undefined) this.#finish({ reason: this.#steppingDown ? "stepped-down" : "released" });
    if (this.#end?.reason === "superseded") return this.#supersededBy(this.#end);
    const { exchange, random } = this.#around;
    const { retentionMs, requestTimeoutMs } = this.#settings.timing;
    let cause: unknown;
    for (let tries = 0; tries < RELEASE_TRIES; tries += 1) {
      const write = release(this, {
        writeId: random.id(),
        ttl: ttlOf(exchange.estimate(), 0, retentionMs),
        tick: completed ? this.#settings.tick : undefined,
      });
      try {
        const { outcome } = await exchange.write(write, requestTimeoutMs);
        if (outcome.kind === "written") return { kind: "released" };
        if (outcome.kind === "refused") return this.#refusedRelease(outcome.current);
        cause = outcome.cause;
      } catch (error) {
        cause = error;
      }
    }
    return { kind: "unknown", cause };
  }

  #refusedRelease(current: LeaseRecord | undefined): ReleaseResult {
    if (current === undefined) return { kind: "gone" };
    if (current.token === this.token) return { kind: "released" }; // Vacant already, by our own lost try or an operator.
    return this.#supersededBy({ by: current.holder, token: current.token });
  }

  #supersededBy({ by, token }: { readonly by: string | undefined; readonly token: number }): ReleaseResult {
    return { kind: "superseded", by, token };
  }
}
