import type { LeaseError } from "../core/errors.ts";
import { type LeaseRecord, stateOf } from "../core/record.ts";
import { heeds, reservationOf } from "../core/handover.ts";
import { parseStepDown } from "../core/options.ts";
import { describeEnd, type LeaseEnd, type ReleaseResult } from "../core/term.ts";
import { renewalOf } from "../core/renewal.ts";
import { elapsedAtLeast, type EpochMs } from "../core/units.ts";
import { remainingOf, type Validity, validityOf } from "../core/validity.ts";
import type { LeaseWrite } from "../core/writes.ts";
import type { NewTerm } from "./attempt.ts";
import type { Candidacy } from "./candidacy.ts";
import { draining } from "./draining.ts";
import { type Answer, vouchersOf } from "./exchange.ts";
import type { LeaseHandle, OnEnd } from "./handle.ts";
import { sendRelease } from "./releasing.ts";
import { renewalLoop } from "./renewal-loop.ts";

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
  let workIsWaitedFor = false;
  /** Whether the work has said that its occurrence is done. */
  let completed = false;
  let { reserveForMs, holdAtLeastMs } = settings;
  let settle: (result: ReleaseResult) => void = () => undefined;
  const released = new Promise<ReleaseResult>((resolve) => {
    settle = resolve;
  });

  function remainingMs(): number {
    if (end !== undefined) return 0;
    const remaining = remainingOf(validity, clock.now());
    if (remaining > 0) return remaining;
    lose({ reason: "expired", storeReachable, atLimit: atLimit() });
    return 0;
  }

  /** Whether the latest write was cut to what the limit left: no other can extend the term. */
  function atLimit(): boolean {
    return record.durationMs - (record.lockDelayMs ?? 0) < fullDurationMs;
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
    loop.stop();
    drain.stop();
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
  function heard(date: EpochMs): void {
    const { expiresAt, lockDelayMs = 0 } = record;
    if (end !== undefined || expiresAt === undefined || date < expiresAt - lockDelayMs + timing.graceMs)
      return;
    lose({ reason: "expired", storeReachable: true, atLimit: atLimit() });
  }

  /** Whether another process with the same, declared-stable id has gone on with the term. */
  function isForeign({ writeId }: LeaseRecord): boolean {
    return self.stable && !unanswered.has(writeId);
  }

  function heed(): void {
    const { priority, settleMs } = self;
    const ledMs = elapsedAtLeast(began, clock.now());
    if (heeds(record, { priority, ledMs, settleMs, holdAtLeastMs })) handOver(record.askedBy || undefined);
  }

  function handOver(to: string | undefined, drainMs: number = settings.drainMs): void {
    if (drain.begun !== undefined || releasing || end !== undefined) return;
    tell("handover", { token, to, drainMs });
    drain.begin({ to, drainMs });
  }

  function drained(): void {
    if (releasing) return;
    if (!workIsWaitedFor) return void handle.release({ completed: false });
    steppingDown = true;
    ender.abort(self.error("HANDED_OVER", `with token ${token} is to be handed over; finish its work`));
  }

  /** One write at a time: two renewals in flight would compare-and-set against each other. */
  function inTurn(value: Proclaimed): Promise<void> {
    const turn = writing.then(() => renewNow(value));
    writing = turn.catch(() => undefined);
    return turn;
  }

  async function renewNow(value: Proclaimed): Promise<void> {
    for (let tries = 0; tries < RENEWAL_TRIES; tries += 1) {
      assertHeld();
      const answer = await self.send(renewal(value)).catch((error: unknown) => {
        throw failed(error, error);
      });
      const { outcome } = answer;
      if (outcome.kind === "unknown") throw failed(outcome.cause);
      storeReachable = true;
      // Time has passed. If the validity that there was ran out meanwhile, the term is over all the same.
      assertHeld();
      if (outcome.kind === "written") {
        if (extend(outcome.record, answer)) return;
        continue; // Nothing vouches for its `expiresAt`: once more without.
      }
      const { current } = outcome;
      if (current?.token !== token || current.holder !== holder || isForeign(current))
        throw overtaken(current);
      record = current; // An unanswered renewal of ours had landed: go on from there.
    }
    throw failed(undefined);
  }

  function renewal(value: Proclaimed): LeaseWrite {
    const writeId = random.id();
    const order = { writeId, durationMs: fullDurationMs, retentionMs, value };
    const { write, bounds } = renewalOf({ record, vouchers, limit }, order, clock.now(), timing);
    validity = [...validity, ...bounds];
    loop.restart(); // The end may have come closer.
    assertHeld();
    unanswered.add(writeId);
    return write;
  }

  /** Takes over what a renewal has written; tells whether it granted anything. */
  function extend(written: LeaseRecord, answer: Answer<unknown>): boolean {
    record = written;
    unanswered.clear();
    vouchers = vouchersOf(answer, exchange.samples);
    const granted = validityOf({ ...written, sent: answer.sent }, vouchers, clock.now(), timing);
    if (granted === undefined) return false; // The validity stays as it was.
    validity = [...granted, ...limit];
    assertHeld();
    loop.restart();
    tell("renewed", { token, remainingMs: remainingMs() });
    heed();
    return true;
  }

  /** Notes a renewal that came to nothing, and says what to throw: `error`, unless the term is over. */
  function failed(cause: unknown, error?: unknown): unknown {
    storeReachable = false;
    const remaining = remainingMs();
    if (remaining <= 0) return lost();
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
  async function renewQuietly(): Promise<"fine" | "again"> {
    if (atLimit()) return "fine";
    return inTurn(undefined).then(
      () => "fine",
      () => "again",
    );
  }

  /**
   * Stops leading, then vacates the row. Not in turn with a renewal in flight: whichever of the two lands
   * last, the row ends vacant, since a renewal compares the revision and a release does not. A stable id's does:
   * it must not end the term once another process has gone on with it.
   */
  async function vacate(done: boolean): Promise<ReleaseResult> {
    remainingMs();
    const asked = drain.begun;
    const stepsDown = steppingDown || asked !== undefined;
    if (end === undefined) finish({ reason: stepsDown ? "stepped-down" : "released" });
    if (end?.reason === "superseded") return { kind: "superseded", by: end.by, token: end.token };
    const tick = done ? settings.tick : undefined;
    const ledMs = elapsedAtLeast(began, clock.now());
    const kept = reservationOf({ ...settings, holdAtLeastMs, handover: asked, reserveForMs, ledMs });
    if (!self.stable) return sendRelease(self, token, { tick, kept, vouchers });
    await writing; // The revision is compared, too.
    return sendRelease(self, token, {
      tick,
      kept,
      vouchers,
      record,
      isOwn: ({ writeId }) => unanswered.has(writeId),
    });
  }

  const drain = draining(clock, drained);
  const loop = renewalLoop(clock, {
    remainingMs,
    renew: settings.autoRenew ? renewQuietly : undefined,
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
    waitForWork() {
      workIsWaitedFor = true;
    },
    get completed() {
      return completed;
    },
    heard,
    lost,
    giveBack() {
      holdAtLeastMs = term.overOwn ? Math.max(holdAtLeastMs, settings.lockDelayMs) : 0;
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
      steppingDown = true;
      ender.abort(reason);
    },
    async stepDown(options = {}) {
      const how = parseStepDown(options, settings);
      const heldMs = Math.ceil(holdAtLeastMs - elapsedAtLeast(began, clock.now()));
      if (how.reserveFor !== undefined && heldMs > 0 && end === undefined) {
        const message = `is kept for nobody within its minimum hold (holdAtLeastMs), so not for reserveFor ("${how.reserveFor}") either; step down without it, or in ${heldMs} ms`;
        throw self.error("INVALID_ARGUMENT", message);
      }
      reserveForMs = how.reserveForMs;
      drain.redirect(how.reserveFor); // What the leader wants now goes before what it was asked for.
      handOver(how.reserveFor, how.drainMs);
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
      drain.stop();
      const result = await self.life.track(async () => {
        const vacated = await vacate(done || completed);
        await writing; // Nothing of this handle is in flight any more, and no timer of it is left.
        return vacated;
      });
      settle(result);
      tell("released", { token, result });
      open.delete(handle);
      return result;
    },
    async [Symbol.asyncDispose]() {
      await handle.release({ completed: false });
    },
  };
  open.add(handle);
  loop.restart();
  return handle;
}
