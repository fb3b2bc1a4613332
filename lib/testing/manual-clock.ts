import { setImmediate } from "node:timers";
import { parseKnown } from "../core/known.ts";
import type { Clock } from "../core/ports.ts";
import { epochMs, instant, type ClockReading } from "../core/units.ts";

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until a test moves it. Give the same one to the store and to the clients.
 *
 * `advance` fires the timers that come due, in order, and lets what they set off proceed before it goes on.
 */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #mono: number;
  #wall: number;
  #order = 0;

  /** @param options.startAt what the wall clock shows first, epoch ms. @default 2026-01-01T00:00:00Z */
  constructor(options: { readonly startAt?: number } = {}) {
    parseKnown(options, { startAt: true }, "ManualClock");
    const { startAt = 1_767_225_600_000 } = options;
    this.#mono = 1_000;
    this.#wall = startAt;
  }

  now(): ClockReading {
    return { mono: instant(this.#mono), wall: epochMs(this.#wall) };
  }

  timer(ms: number, callback: () => void): () => void {
    const timer = { due: this.#mono + Math.max(0, ms), order: (this.#order += 1), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers are set: 0 once everything has been released. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Lets time pass, in ms, timer by timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#mono + ms;
    await settle();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#pass(next.due - this.#mono);
      this.#timers.delete(next);
      next.callback();
      await settle();
    }
    this.#pass(end - this.#mono);
    await settle();
  }

  /** Lets time pass while the process stands still: no timer fires before it thaws. */
  freeze(ms: number, { monotonicRuns = true }: { readonly monotonicRuns?: boolean } = {}): void {
    if (monotonicRuns) this.#mono += ms;
    this.#wall += ms;
  }

  /** Steps the wall clock alone, in ms; negative is back. */
  stepWall(ms: number): void {
    this.#wall += ms;
  }

  #pass(ms: number): void {
    if (ms <= 0) return;
    this.#mono += ms;
    this.#wall += ms;
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due > end) continue;
      if (
        next === undefined ||
        timer.due < next.due ||
        (timer.due === next.due && timer.order < next.order)
      ) {
        next = timer;
      }
    }
    return next;
  }
}

/**
 * Taken when this module is loaded, and from Node rather than from the global object: a test runner's fake timers, which
 * nobody moves while `advance` waits, replace the latter.
 */
const passTurn = setImmediate;

/** Lets promises that are ready proceed, however long their chains: a turn of the event loop passes. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    passTurn(resolve);
  });
}
