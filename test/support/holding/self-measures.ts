import { monitorEventLoopDelay } from "node:perf_hooks";
import { DEFAULT_TIMING, onLeaseEvent, type TimingOptions } from "../../../lib/index.ts";

/** How long the event loop kept a timer waiting, in ms. */
export interface LoopDelay {
  readonly medianMs: number;
  readonly p99Ms: number;
  /** The longest time between two turns of a timer of {@link RESOLUTION_MS}. */
  readonly longestMs: number;
}

/** The renewals of a stretch of time. */
export interface RenewalFigures {
  /** How many were answered. */
  readonly renewed: number;
  /** How many failed, or nobody answered. */
  readonly failed: number;
  /** How many were sent later than planned by more than {@link LATE_MS}. */
  readonly late: number;
  /** The latest of them, in ms; 0 where there was none. */
  readonly latestMs: number;
  /** How much of a term was left at the least when its renewal was answered, in ms; `undefined` where none was. */
  readonly leastMarginMs: number | undefined;
  /** How many terms ended that nobody had released. */
  readonly lost: number;
}

/** What was measured of a stretch of time. */
export interface Stretch {
  readonly lastedMs: number;
  /** Of one core. */
  readonly cpuPercent: number;
  readonly loop: LoopDelay;
  readonly renewals: RenewalFigures;
  /** How many leases were led at its end. */
  readonly led: number;
}

/** A renewal that is sent this much later than planned counts as late, in ms. */
export const LATE_MS = 100;

const RESOLUTION_MS = 10;

/** How long this process's event loop keeps timers waiting. */
export class EventLoop {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** The figures since they were taken last. */
  take(): LoopDelay {
    const histogram = this.#histogram;
    // It counts from one turn of its own timer to the next, which is that timer's interval where nothing is in the way.
    const beyond = (ns: number): number => Math.max(0, ns / 1e6 - RESOLUTION_MS);
    const figures = {
      medianMs: beyond(histogram.percentile(50)),
      p99Ms: beyond(histogram.percentile(99)),
      longestMs: histogram.max / 1e6,
    };
    histogram.reset();
    return figures;
  }
}

const NONE: RenewalFigures = {
  renewed: 0,
  failed: 0,
  late: 0,
  latestMs: 0,
  leastMarginMs: undefined,
  lost: 0,
};

/** The renewals of all clients of this process, by what they tell of themselves. */
export class Renewals {
  /** How many terms were lost in all. */
  lost = 0;
  readonly #intervalMs: number;
  /** When each lease's next renewal is planned, by its holder and name. */
  readonly #planned = new Map<string, number>();
  #figures = NONE;

  constructor({ durationMs = DEFAULT_TIMING.durationMs, renewIntervalMs }: TimingOptions) {
    this.#intervalMs = renewIntervalMs ?? Math.floor(durationMs / 3);
    onLeaseEvent((name, event) => {
      const now = performance.now();
      const { lease, holder } = event as { readonly lease: string; readonly holder: string };
      const key = `${holder}\n${lease}`;
      if (name === "acquired" && !("shard" in event)) this.#plan(key, now);
      else if (name === "renewed") {
        const { latencyMs, marginMs } = event as { readonly latencyMs: number; readonly marginMs: number };
        this.#renewed(now - latencyMs - (this.#planned.get(key) ?? now), marginMs);
        this.#plan(key, now);
      } else if (name === "renewalFailed")
        this.#figures = { ...this.#figures, failed: this.#figures.failed + 1 };
      else if (name === "lost") this.#lose(key);
    });
  }

  /** The figures since they were taken last. */
  take(): RenewalFigures {
    const taken = this.#figures;
    this.#figures = NONE;
    return taken;
  }

  /** The library plans a renewal an interval after the last one was answered. */
  #plan(key: string, now: number): void {
    this.#planned.set(key, now + this.#intervalMs);
  }

  #renewed(lateMs: number, marginMs: number): void {
    const { renewed, late, latestMs, leastMarginMs = Infinity } = this.#figures;
    this.#figures = {
      ...this.#figures,
      renewed: renewed + 1,
      late: late + (lateMs > LATE_MS ? 1 : 0),
      latestMs: Math.max(latestMs, lateMs),
      leastMarginMs: Math.min(leastMarginMs, marginMs),
    };
  }

  #lose(key: string): void {
    this.lost += 1;
    this.#planned.delete(key);
    this.#figures = { ...this.#figures, lost: this.#figures.lost + 1 };
  }
}
