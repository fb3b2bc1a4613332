import type { Fate, Traffic, Verdict } from "../functions/gateway.ts";
import type { Control } from "../functions/service.ts";
import type { Run } from "./journal.ts";
import type { Fault } from "./plan.ts";

/** Freezing ends by itself after this long, successor or not, so that a run without one still ends. */
const LONGEST_FREEZE_MS = 20_000;

/**
 * Brings the planned faults about: watches the leaders' writes, strikes when a fault is due, and keeps count of
 * what storage accepted. One fault at a time: the next is due only when a successor has worked again.
 */
export class Director {
  readonly #due: Fault[];
  readonly #struck: (run: Run) => void;
  readonly #signal: AbortSignal;
  readonly #waiting = new Set<(by: Run) => void>();
  #tick = 0;
  #place = 0;
  #victim: Run | undefined;

  constructor(faults: readonly Fault[], struck: (run: Run) => void, signal: AbortSignal) {
    this.#due = [...faults];
    this.#struck = struck;
    this.#signal = signal;
  }

  /** Says which tick it is. */
  tickBegins(tick: number): void {
    this.#tick = tick;
  }

  /** Notes that a run is over. */
  runEnds(run: Run): void {
    this.#place += 1;
    run.settled = this.#place;
  }

  /** The faults that have not struck. */
  get outstanding(): readonly Fault[] {
    return this.#due;
  }

  /** The way of a run's writes to storage. */
  traffic(run: Run, control: Control): Traffic {
    let sent = 0;
    let fault: Fault | undefined;
    return {
      sent: async () => {
        sent += 1;
        fault = this.#strike(run, sent);
        if (fault?.kind === "freeze") {
          control.freeze();
          await this.#successorWorks(run);
        } else if (fault?.moment === "before-write") {
          await control.kill();
          return "lose";
        }
        return "deliver";
      },
      answered: (verdict) => this.#answered(run, verdict, control, fault),
    };
  }

  #strike(run: Run, write: number): Fault | undefined {
    const [next] = this.#due;
    const due = next !== undefined && this.#victim === undefined && this.#tick >= next.fromTick;
    if (!due || write < next.write) return undefined;
    this.#due.shift();
    this.#victim = run;
    run.struck = next.kind;
    this.#struck(run);
    return next;
  }

  #answered(run: Run, verdict: Verdict, control: Control, fault: Fault | undefined): Fate {
    if (verdict === "accepted") this.#countAccepted(run);
    if (verdict === "fenced") run.fenced += 1;
    if (fault?.kind === "freeze") control.thaw();
    if (fault?.kind === "kill") {
      void control.kill();
      return "lose";
    }
    return "deliver";
  }

  #countAccepted(run: Run): void {
    this.#place += 1;
    run.accepted += 1;
    run.firstAccepted ??= this.#place;
    run.lastAccepted = this.#place;
    if (this.#victim !== undefined && this.#victim !== run) this.#victim = undefined;
    for (const hear of this.#waiting) hear(run);
  }

  /** Resolves when storage has accepted a write of another run. */
  #successorWorks(victim: Run): Promise<void> {
    let resolve: () => void = () => {};
    const promise = new Promise<void>((settle) => {
      resolve = settle;
    });
    const hear = (by: Run): void => {
      if (by !== victim) resolve();
    };
    const timer = setTimeout(resolve, LONGEST_FREEZE_MS);
    this.#waiting.add(hear);
    this.#signal.addEventListener("abort", () => resolve(), { once: true });
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(hear);
    });
  }
}
