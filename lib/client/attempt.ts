import { correctionOf } from "../core/correction.ts";
import { LeaseError } from "../core/errors.ts";
import type { EventSink, LeaseEvents } from "../core/events.ts";
import type { Sighting } from "../core/evidence.ts";
import { type Move, nextMove, type RefusalReason } from "../core/next-move.ts";
import type { TermSettings } from "../core/options.ts";
import type { WriteOutcome } from "../core/outcome.ts";
import type { Clock, Random } from "../core/ports.ts";
import { type LeaseRecord, type LeaseState, stateOf } from "../core/record.ts";
import type { Timing } from "../core/timing.ts";
import type { Reading } from "../core/units.ts";
import { remainingOf, type Validity, validityOf } from "../core/validity.ts";
import { abandon, claim, correct, type LeaseWrite, takeOver } from "../core/writes.ts";
import type { Answer, Exchange } from "./exchange.ts";
import type { Memory } from "./memory.ts";

/** What the parts of one client share. */
export interface Surroundings {
  readonly exchange: Exchange;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: EventSink;
  readonly timing: Timing;
}

/** A term that has begun, before anyone was told of it. */
export interface NewTerm {
  readonly record: LeaseRecord & { readonly holder: string };
  readonly validity: Validity;
  /** When the candidate began to try: the term's limit counts from here. */
  readonly since: Reading;
}

/** What came of one attempt to lead. */
export type AttemptResult =
  | { readonly kind: "acquired"; readonly term: NewTerm }
  | {
      readonly kind: "refused";
      readonly reason: RefusalReason;
      readonly state: LeaseState;
      readonly retryAfterMs: number;
    };

/** Contention can invalidate each move; past this many writes the candidate stands by. */
const MAX_WRITES = 4;

/**
 * One attempt of one candidate: claims, or takes over what it has evidence against, or learns why not.
 * `look` reads first and writes only what can succeed; without it a vacant lease costs one request.
 */
export class Attempt {
  readonly #around: Surroundings;
  readonly #name: string;
  readonly #holder: string;
  readonly #settings: TermSettings;
  readonly #since: Reading;
  #requests = 0;

  constructor(around: Surroundings, name: string, holder: string, settings: TermSettings) {
    this.#around = around;
    this.#name = name;
    this.#holder = holder;
    this.#settings = settings;
    this.#since = around.clock.now();
  }

  /**
   * Makes the attempt.
   * @throws {LeaseError} STORE_UNAVAILABLE when nobody can say whether it leads (its possible claim is then
   *   abandoned), and whatever else the store says
   */
  async make(first: "claim" | "look"): Promise<AttemptResult> {
    let seen = first === "look" ? await this.#look() : undefined;
    let move: Move = first === "look" ? this.#move(seen) : { kind: "claim" };

    for (let writes = 0; writes < MAX_WRITES && move.kind !== "stand-by"; writes += 1) {
      const write = this.#writeFor(move);
      const answer = await this.#send(write);
      if (answer.outcome.kind === "written") {
        const term = await this.#confirm(write, answer, answer.outcome);
        if (term !== undefined) return this.#acquired(term, move);
        seen = this.#around.memory.sighting(this.#name);
      } else {
        seen = this.#note(answer);
        if (seen === undefined && move.kind === "claim") seen = await this.#look();
      }
      move = this.#move(seen);
    }
    return this.#refused(seen, move);
  }

  #move(seen: Sighting | undefined): Move {
    const { clock, exchange, memory, timing } = this.#around;
    const situation = {
      seen,
      at: clock.now(),
      now: exchange.estimate(),
      tick: this.#settings.tick,
      isOwnClaim: (writeId: string) => memory.isOwnClaim(this.#name, writeId),
    };
    return nextMove(situation, timing);
  }

  #writeFor(move: Exclude<Move, { kind: "stand-by" }>): LeaseWrite {
    const { timing, tick, claimsTick, termLimitMs } = this.#settings;
    const request = {
      name: this.#name,
      holder: this.#holder,
      writeId: this.#around.random.id(),
      now: this.#around.exchange.estimate(),
      durationMs: Math.min(timing.durationMs, Math.floor(termLimitMs)),
      timed: this.#around.exchange.timed,
      retentionMs: timing.retentionMs,
      tick,
      claimsTick,
    };
    return move.kind === "claim" ? claim(request) : takeOver(request, move.seen);
  }

  /** Checks a term's first write by its own response, and corrects it when a wrong clock stamped it. */
  async #confirm(
    write: LeaseWrite,
    answer: Answer<WriteOutcome>,
    written: Extract<WriteOutcome, { kind: "written" }>,
  ): Promise<NewTerm | undefined> {
    const { exchange, random, emit } = this.#around;
    const { record, tokenBefore } = written;
    const first = {
      believed: write.set.renewedAt ?? exchange.estimate(),
      timed: record.expiresAt !== undefined,
      token: record.token,
      tokenBefore,
      sent: answer.sent,
      received: answer.received,
    };
    const correction = correctionOf(first, exchange.samples, this.#around.timing);
    if (correction === undefined) return this.#begin(record, answer, [write]);

    const restamp = correction.kind === "restamp";
    if (restamp)
      emit("clockSkewed", { ...this.#about(), token: correction.token, skewMs: correction.skewMs });
    const request = {
      writeId: random.id(),
      now: restamp ? correction.now : first.believed,
      durationMs: record.durationMs,
      timed: restamp,
      retentionMs: this.#settings.timing.retentionMs,
    };
    const second = correct(record, request, restamp ? correction.token : record.token);
    const corrected = await this.#send(second, [write]);
    if (corrected.outcome.kind === "written")
      return this.#begin(corrected.outcome.record, corrected, [write, second]);
    this.#note(corrected);
    return undefined;
  }

  async #begin(record: LeaseRecord, { sent }: Answer<unknown>, made: LeaseWrite[]): Promise<NewTerm> {
    const { clock, exchange, timing } = this.#around;
    const at = clock.now();
    const grant = { sent, durationMs: record.durationMs, expiresAt: record.expiresAt };
    const limit = { from: this.#since, lengthMs: this.#settings.termLimitMs };
    const validity = [...validityOf(grant, exchange.samples, at, timing), limit];
    if (remainingOf(validity, at) > 0) {
      this.#around.memory.forget(this.#name);
      return { record: { ...record, holder: this.#holder }, validity, since: this.#since };
    }
    await this.#abandon(made);
    throw this.#unavailable("was answered so late that the term was over", undefined);
  }

  async #send(write: LeaseWrite, before: LeaseWrite[] = []): Promise<Answer<WriteOutcome>> {
    this.#requests += 1;
    const timeoutMs = this.#settings.timing.requestTimeoutMs;
    const sending = this.#around.exchange.write(write, timeoutMs);
    const answer = await sending.catch(async (error: unknown) => {
      if (before.length > 0) await this.#abandon(before);
      throw error;
    });
    if (answer.outcome.kind !== "unknown") return answer;
    await this.#abandon([...before, write]);
    throw this.#unavailable("has an unknown outcome", answer.outcome.cause);
  }

  /** Gives up what unanswered writes may have taken, the latest first, and remembers them as nobody's. */
  async #abandon(made: LeaseWrite[]): Promise<void> {
    const { exchange, memory, random } = this.#around;
    for (const write of made) memory.disown(this.#name, write.writeId);
    for (const { writeId } of made.toReversed()) {
      this.#requests += 1;
      const undo = abandon(this.#name, writeId, random.id());
      try {
        const { outcome } = await exchange.write(undo, this.#settings.timing.requestTimeoutMs);
        if (outcome.kind === "written") return;
      } catch {
        return; // The claim's own error is the one to report; what landed runs out by itself.
      }
    }
  }

  async #look(): Promise<Sighting | undefined> {
    const { exchange, memory } = this.#around;
    this.#requests += 1;
    const { outcome, received } = await exchange.read(this.#name, this.#settings.timing.requestTimeoutMs);
    return memory.note(this.#name, outcome.record, received, outcome.servedAt);
  }

  #note({ outcome, received }: Answer<WriteOutcome>): Sighting | undefined {
    if (outcome.kind !== "refused") return undefined;
    return this.#around.memory.note(this.#name, outcome.current, received, outcome.servedAt);
  }

  #acquired(term: NewTerm, move: Move): AttemptResult {
    const because = move.kind === "take-over" ? move.because : "vacant";
    const event: LeaseEvents["acquired"] = {
      ...this.#about(),
      token: term.record.token,
      requests: this.#requests,
      because,
    };
    this.#around.emit("acquired", event);
    return { kind: "acquired", term };
  }

  #refused(seen: Sighting | undefined, move: Move): AttemptResult {
    const reason = move.kind === "stand-by" ? move.reason : "held";
    const retryAfterMs = move.kind === "stand-by" ? move.retryAfterMs : 0;
    const state = stateOf(this.#name, seen?.record, false);
    this.#around.emit("refused", {
      ...this.#about(),
      reason,
      leader: state.holder,
      leaderToken: state.token,
      retryAfterMs,
    });
    return { kind: "refused", reason, state, retryAfterMs };
  }

  #about(): { lease: string; holder: string } {
    return { lease: this.#name, holder: this.#holder };
  }

  #unavailable(what: string, cause: unknown): LeaseError {
    const message = `the claim of lease "${this.#name}" ${what}, so this candidate does not lead; try again`;
    return new LeaseError("STORE_UNAVAILABLE", message, { lease: this.#name, cause });
  }
}
