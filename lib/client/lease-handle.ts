import { invalid, type LeaseError } from "../core/errors.ts";
import { parseKnown } from "../core/known.ts";
import { shardOf } from "../core/names.ts";
import { parseStepDown } from "../core/options.ts";
import { type LeaseRecord, type LeaseState, stateOf } from "../core/record.ts";
import type { Handover, LeaseEnd, ReleaseResult } from "../core/term.ts";
import type { NewTerm } from "../core/term-state.ts";
import { handoverOf } from "../core/term-draft.ts";
import { hearsFrom } from "../core/term-machine.ts";
import { show } from "../core/timing.ts";
import type { EpochMs, Reading } from "../core/units.ts";
import { storableValue } from "../core/value.ts";
import type { Contender } from "./contender.ts";
import type { LeaseHandle, TermHooks } from "./handle.ts";
import type { Holdings } from "./holdings.ts";
import type { StepDownOptions } from "./lease.ts";
import { isWorkOf } from "./own-work.ts";
import { TermDriver } from "./term-driver.ts";

/** Makes the handle of a term that has begun. It is in `open` for as long as it needs a release. */
export function openLease(
  self: Contender,
  won: NewTerm,
  open: Holdings,
  onEnd?: TermHooks["onEnd"],
): LeaseHandle {
  const handle = new TermHandle(self, won, {
    onEnd,
    forget: (it) => open.delete(it),
    onHears: (from) => open.listenFrom(from),
  });
  open.add(handle);
  handle.begin();
  return handle;
}

/** The handle of one term. */
export class TermHandle implements LeaseHandle {
  declare readonly name: string;
  declare readonly shard: string | undefined;
  declare readonly holder: string;
  declare readonly token: number;
  declare readonly tableName: string | undefined;
  readonly #self: Contender;
  readonly #driver: TermDriver;
  /** Whether the work has said that its occurrence is done. */
  #completed = false;
  /** Whether nobody but the work has the handle. */
  #handedOut = false;

  constructor(self: Contender, won: NewTerm, hooks: TermHooks) {
    this.name = self.name;
    this.shard = shardOf(self.row);
    this.holder = self.holder;
    this.token = won.record.token;
    this.tableName = self.exchange.tableName;
    this.#self = self;
    this.#driver = new TermDriver(self, won, hooks, this);
  }

  /** Sets the timer, and does what the beginning of the term asks for. */
  begin(): void {
    this.#driver.begin();
  }

  get signal(): AbortSignal {
    return this.#driver.signal;
  }

  get handover(): Promise<Handover> {
    return this.#driver.handover;
  }

  get released(): Promise<ReleaseResult> {
    return this.#driver.released;
  }

  get releasing(): boolean {
    return this.#driver.term.row.is !== "held";
  }

  get isHandedOver(): boolean {
    return handoverOf(this.#driver.term) !== undefined;
  }

  get completed(): boolean {
    return this.#completed;
  }

  get state(): LeaseState {
    return stateOf(this.name, this.#driver.term.record, false, this.shard);
  }

  get end(): LeaseEnd | undefined {
    this.remainingMs();
    const { lead } = this.#driver.term;
    return lead.is === "over" ? lead.end : undefined;
  }

  remainingMs(): number {
    return this.#driver.remainingMs();
  }

  isHeld(): boolean {
    return this.remainingMs() > 0;
  }

  assertHeld(options: { readonly needMs?: number } = {}): void {
    parseKnown(options, { needMs: true }, "assertHeld");
    const { needMs = 0 } = options;
    if (!(typeof needMs === "number" && needMs >= 0)) {
      throw invalid(`needMs must be a number of milliseconds from 0, not ${show(needMs)}`);
    }
    const remaining = this.remainingMs();
    if (remaining <= 0) throw this.lost();
    if (remaining >= needMs) return;
    const message = `lasts ${Math.floor(remaining)} ms more, ${needMs} are needed`;
    throw this.#self.error("LEASE_LOST", message);
  }

  lost(): LeaseError {
    return this.#driver.lost();
  }

  waitForWork({ handedOut = false }: { readonly handedOut?: boolean } = {}): void {
    this.#handedOut = handedOut;
    this.#driver.happen({ on: "work" });
  }

  get hearsFrom(): number {
    return hearsFrom(this.#driver.term, this.#self.timing);
  }

  heard(date: EpochMs, at: Reading): void {
    this.#driver.happen({ on: "heard", date }, at);
  }

  sessionOver(end: LeaseEnd): void {
    this.#driver.happen({ on: "session-over", end });
  }

  seen(record: LeaseRecord | undefined): void {
    this.#driver.happen({ on: "seen", record });
  }

  leave(): boolean {
    if (!this.#completed) this.#driver.happen({ on: "leave" });
    return this.#driver.term.row.is === "left";
  }

  left(result: ReleaseResult): void {
    this.#driver.happen({ on: "left", result });
    this.#driver.forgotten(result);
  }

  renew(): Promise<void> {
    return this.#driver.renew({ byTimer: false });
  }

  /** The value is copied at the call: a renewal may have to wait its turn, and the caller may go on with the original. */
  proclaim(value: unknown): Promise<void> {
    let copy: unknown;
    try {
      copy = value === undefined ? undefined : storableValue(value, this.name);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#driver.renew({ byTimer: false, value: { is: copy } });
  }

  askToStop(reason: LeaseError): void {
    this.#driver.happen({ on: "stop", reason });
  }

  async stepDown(options: StepDownOptions = {}): Promise<ReleaseResult> {
    const { reserveFor: to, ...how } = parseStepDown(options, this.#self.settings);
    const effects = this.#driver.happen({ on: "step-down", to, ...how });
    const refused = effects.find((effect) => effect.do === "refuse");
    if (refused !== undefined) throw this.#unkept(refused);
    return this.#handedOut || isWorkOf(this) ? { kind: "pending" } : this.#driver.released;
  }

  complete(): void {
    this.#completed = true;
  }

  releaseUnseen(): Promise<ReleaseResult> {
    return this.#driver.release(this.#completed, true);
  }

  /** Whatever was asked, the term ends. What was asked wrongly does not say that the occurrence is done. */
  async release(options: { readonly completed?: boolean } = {}): Promise<ReleaseResult> {
    try {
      parseKnown(options, { completed: true }, "release");
    } catch (error) {
      await this.#driver.release(this.#completed, false);
      throw error;
    }
    const { completed: done = true } = options;
    return this.#driver.release(done || this.#completed, false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release({ completed: false });
  }

  #unkept({ heldMs, to }: { readonly heldMs: number; readonly to: string }): LeaseError {
    const message = `is kept for nobody within its minimum hold (holdAtLeastMs), so not for reserveFor ("${to}") either; step down without it, or in ${heldMs} ms`;
    return this.#self.error("INVALID_ARGUMENT", message);
  }
}
