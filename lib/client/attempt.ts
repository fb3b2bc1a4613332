import { amendmentOf, firstWriteOf, goesOverOwn, wonBy, type Written } from "../core/attempt.ts";
import { because as why } from "../core/errors.ts";
import type { LeaseEvents } from "../core/events.ts";
import type { Sighting } from "../core/evidence.ts";
import { type Move, nextMove, type RefusalReason } from "../core/next-move.ts";
import type { WriteOutcome } from "../core/outcome.ts";
import { type LeaseRecord, type LeaseState, stateOf } from "../core/record.ts";
import type { NewTerm } from "../core/term-state.ts";
import type { Allowance } from "../core/validity.ts";
import type { LeaseWrite } from "../core/lease-write.ts";
import { abandon } from "../core/writes.ts";
import type { Contender } from "./contender.ts";
import type { Answer } from "./exchange.ts";

/** Why a candidate does not lead. */
export interface Refusal {
  /** It does not lead. */
  readonly kind: "refused";
  /**
   * `held`: another candidate leads. `reserved`: nobody does, and the lease is kept for another for a bounded
   * time. `tick-done`: the occurrence was done before.
   */
  readonly reason: RefusalReason;
  /** The lease as it stood. */
  readonly state: LeaseState;
  /** When another try may find the lease free at the earliest, in ms, unless its holder releases it; 0 for `tick-done`. */
  readonly retryAfterMs: number;
}

/** What came of one attempt to lead. */
export type AttemptResult = { readonly kind: "acquired"; readonly term: NewTerm } | Refusal;

/** Contention can invalidate each move; past this many writes the candidate waits. */
const MAX_WRITES = 4;

/**
 * One attempt of one candidate: claims, or takes over what it has evidence against, or learns why not. A conversation with the
 * store; what to say next, and what an answer proves, is for core to judge.
 */
class Attempt {
  readonly #self: Contender;
  readonly #limit: Allowance;
  #requests = 0;
  /** What was noted last. */
  #noted: Sighting | undefined;
  /** Whether what is being written goes over a term of this candidate's own, or of its process's. */
  #overOwn = false;

  constructor(self: Contender) {
    this.#self = self;
    this.#limit = { from: self.clock.now(), lengthMs: self.settings.termLimitMs };
  }

  async make(first: "claim" | "look"): Promise<AttemptResult> {
    let seen = first === "look" ? await this.#look() : undefined;
    let move: Move = first === "look" ? this.#decide(seen) : { kind: "claim" };
    for (let writes = 0; writes < MAX_WRITES && move.kind !== "stand-by"; writes += 1) {
      const write = this.#writeFor(move);
      this.#overOwn = goesOverOwn(move);
      const answer = await this.#send(write);
      if (answer.outcome.kind === "written") {
        const term = await this.#confirm(write, answer, answer.outcome);
        if (term !== undefined) return this.#acquired(term, move.kind === "claim" ? "vacant" : move.because);
        seen = this.#noted;
      } else {
        seen = this.#note(answer);
        if (seen === undefined && move.kind === "claim") seen = await this.#look();
      }
      move = this.#decide(seen);
    }
    // Too much contention: all that can be said is "held".
    return this.#refused(seen, move.kind === "stand-by" ? move : { reason: "held", retryAfterMs: 0 });
  }

  #acquired(term: NewTerm, because: LeaseEvents["acquired"]["because"]): AttemptResult {
    this.#self.tell("acquired", { token: term.record.token, requests: this.#requests, because });
    return { kind: "acquired", term };
  }

  #refused(
    seen: Sighting | undefined,
    { reason, retryAfterMs }: Pick<Refusal, "reason" | "retryAfterMs">,
  ): AttemptResult {
    const state = stateOf(this.#self.name, seen?.record, false);
    this.#self.tell("refused", { reason, leader: state.holder, leaderToken: state.token, retryAfterMs });
    return { kind: "refused", reason, state, retryAfterMs };
  }

  async #look(): Promise<Sighting | undefined> {
    const { name, row, memory } = this.#self;
    this.#requests += 1;
    const { outcome, received } = await this.#self.look();
    return memory.note(name, outcome.record, received, outcome.servedAt, row);
  }

  #note({ outcome, received }: Answer<WriteOutcome>): Sighting | undefined {
    if (outcome.kind !== "refused") return undefined;
    const { memory, name, row } = this.#self;
    this.#noted = memory.note(name, outcome.current, received, outcome.servedAt, row);
    return this.#noted;
  }

  #decide(seen: Sighting | undefined): Move {
    const { clock, exchange, holder, memory, settings, stable, timing } = this.#self;
    const now = exchange.estimate();
    const lastToken = this.#self.lastToken();
    const isOwnClaim = (writeId: string): boolean => memory.isOwnClaim(writeId);
    const who = { holder, affinity: settings.affinity?.label, stable, lastToken, isOwnClaim };
    return nextMove({ seen, at: clock.now(), now, tick: settings.tick, ...who }, timing);
  }

  #writeFor(move: Exclude<Move, { kind: "stand-by" }>): LeaseWrite {
    const { exchange, random } = this.#self;
    const now = exchange.estimate();
    return firstWriteOf(move, this.#self, { writeId: random.id(), now, timed: exchange.timed });
  }

  /** Sends a write; `before` are those that may hold the lease for us already. */
  async #send(write: LeaseWrite, before: LeaseWrite[] = []): Promise<Answer<WriteOutcome>> {
    this.#requests += 1;
    let answer: Answer<WriteOutcome>;
    try {
      answer = await this.#self.send(write);
    } catch (error) {
      await this.#abandonAll(before);
      throw error;
    }
    const { outcome } = answer;
    if (outcome.kind !== "unknown") return answer;
    return this.#giveUp([...before, write], "may be claimed, nobody can say", outcome.cause);
  }

  async #giveUp(made: LeaseWrite[], what: string, cause?: unknown): Promise<never> {
    await this.#abandonAll(made);
    const message = `${what}, so it does not lead, try again${why(cause)}`;
    throw this.#self.error("STORE_UNAVAILABLE", message, cause);
  }

  /**
   * Gives up what unanswered writes may have taken, and remembers them as nobody's. The claim first: once it is
   * vacated its correction cannot land any more, and where the correction has landed the claim's turn is refused. Not what was
   * written over a term of its own: a vacancy would undo the lock-delay or the minimum hold of that term.
   */
  async #abandonAll(made: LeaseWrite[]): Promise<void> {
    const { memory, name, row, random } = this.#self;
    for (const write of made) memory.rememberClaim(write.writeId);
    if (this.#overOwn) return;
    for (const { writeId } of made) {
      this.#requests += 1;
      // The claim's own error is the one to report; what landed all the same runs out by itself.
      const answer = await this.#self.send(abandon(name, writeId, random.id(), row)).catch(() => undefined);
      if (answer?.outcome.kind !== "refused") return;
    }
  }

  /** Checks a term's first write by its own response, and corrects it when a wrong clock stamped it. */
  async #confirm(write: LeaseWrite, answer: Answer<unknown>, written: Written): Promise<NewTerm | undefined> {
    const { exchange, random } = this.#self;
    const amendment = amendmentOf(this.#self, write, written, answer, {
      samples: exchange.samples,
      believed: write.set.renewedAt ?? exchange.estimate(),
      get writeId() {
        return random.id();
      },
    });
    if (amendment === undefined) return this.#begin(written.record, answer, [write]);
    if (amendment.skewed !== undefined) this.#self.tell("clockSkewed", amendment.skewed);
    const corrected = await this.#send(amendment.write, [write]);
    const { outcome } = corrected;
    if (outcome.kind === "written") return this.#begin(outcome.record, corrected, [write, amendment.write]);
    this.#note(corrected);
    return undefined;
  }

  async #begin(record: LeaseRecord, answer: Answer<unknown>, made: LeaseWrite[]): Promise<NewTerm> {
    const { clock, exchange, memory, name, row } = this.#self;
    const facts = { samples: exchange.samples, at: clock.now() };
    const rest = { limit: this.#limit, overOwn: this.#overOwn };
    const won = wonBy(this.#self, record, answer, facts, rest);
    if ("not" in won) return this.#giveUp(made, won.not);
    memory.forget(name, row);
    return won.term;
  }
}

/**
 * Makes one attempt of one candidate. `look` reads first and writes only what can succeed; `claim` takes a vacant lease with one
 * request.
 * @throws {LeaseError} STORE_UNAVAILABLE when nobody can say whether it leads (its possible claim is then
 *   abandoned), and whatever else the store says
 */
export function attempt(self: Contender, first: "claim" | "look"): Promise<AttemptResult> {
  return new Attempt(self).make(first);
}
