import type { LeaseWrite } from "../core/lease-write.ts";
import { sessionRow, shardRow } from "../core/names.ts";
import type { TermSettings } from "../core/options.ts";
import type { WriteOutcome } from "../core/outcome.ts";
import type { LeaseRecord } from "../core/record.ts";
import type { LeaseEnd, ReleaseResult } from "../core/term.ts";
import type { NewTerm, TermRules } from "../core/term-state.ts";
import type { EpochMs, Reading } from "../core/units.ts";
import { attempt, type AttemptResult, type Refusal } from "./attempt.ts";
import type { ClientCore } from "./client-core.ts";
import type { Contender, Identity } from "./contender.ts";
import type { Answer } from "./exchange.ts";
import type { LeaseHandle, TermHooks } from "./handle.ts";
import type { Held } from "./holdings.ts";
import { TermHandle } from "./lease-handle.ts";
import { Pacer } from "./pacer.ts";
import { LOOK_AGAIN_MS, SessionLook } from "./session-look.ts";
import { settleClaim, Settlings } from "./settling.ts";
import { Turns } from "./turns.ts";
import type { Within } from "./waiting.ts";

const NOTHING: ReleaseResult = { kind: "already-released" };

/** Who a session is. */
export interface SessionOptions {
  readonly name: string;
  readonly settings: TermSettings;
  /** A declared-stable id. */
  readonly id: string | undefined;
  /** What it says of its worker. */
  readonly worker?: TermRules["worker"];
}

/**
 * One process's session in a group: the one lease on its life, which it renews, and the shards that it holds through it. It is opened
 * when a shard is claimed, and closed with the last one, or when somebody closes it.
 */
export class Session implements Held {
  /** The session's id: the holder of all its shards. */
  readonly id: string;
  readonly name: string;
  readonly core: ClientCore;
  readonly pacer: Pacer;
  /** Its looks at its own shards. */
  readonly looks: SessionLook;
  /** Told when its shards are to be read again; reads them by itself where nobody is. */
  onBell: (() => void) | undefined;
  readonly #self: Contender;
  readonly #shardIdentity: Identity;
  readonly #shards = new Map<string, LeaseHandle>();
  readonly #turns: Turns;
  #term: TermHandle | undefined;
  /** What its term's shards are given: one object for all of them. */
  #ofShards: TermHooks | undefined;
  #opening: Promise<TermHandle | Refusal> | undefined;
  /** How an opening begins: what was seen to be closed is looked at before it is claimed again. */
  #first: "claim" | "look" = "claim";
  #closing: Promise<ReleaseResult> | undefined;
  /** How many attempts are under way, and whoever else wants the session to stay open. */
  #users = 0;
  readonly #settlings: Settlings;
  #cancel: () => void = () => undefined;

  constructor(core: ClientCore, { name, settings, id, worker }: SessionOptions) {
    this.core = core;
    this.name = name;
    this.id = id ?? `${settings.label}/${core.random.id()}`;
    this.pacer = new Pacer(core.clock, settings.timing.requestTimeoutMs);
    this.#shardIdentity = { holder: this.id, stable: false, priority: 0, minTermMs: 0, lastToken: () => 0 };
    // Nobody else has the id, so a session of it is this one's own, of before, or of a process that is no more (A4).
    const nobodyElse = { ...this.#shardIdentity, lastToken: () => Infinity };
    const shardsLed = (): number => this.#shards.size;
    this.#self = core.contender(name, settings, nobodyElse, { row: sessionRow(this.id), worker, shardsLed });
    this.#turns = new Turns(this.#self);
    this.#settlings = new Settlings(core.life);
    this.looks = new SessionLook(this, this.#self);
  }

  /** Its term, if it lasts. */
  get term(): LeaseHandle | undefined {
    return this.#term?.isHeld() ? this.#term : undefined;
  }

  /** The shards that are held through it, and those whose release is under way. */
  get shards(): ReadonlyMap<string, LeaseHandle> {
    return this.#shards;
  }

  /** Whether it leads a shard. */
  leads(shard: string): boolean {
    return this.#shards.get(shard)?.isHeld() ?? false;
  }

  /** All the shards that it leads now. */
  led(): ReadonlySet<string> {
    return new Set([...this.#shards].filter(([, handle]) => handle.isHeld()).map(([shard]) => shard));
  }

  /**
   * Its term, which is opened if there is none: 1 request. Between the last look at a close and the opening nothing is awaited. Or why it
   * cannot be opened yet: the one before it is closed to everybody for its lock-delay, which is no trouble of the store.
   * @throws {LeaseError} as `tryAcquire`
   */
  async open(): Promise<LeaseHandle | Refusal> {
    this.core.life.assertOpen();
    while (this.#closing !== undefined) await this.#closing;
    if (this.#term?.isHeld()) return this.#term;
    this.#opening ??= this.core.life
      .track(() => this.#begin())
      .finally(() => {
        this.#opening = undefined;
      });
    return this.#opening;
  }

  /** Makes its candidate for a shard. */
  contender(shard: string, settings: TermSettings): Contender {
    const place = { row: shardRow(shard), throughSession: true, pacer: this.pacer };
    return this.core.contender(this.name, settings, this.#shardIdentity, place);
  }

  /** Does something for a shard, after what is under way for it, and keeps the session open meanwhile; see {@link Turns}. */
  during<T>(shard: string, within: Within | undefined, work: () => Promise<T>): Promise<T> {
    return this.keepOpen(() => this.#turns.take(shard, within, work));
  }

  /** Keeps the session open, if it is, while something is done. */
  async keepOpen<T>(work: () => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await work();
    } finally {
      this.#users -= 1;
      await this.#closeIfIdle();
    }
  }

  /** Makes the handle of a shard that was claimed through a term of the session. */
  begin(self: Contender, shard: string, won: NewTerm, session: LeaseHandle): LeaseHandle {
    if (this.#ofShards?.session !== session) this.#ofShards = this.#hooksOf(session);
    const handle = new TermHandle(self, won, this.#ofShards);
    // A term of before, whose shard somebody has vacated by force, ends by this one: nobody would look at its row any more.
    this.#shards.get(shard)?.seen(won.record);
    this.#shards.set(shard, handle);
    handle.begin();
    // Whoever was told of the claim may have closed the session.
    const { end } = session;
    if (end !== undefined) handle.sessionOver(end);
    return handle;
  }

  /** Sees to it that a claim that nobody answered can never hold its shard for this session. */
  settle(self: Contender, claim: LeaseWrite): void {
    this.#settle((over) => settleClaim(self, claim, over));
  }

  /** Tells the shards that were held before a look was sent what the look has shown. */
  seen(before: readonly LeaseHandle[], records: ReadonlyMap<string, LeaseRecord>): void {
    for (const handle of before) handle.seen(records.get(shardRow(handle.shard ?? "")));
    // Whatever ended the last of them was no release.
    void this.#closeIfIdle();
  }

  /** Whether something is under way for a shard, or it is led. */
  isBusy(shard: string): boolean {
    return this.#turns.has(shard) || this.#shards.has(shard);
  }

  get hearsFrom(): number {
    return this.#term?.hearsFrom ?? Infinity;
  }

  heard(date: EpochMs, at: Reading): void {
    this.#term?.heard(date, at);
  }

  /** Sends a write that is about the session, or on its behalf, and is no shard's. */
  send(write: LeaseWrite): Promise<Answer<WriteOutcome>> {
    return this.#self.send(write);
  }

  /** Has its shards looked at after so long, in ms, and from then on once a minute, as long as it lasts. */
  planLook(afterMs = LOOK_AGAIN_MS): void {
    this.#cancel();
    if (this.term === undefined) return;
    this.#cancel = this.core.clock.timer(afterMs, () => {
      this.planLook();
      this.#rung();
    });
  }

  /** Closes it with all that is held through it: one write, and one more for each shard whose release has something to say. */
  async release(): Promise<ReleaseResult> {
    await this.#opening?.catch(() => undefined);
    return (await this.#close()) ?? NOTHING;
  }

  async #begin(): Promise<TermHandle | Refusal> {
    const result: AttemptResult = await attempt(this.#self, this.#first);
    this.#first = result.kind === "refused" ? "look" : "claim";
    if (result.kind === "refused") return result;
    const term = new TermHandle(this.#self, result.term, {
      onEnd: (end) => this.#onEnd(term, end),
      forget: () => undefined,
      onBell: () => this.#rung(),
      onHears: (from) => this.core.open.listenFrom(from),
    });
    this.#term = term;
    this.core.open.add(this);
    term.begin();
    this.planLook();
    if (this.core.life.is !== "open") await term.release({ completed: false });
    this.core.life.assertOpen();
    return term;
  }

  #hooksOf(session: LeaseHandle): TermHooks {
    return {
      session,
      forget: (handle) => {
        const { shard = "" } = handle;
        if (this.#shards.get(shard) === handle) this.#shards.delete(shard);
      },
      afterRelease: () => this.#closeIfIdle(),
      onUnreleased: (self, write) => {
        this.looks.unheard(self, write);
        this.#settle((over) => this.looks.settleRelease(self, over));
      },
    };
  }

  #onEnd(term: TermHandle, end: LeaseEnd): void {
    if (this.#term !== term) return;
    this.#settlings.end();
    this.#cancel();
    // Whoever has taken the session over leads none of its shards by that: their successors are not known.
    const told: LeaseEnd = end.reason === "superseded" ? { reason: "revoked" } : end;
    for (const handle of this.#shards.values()) handle.sessionOver(told);
    this.onBell?.();
  }

  async #closeIfIdle(): Promise<void> {
    if (this.#users > 0 || this.#shards.size > 0 || this.#opening !== undefined) return;
    // A close that is under way waits for the releases that ask for it.
    if (this.#closing === undefined) await this.#close();
  }

  #close(): Promise<ReleaseResult> | undefined {
    const term = this.#term;
    if (this.#closing !== undefined || term === undefined) return this.#closing;
    this.#term = undefined;
    this.#settlings.end();
    this.#cancel();
    this.#closing = this.core.life
      .track(() => this.#releaseAll(term))
      .finally(() => {
        this.#closing = undefined;
        if (this.#term === undefined) this.core.open.delete(this);
      });
    return this.#closing;
  }

  async #releaseAll(term: TermHandle): Promise<ReleaseResult> {
    const held = [...this.#shards.values()];
    // Those with something to say of their own say it first; the others end now, before the write that frees them.
    const left: LeaseHandle[] = [];
    const own: LeaseHandle[] = [];
    for (const handle of held) (handle.leave() ? left : own).push(handle);
    await Promise.all(own.map((handle) => handle.release({ completed: false })));
    const result = await this.#releaseOwn(term);
    for (const handle of left) handle.left(result);
    await this.#settlings.over();
    return result;
  }

  /** A session that ran out promised others its lock-delay: its row is left to run out, too. */
  async #releaseOwn(term: TermHandle): Promise<ReleaseResult> {
    const { end } = term;
    if (end?.reason === "expired" && this.#self.settings.lockDelayMs > 0)
      return { kind: "unknown", cause: end.cause };
    return term.release({ completed: false });
  }

  #settle(settling: (over: AbortSignal) => Promise<void>): void {
    if (this.term !== undefined) this.#settlings.begin(settling);
  }

  #rung(): void {
    if (this.onBell === undefined) void this.looks.soon();
    else this.onBell();
  }
}
