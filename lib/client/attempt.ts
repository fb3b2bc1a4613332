import { correctionOf } from "../core/correction.ts";
import type { Sighting } from "../core/evidence.ts";
import { type Move, nextMove, type RefusalReason } from "../core/next-move.ts";
import type { WriteOutcome } from "../core/outcome.ts";
import { type LeaseRecord, type LeaseState, stateOf } from "../core/record.ts";
import type { Sample } from "../core/service-clock.ts";
import { type Allowance, remainingOf, type Validity, validityOf } from "../core/validity.ts";
import { abandon, claim, correct, type LeaseWrite, renew, resume, takeOver } from "../core/writes.ts";
import type { Candidacy } from "./candidacy.ts";
import { type Answer, vouchersOf } from "./exchange.ts";

/** A term that has begun, before anyone was told of it. */
export interface NewTerm {
  readonly record: LeaseRecord;
  readonly validity: Validity;
  /** The samples that the validity rests on. */
  readonly vouchers: readonly Sample[];
  /** The term's limit, counted from when the candidate began to try. */
  readonly limit: Allowance;
  /** Whether it went over a term of this candidate's own, whose lock-delay or minimum hold may last. */
  readonly overOwn: boolean;
}

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

type Written = Extract<WriteOutcome, { kind: "written" }>;

/** Contention can invalidate each move; past this many writes the candidate stands by. */
const MAX_WRITES = 4;

/**
 * Makes one attempt of one candidate: claims, or takes over what it has evidence against, or learns why not.
 * `look` reads first and writes only what can succeed; `claim` takes a vacant lease with one request.
 * @throws {LeaseError} STORE_UNAVAILABLE when nobody can say whether it leads (its possible claim is then
 *   abandoned), and whatever else the store says
 */
export async function attempt(self: Candidacy, first: "claim" | "look"): Promise<AttemptResult> {
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
    const { holdAtLeastMs, lockDelayMs, termLimitMs } = settings;
    const durationMs = Math.min(settings.timing.durationMs, Math.floor(termLimitMs));
    const request = {
      ...settings,
      writeId: random.id(),
      now: exchange.estimate(),
      durationMs,
      timed: exchange.timed,
      retentionMs: settings.timing.retentionMs,
      name,
      holder,
      affinity: settings.affinity?.label,
      priority: self.priority,
      // Whoever crashes at once has not held for `holdAtLeastMs` either.
      lockDelayMs: Math.max(lockDelayMs, holdAtLeastMs - durationMs),
    };
    if (move.kind === "resume") return resume(move.seen, request);
    return move.kind === "claim" ? claim(request) : takeOver(request, move.seen);
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
    for (const write of made) memory.disown(write.writeId);
    if (overOwn) return; // A vacancy would undo the lock-delay or the minimum hold of the term that it wrote over.
    for (const { writeId } of made) {
      requests += 1;
      // The claim's own error is the one to report; what landed all the same runs out by itself.
      const answer = await self.send(abandon(name, writeId, random.id())).catch(() => undefined);
      if (answer?.outcome.kind !== "refused") return;
    }
  }

  /** Checks a term's first write by its own response, and corrects it when a wrong clock stamped it. */
  async function confirm(write: LeaseWrite, answer: Answer<unknown>, written: Written) {
    const { record, tokenBefore } = written;
    const { token, lockDelayMs = 0 } = record;
    const { sent, received } = answer;
    const believed = write.set.renewedAt ?? exchange.estimate();
    const timed = record.expiresAt !== undefined;
    const correction = correctionOf(
      { believed, timed, token, tokenBefore, sent, received },
      exchange.samples,
      timing,
    );
    if (correction === undefined) return begin(record, answer, [write]);

    if (correction.timed) tell("clockSkewed", { token: correction.token, skewMs: correction.skewMs });
    const durationMs = record.durationMs - lockDelayMs;
    const request = { ...settings.timing, ...correction, writeId: random.id(), durationMs, lockDelayMs };
    const resumed = write.kind === "resume"; // A term that goes on keeps its token.
    const second = resumed ? renew(record, request) : correct(record, request, correction.token);
    const corrected = await send(second, [write]);
    const { outcome } = corrected;
    if (outcome.kind === "written") return begin(outcome.record, corrected, [write, second]);
    note(corrected);
    return undefined;
  }

  async function begin(record: LeaseRecord, answer: Answer<unknown>, made: LeaseWrite[]): Promise<NewTerm> {
    const at = clock.now();
    const vouchers = vouchersOf(answer, exchange.samples);
    const granted = validityOf({ ...record, sent: answer.sent }, vouchers, at, timing);
    if (granted === undefined) return giveUp(made, "was claimed, and no response vouches for service time");
    const validity = [...granted, limit];
    if (remainingOf(validity, at) <= 0) return giveUp(made, "was claimed, but answered after the term");
    memory.forget(name);
    return { record, validity, vouchers, limit, overOwn };
  }

  let seen = first === "look" ? await look() : undefined;
  let move: Move = first === "look" ? decide(seen) : { kind: "claim" };
  for (let writes = 0; writes < MAX_WRITES && move.kind !== "stand-by"; writes += 1) {
    const write = writeFor(move);
    overOwn = move.kind !== "claim" && (move.because === "own-term" || move.because === "own-claim");
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
