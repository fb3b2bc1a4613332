import { because, type LeaseError } from "../core/errors.ts";
import { describeEnd, type Handover, type ReleaseResult } from "../core/term.ts";
import { beginTerm, hearsFrom, nextDue, step } from "../core/term-machine.ts";
import { remainingAt } from "../core/term-draft.ts";
import type {
  Answered,
  Effect,
  NewTerm,
  RenewalAsked,
  RenewalEnd,
  Step,
  Term,
  TermEvent,
} from "../core/term-state.ts";
import type { Instant, Reading } from "../core/units.ts";
import type { LeaseWrite } from "../core/lease-write.ts";
import type { Contender } from "./contender.ts";
import type { Answer } from "./exchange.ts";
import { FactsAt } from "./facts.ts";
import type { LeaseHandle, TermHooks } from "./handle.ts";
import { Later } from "./later.ts";

/** What a write was answered, and when it was sent, where it was answered at all. */
type Came = { readonly answered: Answered } & Pick<Partial<Answer<unknown>>, "sent" | "sample">;

type Abort = Extract<Effect, { do: "abort" }>;

const NO_END: RenewalEnd = { is: "over" };
const NO_TIMER = (): void => undefined;

/**
 * Drives the machine of one term (lib/core/term-machine.ts): reads the clock for each step, keeps the one timer, sends what is to be sent, and
 * settles the promises. It decides nothing.
 */
export class TermDriver {
  readonly #self: Contender;
  readonly #hooks: TermHooks;
  readonly #handle: LeaseHandle;
  #term: Term;
  #first: Step | undefined;
  #due: Instant | undefined;
  #cancel = NO_TIMER;
  // Made when they are needed: a process may hold ten thousand terms, and ask for few.
  /** The last of the renewals that wait their turn. */
  #writing: Promise<unknown> | undefined;
  #ender: AbortController | undefined;
  /** What the signal is aborted with, while nobody has asked for the signal. */
  #ended: Abort | undefined;
  #handover: Later<Handover> | undefined;
  #released: Later<ReleaseResult> | undefined;
  /** The release that vacates the row, until all that follows from it is done. */
  #releasing: Promise<ReleaseResult> | undefined;

  constructor(self: Contender, won: NewTerm, hooks: TermHooks, handle: LeaseHandle) {
    this.#self = self;
    this.#hooks = hooks;
    this.#handle = handle;
    this.#first = beginTerm(self, won, new FactsAt(self.clock.now(), self));
    this.#term = this.#first.term;
  }

  /** The term as it stands. */
  get term(): Term {
    return this.#term;
  }

  /** Aborted when the work has to stop. */
  get signal(): AbortSignal {
    if (this.#ender === undefined) {
      this.#ender = new AbortController();
      if (this.#ended !== undefined) this.#ender.abort(this.#reasonOf(this.#ended));
    }
    return this.#ender.signal;
  }

  get handover(): Promise<Handover> {
    return this.#laterHandover.promise;
  }

  get released(): Promise<ReleaseResult> {
    return this.#laterReleased.promise;
  }

  get #laterHandover(): Later<Handover> {
    this.#handover ??= new Later();
    return this.#handover;
  }

  get #laterReleased(): Later<ReleaseResult> {
    this.#released ??= new Later();
    return this.#released;
  }

  /** Sets the timer, and does what the beginning of the term asks for. */
  begin(): void {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) this.#take(first, first.term.began);
  }

  /** Lets something happen to the term at a reading, and returns what is to be done about it; most of that has been done. */
  happen(event: TermEvent, at: Reading = this.#self.clock.now()): readonly Effect[] {
    return this.#take(step(this.#self, this.#term, event, new FactsAt(at, this.#self)), at);
  }

  /** What is left of the term, in ms: a term that has run out ends by being asked. */
  remainingMs(): number {
    if (this.#term.lead.is === "over") return 0;
    const { session } = this.#hooks;
    // To ask the session may have ended it, and this term with it.
    const ofSession = session?.remainingMs() ?? Infinity;
    if (session !== undefined && this.#term.limit.length === 0) return this.#isOver() ? 0 : ofSession;
    const at = this.#self.clock.now();
    const left = remainingAt(this.#term, at);
    // Only one that has run out is changed by being asked.
    if (left <= 0) this.happen({ on: "look" }, at);
    return Math.min(ofSession, left);
  }

  #isOver(): boolean {
    return this.#term.lead.is === "over";
  }

  /** The error of what needs a term that is over. */
  lost(): LeaseError {
    const { lead, record } = this.#term;
    const how = lead.is === "over" ? `: ${describeEnd(lead.end)}` : "";
    const cause = lead.is === "over" && lead.end.reason === "expired" ? lead.end.cause : undefined;
    const message = `with token ${record.token} is not held any more${how}; stop its work`;
    return this.#self.error("LEASE_LOST", message, cause);
  }

  /** Renews when its turn comes. It sends by itself, and so in its caller's async context, however long it waits. */
  renew(order: RenewalAsked): Promise<void> {
    const { session } = this.#hooks;
    if (session !== undefined && order.value === undefined && !this.#isOver()) return session.renew();
    const turn = (this.#writing ?? Promise.resolve()).then(() => this.#renewNow(order));
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  /** Releases the row, unless that was asked for before. Resolves when nothing of the term is in flight any more. */
  release(done: boolean, unseen: boolean): Promise<ReleaseResult> {
    return this.#self.life.track(() => {
      if (this.#term.row.is !== "held") return this.#releasedBefore();
      return (this.#releasing = this.#release(done, unseen));
    });
  }

  /** Tells of the release of a term that was left to its session's. */
  forgotten(result: ReleaseResult): void {
    this.#self.tell("released", { token: this.#term.record.token, result, tick: undefined });
    this.#hooks.forget(this.#handle);
  }

  /** Whoever asks once more waits for as long as the first: a session that is to be closed with it is closed then. */
  async #releasedBefore(): Promise<ReleaseResult> {
    await (this.#releasing ?? this.released);
    return { kind: "already-released" };
  }

  async #release(done: boolean, unseen: boolean): Promise<ReleaseResult> {
    const event = { on: "release", done, unseen } as const;
    let write = writeIn(this.happen(event), "release");
    while (this.term.row.is === "waiting") {
      await this.#writing;
      write = writeIn(this.happen(event), "release");
    }
    let last = write;
    while (write !== undefined) {
      last = write;
      const { answered } = await this.#send(write);
      write = writeIn(this.happen({ on: "released", writeId: write.writeId, answered }), "release");
    }
    const result = await this.released;
    if (result.kind === "unknown" && last !== undefined) this.#hooks.onUnreleased?.(this.#self, last);
    const tick = done && result.kind === "released" ? this.#self.settings.tick : undefined;
    this.#self.tell("released", { token: this.#term.record.token, result, tick });
    this.#hooks.forget(this.#handle);
    await this.#hooks.afterRelease?.();
    return result;
  }

  async #renewNow(order: RenewalAsked): Promise<void> {
    let effects = this.happen({ on: "renew", order });
    for (;;) {
      const write = writeIn(effects, "renewal");
      if (write === undefined) break;
      const { answered, sent, sample } = await this.#send(write);
      effects = this.happen({ on: "renewed", writeId: write.writeId, answered, sent, sample });
    }
    const how = effects.find((effect) => effect.do === "answer")?.how ?? NO_END;
    if (how.is === "over") throw this.lost();
    if (how.is === "renewed") return;
    const leftMs = Math.floor(Math.min(how.remainingMs, this.remainingMs()));
    const message = `may not be renewed, nobody can say; it lasts ${leftMs} ms more, try again${because(how.cause)}`;
    throw how.error ?? this.#self.error("STORE_UNAVAILABLE", message, how.cause);
  }

  #send(write: LeaseWrite): Promise<Came> {
    return this.#self.send(write).then(
      ({ outcome, sent, sample }) => ({ answered: outcome, sent, sample }),
      (error: unknown) => ({ answered: { kind: "failed", error } }),
    );
  }

  /** Puts a step's state in force, then the timer, then does what is to be done: whoever is told may call back. */
  #take({ term, effects }: Step, at: Reading): readonly Effect[] {
    const { bell } = this.#term.record;
    this.#term = term;
    this.#hooks.onHears?.(hearsFrom(term, this.#self.timing));
    const due = nextDue(term);
    if (due !== this.#due) {
      this.#cancel();
      this.#due = due;
      if (due !== undefined) this.#cancel = this.#self.clock.timer(due - at.mono, () => this.#fire());
    }
    for (const effect of effects) this.#perform(effect);
    if (term.record.bell !== bell) this.#hooks.onBell?.();
    return effects;
  }

  #fire(): void {
    this.#due = undefined;
    this.happen({ on: "time" });
  }

  #perform(effect: Effect): void {
    switch (effect.do) {
      case "send":
      case "answer":
      case "refuse":
        return; // For whoever has let happen what asks for it: it is done in that caller's context.
      case "abort":
        return this.#abort(effect);
      case "end":
        return this.#hooks.onEnd?.(effect.end, this.#term.record.token);
      case "forget":
        return this.#hooks.forget(this.#handle);
      case "tell":
        return this.#self.tell(effect.event, effect.details);
      case "hand-over":
        return this.#laterHandover.settle(effect.handover);
      case "renew":
        // What fails is told by events, by the signal and by `end`.
        return void this.renew({ byTimer: true }).catch(() => undefined);
      case "release":
        return void this.release(false, false);
      case "settle":
        // Once it is told, nothing of this term is in flight any more, and no timer of it is left.
        return void (this.#writing ?? Promise.resolve()).then(() =>
          this.#laterReleased.settle(effect.result),
        );
      default:
        effect satisfies never;
    }
  }

  #abort(effect: Abort): void {
    this.#ended ??= effect;
    this.#ender?.abort(this.#reasonOf(effect));
  }

  #reasonOf(abort: Abort): unknown {
    if (abort.because === "told") return abort.reason;
    if (abort.because === "over") return this.lost();
    const { token } = this.#term.record;
    return this.#self.error("HANDED_OVER", `with token ${token} is to be handed over; finish its work`);
  }
}

function writeIn(effects: readonly Effect[], as: "renewal" | "release"): LeaseWrite | undefined {
  for (const effect of effects) if (effect.do === "send" && effect.as === as) return effect.write;
  return undefined;
}
