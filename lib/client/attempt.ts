import { correctionOf } from "../core/correction.ts";
import type { Sighting } from "../core/evidence.ts";
import { type Move, nextMove, type RefusalReason } from "../core/next-move.ts";
import type { WriteOutcome } from "../core/outcome.ts";
import { type LeaseRecord, type LeaseState, stateOf } from "../core/record.ts";
import { vouchersFor } from "../core/service-clock.ts";
import type { NewTerm } from "../core/term-state.ts";
import { type Allowance, remainingOf, validityOf } from "../core/validity.ts";
import { plusMs } from "../core/units.ts";
import { abandon, claim, correct, type LeaseWrite, renew, resume, takeOver } from "../core/writes.ts";
import type { Candidacy } from "./candidacy.ts";
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
  const { name, holder, identity, settings, exchange, memory, clock, random, timing, tell } = self;
  const limit: Allowance = { from: clock.now(), lengthMs: settings.termLimitMs };
  /** How long past its end a term is proven to be over by any header, in ms. */
  const provableMs = timing.graceMs + 1_000 + timing.serviceClockErrorMs;
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
    return nextMove({ seen, at: clock.now(), now, tick, holder, identity, lastToken, isOwnClaim }, timing);
  }

  function writeFor(move: Exclude<Move, { kind: "stand-by" }>): LeaseWrite {
    const { sticky, holdAtLeastMs, reclaimDelayMs, termLimitMs } = settings;
    const { retentionMs } = settings.timing;
    const now = exchange.estimate();
    const durationMs = Math.min(settings.timing.durationMs, wholeLimit(termLimitMs));
    const request = {
      ...settings,
      writeId: random.id(),
      now,
      durationMs,
      timed: exchange.timed,
      retentionMs,
      name,
      holder,
      priority: self.priority,
      // Whoever crashes at once has not held for `holdAtLeastMs` either.
      reclaimDelayMs: Math.max(reclaimDelayMs, holdAtLeastMs - durationMs, sticky?.forMs ?? 0),
      ownExpiredBy: identity === "shared" ? plusMs(now, -provableMs) : undefined,
    };
    if (move.kind === "resume") return resume(move.seen, request);
    return move.kind === "claim" ? claim(request) : takeOver(request, move.seen);
  }

  /**
   * A limit in whole milliseconds. Of a shared id, in whole seconds: its next term may not be shorter than this one,
   * or the claim costs a second request, and what is left to invocations differs by some milliseconds.
   */
  function wholeLimit(limitMs: number): number {
    return identity === "shared" ? Math.max(1_000, Math.floor(limitMs / 1_000) * 1_000) : Math.floor(limitMs);
  }

  /**
   * Whether a claim has put no valid term of its own id aside. It was decided by a clock that may be wrong; the
   * response brings both the record that it found and the service's word on when that was.
   */
  function provenBy({ before, tokenBefore, servedAt }: Written): boolean {
    if (identity !== "shared") return true;
    if (tokenBefore === undefined) return false;
    if (before?.holder === undefined) return true;
    const { expiresAt } = before;
    return servedAt !== undefined && expiresAt !== undefined && servedAt >= expiresAt + timing.graceMs;
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
    if (identity === "shared") return; // What it wrote over may last: the row has to run out by itself.
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
    const { record, tokenBefore, before } = written;
    const askedBy = before?.holder === holder ? before.askedBy : undefined;
    const { token, durationMs } = record;
    const { sent, received } = answer;
    // A token made lower would let a late duplicate of the claim pass again, over a later term of the same shared id.
    const found = identity === "shared" ? undefined : tokenBefore;
    const believed = write.set.renewedAt ?? exchange.estimate();
    const timed = record.expiresAt !== undefined;
    const correction = correctionOf(
      { believed, timed, token, tokenBefore: found, sent, received },
      exchange.samples,
      timing,
    );
    if (correction === undefined) return begin(record, answer, [write], askedBy);

    if (correction.timed) tell("clockSkewed", { token: correction.token, skewMs: correction.skewMs });
    const request = { ...settings.timing, ...correction, writeId: random.id(), durationMs };
    const resumed = write.kind === "resume"; // A term that goes on keeps its token.
    const second = resumed ? renew(record, request) : correct(record, request, correction.token);
    const corrected = await send(second, [write]);
    const { outcome } = corrected;
    if (outcome.kind === "written") return begin(outcome.record, corrected, [write, second], askedBy);
    note(corrected);
    return undefined;
  }

  /**
   * Gives the row of a claim that does not count the end of the term that it put aside: else claimants whose clocks run
   * ahead would move it on and on. Nothing rests on whether it lands.
   */
  async function setRight({ record, before }: Written): Promise<void> {
    if (record.expiresAt === undefined || before?.expiresAt === undefined) return;
    const { durationMs, token } = record;
    const now = plusMs(before.expiresAt, -durationMs);
    const { retentionMs } = settings.timing;
    const request = { writeId: random.id(), now, durationMs, timed: true, retentionMs };
    await self.send(correct(record, request, token)).catch(() => undefined);
  }

  async function begin(
    record: LeaseRecord,
    answer: Answer<unknown>,
    made: LeaseWrite[],
    askedBy?: string,
  ): Promise<NewTerm> {
    const at = clock.now();
    const vouchers = vouchersFor(answer.sent, answer.sample, exchange.samples);
    const granted = validityOf({ ...record, sent: answer.sent }, vouchers, at, timing);
    if (granted === undefined) return giveUp(made, "was claimed, and no response vouches for service time");
    const validity = [...granted, limit];
    if (remainingOf(validity, at) <= 0) return giveUp(made, "was claimed, but answered after the term");
    memory.forget(name);
    return { record, validity, vouchers, limit, askedBy, overOwn };
  }

  let seen = first === "look" ? await look() : undefined;
  let move: Move = first === "look" ? decide(seen) : { kind: "claim" };
  for (let writes = 0; writes < MAX_WRITES && move.kind !== "stand-by"; writes += 1) {
    const write = writeFor(move);
    overOwn = move.kind !== "claim" && (move.because === "own-term" || move.because === "own-claim");
    const answer = await send(write);
    if (answer.outcome.kind === "written") {
      if (move.kind === "claim" && !provenBy(answer.outcome)) {
        seen = memory.note(name, answer.outcome.record, answer.received, undefined);
        await setRight(answer.outcome);
        break; // The row runs out by itself: nobody was told of the term, and an earlier one may last.
      }
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
  // Too much contention, or a term of its own that an earlier one may still stand behind: all that can be said is "held".
  const { reason, retryAfterMs } =
    move.kind === "stand-by" ? move : { reason: "held" as const, retryAfterMs: 0 };
  const state = stateOf(name, seen?.record, false);
  tell("refused", { reason, leader: state.holder, leaderToken: state.token, retryAfterMs });
  return { kind: "refused", reason, state, retryAfterMs };
}
