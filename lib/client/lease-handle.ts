import type { LeaseError } from "../core/errors.ts";
import type { LeaseRecord } from "../core/record.ts";
import { describeEnd, type LeaseEnd, type ReleaseResult } from "../core/term.ts";
import { plusMs, type Reading } from "../core/units.ts";
import { type Allowance, remainingOf, untilChallenged, type Validity, validityOf } from "../core/validity.ts";
import { type LeaseWrite, release, renew, ttlOf } from "../core/writes.ts";
import type { NewTerm } from "./attempt.ts";
import type { Candidacy } from "./candidacy.ts";
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
  readonly #self: Candidacy;
  readonly #limit: Allowance;
  readonly #ender = new AbortController();
  readonly #onEnd: () => void;
  readonly #loop: RenewalLoop;
  #record: LeaseRecord;
  #validity: Validity;
  #end: LeaseEnd | undefined;
  #writing: Promise<unknown> = Promise.resolve();
  #releasing: Promise<ReleaseResult> | undefined;
  #storeReachable = true;
  #steppingDown = false;

  constructor(self: Candidacy, term: NewTerm, onEnd: () => void) {
    this.name = self.name;
    this.holder = self.holder;
    this.token = term.record.token;
    this.#self = self;
    this.#limit = term.limit;
    this.#record = term.record;
    this.#validity = term.validity;
    this.#onEnd = onEnd;
    this.#loop = new RenewalLoop(self.clock, {
      remainingMs: () => this.remainingMs(),
      renew: self.settings.autoRenew ? () => this.#renewQuietly() : undefined,
      intervalMs: self.settings.timing.renewIntervalMs,
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
    const remaining = this.#leftOf(this.#validity);
    if (remaining > 0) return remaining;
    const atLimit = this.#leftOf([this.#limit]) <= 0;
    this.#lose({ reason: "expired", storeReachable: this.#storeReachable, atLimit });
    return 0;
  }

  isHeld(): boolean {
    return this.remainingMs() > 0;
  }

  assertHeld({ needMs = 0 }: { readonly needMs?: number } = {}): void {
    const remaining = this.remainingMs();
    if (remaining <= 0) throw this.#lostError();
    if (remaining >= needMs) return;
    const message = `is held for ${Math.floor(remaining)} ms more, less than the ${needMs} ms needed`;
    throw this.#self.error("LEASE_LOST", message);
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
    this.#self.tell("released", { token: this.token, result });
    this.#onEnd();
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release({ completed: false });
  }

  #leftOf(validity: Validity): number {
    return remainingOf(validity, this.#self.clock.now());
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
      const { outcome, sent } = await this.#self.send(this.#renewal(value)).catch((error: unknown) => {
        throw this.#failed(error);
      });
      if (outcome.kind === "unknown") throw this.#failed(outcome.cause);
      this.#storeReachable = true;
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
    const { exchange, clock, random, settings, timing } = this.#self;
    const { durationMs: fullMs, retentionMs } = settings.timing;
    const now = exchange.estimate();
    const durationMs = Math.max(1, Math.min(fullMs, Math.floor(this.#leftOf([this.#limit]))));
    const { timed } = exchange;
    const expiresAt = plusMs(now, durationMs);
    if (timed && expiresAt < (this.#record.expiresAt ?? Number.POSITIVE_INFINITY)) {
      // The write may land though its answer is lost: from here on its `expiresAt` may be the one that counts.
      const ceiling = untilChallenged(expiresAt, exchange.samples, clock.now(), timing);
      this.#validity = [...this.#validity, ceiling];
      this.assertHeld();
    }
    return renew(this.#record, { writeId: random.id(), now, durationMs, timed, retentionMs, value });
  }

  #extend(record: LeaseRecord, sent: Reading): void {
    const { exchange, clock, timing } = this.#self;
    this.#record = record;
    this.#validity = [...validityOf({ sent, ...record }, exchange.samples, clock.now(), timing), this.#limit];
    this.assertHeld();
    this.#loop.restart();
    this.#self.tell("renewed", { token: this.token, remainingMs: this.remainingMs() });
  }

  /** What fails is told by events, by the signal and by `end`. */
  async #renewQuietly(): Promise<"fine" | "again"> {
    if (this.#leftOf([this.#limit]) <= this.remainingMs()) return "fine"; // It already lasts to its limit.
    return this.renew().then(
      () => "fine",
      () => "again",
    );
  }

  #failed(cause: unknown): LeaseError {
    this.#storeReachable = false;
    const remainingMs = this.remainingMs();
    if (remainingMs <= 0) return this.#lostError();
    this.#self.tell("renewalFailed", { token: this.token, remainingMs, cause });
    const message = `may not have been renewed, nobody can say; it is held for ${Math.floor(remainingMs)} ms more, try again before that`;
    return this.#self.error("STORE_UNAVAILABLE", message, cause);
  }

  #overtaken(current: LeaseRecord | undefined): LeaseError {
    const superseded = current !== undefined && current.token !== this.token;
    this.#lose(
      superseded ? { reason: "superseded", by: current.holder, token: current.token } : { reason: "revoked" },
    );
    return this.#lostError();
  }

  #lose(end: LeaseEnd): void {
    if (this.#end !== undefined) return;
    this.#finish(end);
    this.#onEnd();
    this.#self.tell("lost", { token: this.token, end });
  }

  #finish(end: LeaseEnd): void {
    this.#end = end;
    this.#loop.stop();
    this.#ender.abort(this.#lostError());
  }

  #lostError(): LeaseError {
    const how = this.#end === undefined ? "" : `: ${describeEnd(this.#end)}`;
    const message = `with token ${this.token} is not held any more${how}; stop the leader's work`;
    return this.#self.error("LEASE_LOST", message);
  }

  /**
   * Stops leading, then vacates the row. Not in turn with a renewal in flight: whichever of the two lands
   * last, the row ends vacant, since a renewal compares the revision and a release does not.
   */
  async #vacate(completed: boolean): Promise<ReleaseResult> {
    if (this.#end === undefined) this.#finish({ reason: this.#steppingDown ? "stepped-down" : "released" });
    if (this.#end?.reason === "superseded") {
      return { kind: "superseded", by: this.#end.by, token: this.#end.token };
    }
    const { exchange, random, settings, send } = this.#self;
    let cause: unknown;
    for (let tries = 0; tries < RELEASE_TRIES; tries += 1) {
      const ttl = ttlOf(exchange.estimate(), 0, settings.timing.retentionMs);
      const tick = completed ? settings.tick : undefined;
      try {
        const { outcome } = await send(release(this, { writeId: random.id(), ttl, tick }));
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
    return { kind: "superseded", by: current.holder, token: current.token };
  }
}
