import type { ElectionSettings } from "../core/candidate-options.ts";
import { shouldRequest } from "../core/handover.ts";
import { isLeaseError } from "../core/errors.ts";
import { requestTransfer } from "../core/auxiliary-writes.ts";
import type { Trouble } from "../core/events.ts";
import type { TermSettings } from "../core/options.ts";
import type { LeaseEnd } from "../core/term.ts";
import type { Refusal } from "./attempt.ts";
import { campaign } from "./campaign.ts";
import type { ClientCore } from "./client-core.ts";
import type { Contender } from "./contender.ts";
import type { LeaseHandle } from "./handle.ts";
import type { Announcer } from "./listeners.ts";
import { type Registration, registration } from "./registration.ts";
import { makeWakeup } from "./waiting.ts";

/** A try that takes this many times its request's deadline is stuck. */
const MOST_REQUESTS = 8;

/** What a candidate is about, for people and dashboards. Times are epoch ms by this process's wall clock. */
export interface CandidateStatus {
  /**
   * `idle`: it does not campaign. `campaigning`: it tries and waits. `leading`: it holds the lease. `leaving`: the term of
   * `run` has ended, and its work or its release has not.
   */
  readonly state: "idle" | "campaigning" | "leading" | "leaving";
  /** Since when it has been in that state. */
  readonly since: number;
  /** The token of its term while it leads. */
  readonly token: number | undefined;
  /** When a request of its client was served last; `undefined` before the first. */
  readonly lastContact: number | undefined;
  /** The last of its requests that failed, and when; `undefined` for none. It stays after the trouble is over. */
  readonly lastError: (Trouble & { readonly at: number }) | undefined;
}

/** What a candidate is about. `dueBy`: when, on the monotonic clock, something has to have happened. */
type CandidateState =
  /** It does not campaign. */
  | { readonly is: "idle" }
  /** It tries and waits. */
  | { readonly is: "campaigning"; readonly dueBy?: number }
  /** It has been elected. `works`: the term's work has begun. */
  | {
      readonly is: "leading";
      readonly lease: LeaseHandle;
      /** Whether it campaigns again when the term ends. */
      readonly stays: boolean;
      readonly works: boolean;
      readonly dueBy?: number | undefined;
    }
  /** Its term has ended; its work may go on, and is overdue then. */
  | { readonly is: "leaving"; readonly works: boolean; readonly dueBy?: number | undefined };

/** What a candidate does between campaigning and leading, and what it remembers of its terms. */
export class Campaigner {
  /** The candidate's id. */
  readonly id: string;
  readonly #core: ClientCore;
  readonly #self: Contender;
  readonly #announce: Announcer;
  readonly #entry: Registration;
  readonly #wakeup = makeWakeup();
  #state: CandidateState = { is: "idle" };
  #lastToken = 0;
  #latest: LeaseHandle | undefined;
  readonly #troubleLimitMs: number;
  #since: number;
  #lastError: CandidateStatus["lastError"];

  constructor(
    core: ClientCore,
    name: string,
    term: TermSettings,
    { id, priority, minTermMs, registrationMs, troubleLimitMs }: ElectionSettings,
    announce: Announcer,
  ) {
    this.id = id ?? `${term.label}/${core.random.id()}`;
    this.#core = core;
    this.#announce = announce;
    this.#self = core.contender(name, term, {
      holder: this.id,
      stable: id !== undefined,
      priority,
      minTermMs,
      lastToken: () => this.#lastToken,
      onTrouble: (trouble) => this.#onTrouble(trouble),
    });
    this.#troubleLimitMs = troubleLimitMs;
    this.#since = core.clock.now().wall;
    this.#entry = registration(this.#self, registrationMs);
  }

  /** The term that it leads in; `undefined` while it does not. */
  get lease(): LeaseHandle | undefined {
    const state = this.#state;
    return state.is === "leading" && state.lease.isHeld() ? state.lease : undefined;
  }

  /** The term that was led last, ended or not, until it has been released. */
  get latest(): LeaseHandle | undefined {
    return this.#latest;
  }

  /**
   * Campaigns until elected. `runs` says that the term's work is waited for when it ends, so that work that goes on is
   * overdue, and that the candidate campaigns again after the term.
   * @throws {LeaseError} as `campaign`
   */
  async elect(signal: AbortSignal, timeoutMs: number, runs: boolean): Promise<LeaseHandle> {
    // Else it would find a term of its own to take over.
    if (this.#latest?.releasing) await this.#latest.released;
    const { name, settings } = this.#self;
    const { requestTimeoutMs } = settings.timing;
    const tryOnce = this.#core.tries(this.#self, (end, token) => this.#ended(end, token));
    this.#become({ is: "campaigning" });
    const lease = await campaign(
      this.#core,
      (first) => {
        this.#expect(MOST_REQUESTS * requestTimeoutMs);
        return tryOnce(first);
      },
      {
        name,
        timeoutMs,
        signal,
        wakeup: this.#wakeup,
        troubleLimitMs: this.#troubleLimitMs,
        onRefused: (refusal) => this.#standBy(refusal),
        onWait: (waitMs) => this.#expect(waitMs),
      },
    );
    this.#won(lease, runs);
    return lease;
  }

  /** Ends the wait for the lease. */
  notify(): void {
    this.#wakeup.wake();
  }

  /** How long something has been overdue, in ms; 0 while all goes on as it can. */
  overdueMs(): number {
    // A term that ran out unnoticed ends here, and its work is due.
    if (this.#state.is === "leading") this.#state.lease.isHeld();
    const state = this.#state;
    if (state.is === "idle" || state.dueBy === undefined) return 0;
    return Math.max(0, this.#core.clock.now().mono - state.dueBy);
  }

  /** What it is about. */
  get status(): CandidateStatus {
    const { lease } = this; // A term that has run out unnoticed ends here.
    return {
      state: this.#state.is,
      since: this.#since,
      token: lease?.token,
      lastContact: this.#core.exchange.served?.wall,
      lastError: this.#lastError,
    };
  }

  /** The work of the term begins. */
  begin(): void {
    const state = this.#state;
    if (state.is === "leading" || state.is === "leaving") this.#state = { ...state, works: true };
  }

  /** Nothing is expected any more: a campaign has ended, or the work has settled. */
  rest(): void {
    const state = this.#state;
    this.#become(state.is === "leading" ? { ...state, works: false, dueBy: undefined } : { is: "idle" });
  }

  /** Leaves the list of candidates. */
  leave(): Promise<void> {
    return this.#entry.stop();
  }

  #onTrouble(trouble: Trouble): void {
    this.#lastError = { ...trouble, at: this.#core.clock.now().wall };
    this.#announce.trouble(trouble);
  }

  #become(state: CandidateState): void {
    if (state.is !== this.#state.is) this.#since = this.#core.clock.now().wall;
    this.#state = state;
  }

  #expect(withinMs: number): void {
    if (this.#state.is === "idle") return;
    this.#state = { ...this.#state, dueBy: this.#core.clock.now().mono + withinMs };
  }

  #won(lease: LeaseHandle, runs: boolean): void {
    if (runs) lease.waitForWork();
    this.#become({ is: "leading", lease, stays: runs, works: false });
    this.#latest = lease;
    void lease.released.finally(() => {
      if (this.#latest === lease) this.#latest = undefined;
    });
    lease.signal.addEventListener("abort", () => {
      if (runs && isLeaseError(lease.signal.reason, "HANDED_OVER")) this.#expect(0);
    });
    this.#announce.elected(lease);
    // It may have ended before anyone was told of it (the client was closed), or by the listener's own hand.
    if (lease.end !== undefined) return this.#ended(lease.end, lease.token);
    this.#entry.start();
    this.#announce.leader(lease.state);
  }

  #ended(end: LeaseEnd, token: number): void {
    this.#lastToken = Math.max(this.#lastToken, token);
    const state = this.#state;
    if (state.is === "leading") {
      const { stays, works, dueBy } = state;
      this.#become(stays ? { is: "leaving", works, dueBy } : { is: "idle" });
      if (works) this.#expect(0);
      if (!stays) void this.#entry.stop();
    }
    this.#announce.lost(end);
  }

  async #standBy(refusal: Refusal): Promise<void> {
    this.#entry.start();
    this.#announce.leader(refusal.state);
    await this.#requestTransfer();
  }

  /** Requests a transfer from a weaker leader, once: the record tells whether it was requested. */
  async #requestTransfer(): Promise<void> {
    const { name, holder, priority, memory, random } = this.#self;
    const record = memory.sighting(name)?.record;
    if (record === undefined || !shouldRequest(record, priority)) return;
    // What comes of it shows at the next look, which requests it again where it has to.
    const request = { writeId: random.id(), by: holder, priority };
    await this.#self.send(requestTransfer(record, request)).catch(() => undefined);
  }
}
