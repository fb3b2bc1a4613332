import { setTimeout as delay } from "node:timers/promises";
import type { Control } from "../functions/service.ts";
import type { Fate } from "../harness/faults.ts";
import type { Exchange, Traffic } from "../harness/link.ts";
import { TRANSACTION, transactionOutcome } from "../harness/transactions.ts";
import type { Run } from "./journal.ts";
import type { Fault } from "./plan.ts";

/** Freezing ends by itself after this long, successor or not, so that a run without one still ends. */
const LONGEST_FREEZE_MS = 20_000;

/**
 * Carries the planned faults out: watches the leaders' writes, strikes when a fault is due, and keeps count of
 * what storage accepted. One fault at a time: the next is due only when a successor has worked again.
 */
export class PlannedFaults {
  readonly #due: Fault[];
  readonly #struck: (run: Run) => void;
  readonly #signal: AbortSignal;
  #tick = 0;
  #place = 0;
  #victim: Run | undefined;
  /** Aborted when storage has accepted a write of another run than the victim. */
  #succession = new AbortController();

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

  /** The way of a run's writes to storage. */
  traffic(run: Run, control: Control): Traffic {
    let sent = 0;
    let fault: Fault | undefined;
    return {
      fateOf: async (operation) => {
        if (operation !== TRANSACTION) return {};
        sent += 1;
        fault = this.#strike(run, sent);
        return this.#carryOut(fault, control);
      },
      onExchange: (exchange) => {
        if (exchange.operation !== TRANSACTION) return;
        this.#count(run, exchange);
        if (fault?.kind === "freeze") control.thaw();
        if (fault?.kind === "kill") void control.kill();
      },
    };
  }

  /** The fault that strikes this write, if one does. */
  #strike(run: Run, write: number): Fault | undefined {
    const [next] = this.#due;
    const due = next !== undefined && this.#victim === undefined && this.#tick >= next.fromTick;
    if (!due || write < next.write) return undefined;
    this.#due.shift();
    this.#victim = run;
    this.#succession = new AbortController();
    run.struck = next.kind;
    this.#struck(run);
    return next;
  }

  /** A frozen run's write is held until a successor works. A killed run's write is lost, or its answer is. */
  async #carryOut(fault: Fault | undefined, control: Control): Promise<Fate> {
    if (fault?.kind === "freeze") {
      control.freeze();
      const ends = AbortSignal.any([this.#signal, this.#succession.signal]);
      await delay(LONGEST_FREEZE_MS, undefined, { signal: ends }).catch(() => {});
      return {};
    }
    if (fault?.moment === "before-write") await control.kill();
    if (fault === undefined) return {};
    return { fault: fault.moment === "before-write" ? "lost request" : "lost response" };
  }

  #count(run: Run, exchange: Exchange): void {
    const outcome = transactionOutcome(exchange);
    if (outcome === "fenced") run.fenced += 1;
    if (outcome !== "accepted") return;
    this.#place += 1;
    run.accepted += 1;
    run.firstAccepted ??= this.#place;
    run.lastAccepted = this.#place;
    if (this.#victim === undefined || this.#victim === run) return;
    this.#victim = undefined;
    this.#succession.abort();
  }
}
