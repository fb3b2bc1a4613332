import { amendmentOf, firstWriteOf, goesOverOwn, mayAbandon, wonBy, type Written } from "../core/attempt.ts";
import type { Sighting } from "../core/evidence.ts";
import { type Move, nextMove, type RefusalReason } from "../core/next-move.ts";
import type { WriteOutcome } from "../core/outcome.ts";
import { type LeaseRecord, type LeaseState, stateOf } from "../core/record.ts";
import type { NewTerm } from "../core/term-state.ts";
import type { Allowance } from "../core/validity.ts";
import { abandon, type LeaseWrite } from "../core/writes.ts";
import type { Contender } from "./contender.ts";
import type { Answer } from "./exchange.ts";

/** Why a candidate does not lead. */
export interface Refusal {
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

/** Contention can invalidate each move; past this many writes the candidate stands by. */
const MAX_WRITES = 4;

/**
 * Makes one attempt of one candidate: claims, or takes over what it has evidence against, or learns why not.
 * `look` reads first and writes only what can succeed; `claim` takes a vacant lease with one request.
 * @throws {LeaseError} STORE_UNAVAILABLE when nobody can say whether it leads (its possible claim is then
 *   abandoned), and whatever else the store says
 */
export async function attempt(self: Contender, first: "claim" | "look"): Promise<AttemptResult> {
  const { name, holder, stable, settings, exchange, memory, clock, random, timing, tell } = self;
  const limit: Allowance = { from: clock.now(), lengthMs: settings.termLimitMs };
  let requests = 0;
  /** Whether what is being written goes over a term of this candidate's own, or of its process's. */
  let overOwn = false;

  async function look(): Promise<Sighting | undefined> {
    requests += 1;
    const { outcome, received } = await exchange.read(name, settings.timing.requestTimeoutMs);
    return memory.note(name, outcome.record, received, outcome.servedAt);
  }

  function note({ outcome, received }: Answer<WriteOutcome>): Sighting | undefined {
    if (outcome.kind !== "refused") return undefined;
    return memory.note(name, outcome.current, received, outcome.servedAt);
  }

  function decide(seen: Sighting | undefined): Move {
    const isOwnClaim = (writeId: string): boolean => memory.isOwnClaim(writeId);
    const now = exchange.estimate();
    const lastToken = self.lastToken();
    const { tick } = settings;
    const who = { holder, affinity: settings.affinity?.label, stable, lastToken, isOwnClaim };
    return nextMove({ seen, at: clock.now(), now, tick, ...who }, timing);
  }

  function writeFor(move: Exclude<Move, { kind: "stand-by" }>): LeaseWrite {
    const now = exchange.estimate();
    return firstWriteOf(move, self, { writeId: random.id(), now, timed: exchange.timed });
  }

  /** Sends a write; `before` are those that may hold the lease for us already. */
  async function send(write: LeaseWrite, before: LeaseWrite[] = []): Promise<Answer<WriteOutcome>> {
    requests += 1;
    const answer = await self.send(write).catch(async (error: unknown) => {
      await abandonAll(before);
      throw error;
    });
    const { outcome } = answer;
    if (outcome.kind !== "unknown") return answer;
    return giveUp([...before, write], "may be claimed, nobody can say", outcome.cause);
  }

  async function giveUp(made: LeaseWrite[], what: string, cause?: unknown): Promise<never> {
    await abandonAll(made);
    throw self.error("STORE_UNAVAILABLE", `${what}, so it does not lead; try again`, cause);
  }

  /**
   * Gives up what unanswered writes may have taken, and remembers them as nobody's. The claim first: once it is
   * vacated its correction cannot land any more, and where the correction has landed the claim's turn is refused.
   */
  async function abandonAll(made: LeaseWrite[]): Promise<void> {
    for (const write of made) memory.forgetClaim(write.writeId);
    if (!mayAbandon(overOwn)) return;
    for (const { writeId } of made) {
      requests += 1;
      // The claim's own error is the one to report; what landed all the same runs out by itself.
      const answer = await self.send(abandon(name, writeId, random.id())).catch(() => undefined);
      if (answer?.outcome.kind !== "refused") return;
    }
  }

  /** Checks a term's first write by its own response, and corrects it when a wrong clock stamped it. */
  async function confirm(write: LeaseWrite, answer: Answer<unknown>, written: Written) {
    const { record } = written;
    const amendment = amendmentOf(self, write, written, answer, {
      samples: exchange.samples,
      believed: write.set.renewedAt ?? exchange.estimate(),
      get writeId() {
        return random.id();
      },
    });
    if (amendment === undefined) return begin(record, answer, [write]);
    if (amendment.skewed !== undefined) tell("clockSkewed", amendment.skewed);
    const corrected = await send(amendment.write, [write]);
    const { outcome } = corrected;
    if (outcome.kind === "written") return begin(outcome.record, corrected, [write, amendment.write]);
    note(corrected);
    return undefined;
  }

  async function begin(record: LeaseRecord, answer: Answer<unknown>, made: LeaseWrite[]): Promise<NewTerm> {
    const facts = { samples: exchange.samples, at: clock.now() };
    const won = wonBy(self, record, answer, facts, { limit, overOwn });
    if ("not" in won) return giveUp(made, won.not);
    memory.forget(name);
    return won.term;
  }

  let seen = first === "look" ? await look() : undefined;
  let move: Move = first === "look" ? decide(seen) : { kind: "claim" };
  for (let writes = 0; writes < MAX_WRITES && move.kind !== "stand-by"; writes += 1) {
    const write = writeFor(move);
    overOwn = goesOverOwn(move);
    const answer = await send(write);
    if (answer.outcome.kind === "written") {
      const term = await confirm(write, answer, answer.outcome);
      if (term !== undefined) {
        const because = move.kind === "claim" ? "vacant" : move.because;
        tell("acquired", { token: term.record.token, requests, because });
        return { kind: "acquired", term };
      }
      seen = memory.sighting(name);
    } else {
      seen = note(answer);
      if (seen === undefined && move.kind === "claim") seen = await look();
    }
    move = decide(seen);
  }
  // Too much contention: all that can be said is "held".
  const { reason, retryAfterMs } =
    move.kind === "stand-by" ? move : { reason: "held" as const, retryAfterMs: 0 };
  const state = stateOf(name, seen?.record, false);
  tell("refused", { reason, leader: state.holder, leaderToken: state.token, retryAfterMs });
  return { kind: "refused", reason, state, retryAfterMs };
}
