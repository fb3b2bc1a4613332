import type { LeaseError } from "../core/errors.ts";
import { type LeaseRecord, stateOf } from "../core/record.ts";
import { heeds, reservationOf } from "../core/handover.ts";
import { parseStepDown } from "../core/options.ts";
import { describeEnd, type Handover, type LeaseEnd, type ReleaseResult } from "../core/term.ts";
import { renewalOf } from "../core/renewal.ts";
import { elapsedAtLeast, type EpochMs, type Reading } from "../core/units.ts";
import { remainingOf, type Validity, validityOf } from "../core/validity.ts";
import type { LeaseWrite } from "../core/writes.ts";
import type { NewTerm } from "./attempt.ts";
import type { Candidacy } from "./candidacy.ts";
import { draining } from "./draining.ts";
import { type Answer, vouchersOf } from "./exchange.ts";
import type { LeaseHandle, OnEnd } from "./handle.ts";
import { sendRelease } from "./releasing.ts";
import { termTimer } from "./renewal-loop.ts";

/** How often a renewal follows a revision that an earlier, unanswered renewal of ours had made. */
const RENEWAL_TRIES = 3;

/** What a proclamation proclaims; none for a plain renewal. */
type Proclaimed = { readonly is: unknown } | undefined;

/** Makes the handle of a term that has begun. It is in `open` for as long as it needs a release. */
export function openLease(
  self: Candidacy,
  term: NewTerm,
  open: Set<LeaseHandle>,
  onEnd?: OnEnd,
): LeaseHandle {
  const { name, holder, settings, clock, exchange, random, timing, tell } = self;
  const { retentionMs, durationMs: fullDurationMs } = settings.timing;
  const { token } = term.record;
  const limit: Validity = [term.limit];
  /** What was asked of a `sticky` term before this one: heeded once this occurrence is done. */
  const wish: Handover | undefined =
    settings.sticky && term.askedBy !== undefined ? { to: term.askedBy || undefined, drainMs: 0 } : undefined;
  const ender = new AbortController();
  const began = clock.now();
  /** Renewals of this handle that nobody knows the outcome of. */
  const unanswered = new Set<string>();
  let { record, validity, vouchers } = term;
  let end: LeaseEnd | undefined;
  let writing: Promise<unknown> = Promise.resolve();
  let releasing = false;
  let storeReachable = true;
  let steppingDown = false;
  /** Whether the work has said that its occurrence is done. */
  let completed = false;
  let { reserveForMs, holdAtLeastMs } = settings;
  let settle: (result: ReleaseResult) => void = () => undefined;
  const released = new Promise<ReleaseResult>((resolve) => {
    settle = resolve;
  });

  /** Whether a renewal has been sent and not answered. */
  let inFlight = false;

  function remainingMs(): number {
    return end === undefined ? remainingAt(clock.now()) : 0;
  }

  /** What is left at a reading: each thing that happens takes one, and goes by it. */
  function remainingAt(at: Reading): number {
    if (end !== undefined) return 0;
    const remaining = remainingOf(validity, at);
    if (remaining > 0) return remaining;
    lose({ reason: "expired", storeReachable, atLimit: atLimit() });
    return 0;
  }

  /** Whether the latest write was cut to what the limit left: no other can extend the term. */
  function atLimit(): boolean {
    return record.durationMs < fullDurationMs;
  }

  function assertHeld({ needMs = 0 }: { readonly needMs?: number } = {}): void {
    const remaining = remainingMs();
    if (remaining <= 0) throw lost();
    if (remaining >= needMs) return;
    const message = `lasts ${Math.floor(remaining)} ms more, ${needMs} are needed`;
    throw self.error("LEASE_LOST", message);
  }

  function lost(): LeaseError {
    const how = end === undefined ? "" : `: ${describeEnd(end)}`;
    return self.error("LEASE_LOST", `with token ${token} is not held any more${how}; stop its work`);
  }

  function finish(how: LeaseEnd): void {
    end = how;
    timer.stop();
    ender.abort(lost());
    onEnd?.(how, token);
  }

  function lose(how: LeaseEnd): void {
    if (end !== undefined) return;
    finish(how);
    if (drain.begun === undefined) open.delete(handle);
    tell("lost", { token, end: how });
    if (drain.begun !== undefined) drained();
  }

  /** A challenger may have this header, too: whatever the clocks say, the term is over by it. */
  function heard(date: EpochMs, at: Reading): void {
    const { expiresAt } = record;
    const over = expiresAt !== undefined && date >= expiresAt + timing.graceMs;
    if (over || remainingOf(validity, at) <= 0)
      lose({ reason: "expired", storeReachable: true, atLimit: atLimit() });
  }

  /** Whether another process with the same, declared-stable id has gone on with the term. */
  function isForeign({ writeId }: LeaseRecord): boolean {
    return self.identity === "stable" && !unanswered.has(writeId);
  }

  function heeded(at: Reading): boolean {
    const { priority, settleMs } = self;
    const ledMs = elapsedAtLeast(began, at);
    if (drain.begun !== undefined || releasing) return false;
    return heeds(record, { priority, ledMs, settleMs, holdAtLeastMs });
  }

  function handOver(to: string | undefined, at: Reading, drainMs: number = settings.drainMs): void {
    if (drain.begun !== undefined || releasing || end !== undefined) return;
    if (drainMs > 0) timer.drain(at, drainMs);
    tell("handover", { token, to, drainMs });
    drain.begin({ to, drainMs });
    if (drainMs === 0) drained();
  }

  function drained(): void {
    if (releasing) return;
    if (settings.releasesDrained) return void handle.release({ completed: false });
    steppingDown = true;
    ender.abort(self.error("HANDED_OVER", `with token ${token} is to be handed over; finish its work`));
  }

  /** One write at a time: two renewals in flight would compare-and-set against each other. */
  function inTurn(value: Proclaimed, byTimer = false): Promise<void> {
    const turn = writing.then(() => renewNow(value, byTimer));
    writing = turn.catch(() => undefined);
    return turn;
  }

  async function renewNow(value: Proclaimed, byTimer: boolean): Promise<void> {
    let at = clock.now();
    for (let tries = 0; tries < RENEWAL_TRIES; tries += 1) {
      if (remainingAt(at) <= 0) throw lost();
      const write = renewal(value, at);
      inFlight = true;
      const answer = await self.send(write).catch((error: unknown) => {
        inFlight = false;
        throw failed(clock.now(), byTimer, error, error);
      });
      inFlight = false;
      at = clock.now();
      const { outcome } = answer;
      if (outcome.kind === "unknown") throw failed(at, byTimer, outcome.cause);
      storeReachable = true;
      // Time has passed. If the validity that there was ran out meanwhile, the term is over all the same.
      if (remainingAt(at) <= 0) {
        learn(outcome.kind === "written" ? outcome.record : outcome.current);
        throw lost();
      }
      if (outcome.kind === "written") return extend(outcome.record, answer, at);
      const { current } = outcome;
      if (current?.token !== token || current.holder !== holder || isForeign(current))
        throw overtaken(current);
      record = current; // An unanswered renewal of ours had landed: go on from there.
    }
    throw failed(at, byTimer, undefined);
  }

  /** An answer after the end revives nothing, but a stable id's release needs the revision that it tells of. */
  function learn(current: LeaseRecord | undefined): void {
    if (current?.token === token && current.holder === holder && unanswered.has(current.writeId))
      record = current;
  }

  function renewal(value: Proclaimed, at: Reading): LeaseWrite {
    const writeId = random.id();
    const order = { writeId, durationMs: fullDurationMs, retentionMs, value };
    const { write, bounds } = renewalOf({ record, vouchers, limit }, order, at, timing);
    validity = [...validity, ...bounds];
    if (remainingAt(at) <= 0) throw lost();
    timer.restart(at, remainingAt(at)); // The end may have come closer.
    unanswered.add(writeId);
    return write;
  }

  function extend(written: LeaseRecord, answer: Answer<unknown>, at: Reading): void {
    record = written;
    unanswered.clear();
    vouchers = vouchersOf(answer, exchange.samples);
    // Where nothing vouches for its `expiresAt`, it grants nothing, and the validity stays as it was.
    const granted = validityOf({ ...written, sent: answer.sent }, vouchers, at, timing);
    if (granted !== undefined) validity = [...granted, ...limit];
    const remaining = remainingAt(at);
    if (remaining <= 0) throw lost();
    timer.plan(at, remaining);
    const asked = heeded(at);
    if (asked && settings.drainMs > 0) timer.drain(at, settings.drainMs);
    else timer.arm(at);
    tell("renewed", { token, remainingMs: remaining });
    if (asked) handOver(record.askedBy || undefined, at);
  }

  /** Notes a renewal that came to nothing, and says what to throw: `error`, unless the term is over. */
  function failed(at: Reading, byTimer: boolean, cause: unknown, error?: unknown): unknown {
    storeReachable = false;
    const remaining = remainingAt(at);
    if (remaining <= 0) return lost();
    if (byTimer) timer.again(at, remaining);
    tell("renewalFailed", { token, remainingMs: remaining, cause });
    const message = `may not be renewed, nobody can say; it lasts ${Math.floor(remaining)} ms more, try again`;
    return error ?? self.error("STORE_UNAVAILABLE", message, cause);
  }

  function overtaken(current: LeaseRecord | undefined): LeaseError {
    const superseded = current !== undefined && (current.token !== token || current.holder === holder);
    if (superseded) lose({ reason: "superseded", by: current.holder, token: current.token });
    else lose({ reason: "revoked" });
    return lost();
  }

  /** What fails is told by events, by the signal and by `end`. */
  function renewQuietly(): void {
    if (!atLimit()) void inTurn(undefined, true).catch(() => undefined);
  }

  /**
   * Stops leading, then vacates the row. Not in turn with a renewal in flight: whichever of the two lands
   * last, the row ends vacant, since a renewal compares the revision and a release does not. A stable id's does:
   * it must not end the term once another process has gone on with it.
   */
  async function vacate(done: boolean): Promise<ReleaseResult> {
    const at = clock.now();
    remainingAt(at);
    const asked = drain.begun ?? wish;
    const stepsDown = steppingDown || drain.begun !== undefined;
    if (end === undefined) finish({ reason: stepsDown ? "stepped-down" : "released" });
    if (end?.reason === "superseded") return { kind: "superseded", by: end.by, token: end.token };
    const runsOut = record.expiresAt !== undefined; // Else a process without memory could never take it again.
    if (settings.sticky && settings.claimsTick && runsOut && asked === undefined) return { kind: "kept" };
    const tick = done ? settings.tick : undefined;
    const ledMs = elapsedAtLeast(began, at);
    const kept = reservationOf({ ...settings, holdAtLeastMs, handover: asked, reserveForMs, ledMs });
    if (self.identity !== "stable") return sendRelease(self, token, at, { tick, kept, vouchers });
    const waits = inFlight;
    if (waits) await writing; // The revision is compared, too.
    return sendRelease(self, token, waits ? clock.now() : at, {
      tick,
      kept,
      vouchers,
      record,
      isOwn: ({ writeId }) => unanswered.has(writeId),
    });
  }

  const drain = draining();
  const timer = termTimer(clock, {
    remainingAt,
    renew: settings.autoRenew ? renewQuietly : undefined,
    drained,
    intervalMs: settings.timing.renewIntervalMs,
  });

  const handle: LeaseHandle = {
    name,
    holder,
    token,
    tableName: exchange.tableName,
    signal: ender.signal,
    handover: drain.handover,
    released,
    get releasing() {
      return releasing;
    },
    get completed() {
      return completed;
    },
    heard,
    lost,
    giveBack() {
      holdAtLeastMs = term.overOwn ? Math.max(holdAtLeastMs, settings.reclaimDelayMs) : 0;
      return handle.release({ completed: false });
    },
    get state() {
      return stateOf(name, record, false);
    },
    get end() {
      remainingMs();
      return end;
    },
    remainingMs,
    isHeld: () => remainingMs() > 0,
    assertHeld,
    renew: () => inTurn(undefined),
    proclaim: (value) => inTurn({ is: value }),
    askToStop(reason) {
      remainingAt(clock.now());
      steppingDown = true;
      ender.abort(reason);
    },
    async stepDown(options = {}) {
      const how = parseStepDown(options, settings);
      const at = clock.now();
      remainingAt(at);
      const heldMs = Math.ceil(holdAtLeastMs - elapsedAtLeast(began, at));
      if (how.reserveFor !== undefined && heldMs > 0 && end === undefined) {
        const message = `is kept for nobody within its minimum hold (holdAtLeastMs), so not for reserveFor ("${how.reserveFor}") either; step down without it, or in ${heldMs} ms`;
        throw self.error("INVALID_ARGUMENT", message);
      }
      reserveForMs = how.reserveForMs;
      drain.redirect(how.reserveFor); // What the leader wants now goes before what it was asked for.
      handOver(how.reserveFor, at, how.drainMs);
      if (end !== undefined) drained();
      return released;
    },
    complete() {
      completed = true;
    },
    async release({ completed: done = true } = {}) {
      if (releasing) {
        await released;
        return { kind: "already-released" };
      }
      releasing = true; // Before anyone is told: a listener may release too.
      timer.stopDrain();
      const result = await vacate(done || completed);
      settle(result);
      await writing; // Nothing of this handle is in flight any more, and no timer of it is left.
      tell("released", { token, result });
      open.delete(handle);
      return result;
    },
    async [Symbol.asyncDispose]() {
      await handle.release({ completed: false });
    },
  };
  open.add(handle);
  const remaining = remainingAt(began);
  if (end === undefined) timer.restart(began, remaining);
  return handle;
}
