import type { Clock, Random } from "../../../lib/core/ports.ts";
import { epochMs, instant, type ClockReading } from "../../../lib/core/units.ts";
import type { Agenda, Entry } from "./agenda.ts";
import type { Draws } from "./chance.ts";
import type { FaultKind } from "./faults.ts";

/** What a process's clocks are like. */
export interface ClockTraits {
  /** How fast the monotonic clock runs: within ρ of 1. */
  readonly monoRate: number;
  /** How far the wall clock is from the common service clock at first, in ms. */
  readonly wallErrorMs: number;
  /** How much the wall clock gains per ms. */
  readonly wallDrift: number;
}

/** What the world lends a process. */
export interface Ground {
  readonly agenda: Agenda;
  /** The common service clock at instant 0. */
  readonly epochMs: number;
  /** Draws for this process's own timers and stalls. */
  readonly draws: Draws;
  /** The chance that the process stalls between two lines of code, at a reading of its clocks. */
  readonly stallRate: () => number;
  readonly onStall: () => void;
  /** Called whenever code of the process was run. */
  readonly onActivity: () => void;
}

interface SimTimer {
  due: number;
  entry: Entry | undefined;
}

/** Timers are this late at most, in ms, while nothing else delays a process. */
const TIMER_LATENESS_MS = 4;
/** No reading of the monotonic clock is this exact. */
const HAIR_MS = 1e-6;

/**
 * A process: two clocks, timers, and a gate that everything which happens to it passes, so that nothing does
 * while it is paused, and nothing ever again once it crashed.
 */
export class SimProcess implements Clock, Random {
  readonly name: string;
  readonly host: string;
  readonly traits: ClockTraits;
  readonly #ground: Ground;
  #state: "running" | "paused" | "crashed" = "running";
  #deferred: (() => void)[] = [];
  #stepsMs = 0;
  #monoAt: number;
  #mono: number;
  #monoStands = false;
  #lagMs = 0;
  #busyUntil = 0;
  #asking = false;
  #ids = 0;
  /** Whether its monotonic clock ever stood still: timers set before then are late by as much. */
  everFroze = false;
  /** Until when nothing that it sends arrives. */
  cutOffUntil = 0;
  /** When it last began to run without interruption. */
  runningSince: number;
  /** What befell its clocks while writes of its own were under way: nothing reads them before the answer. */
  readonly flight = { writes: 0, froze: false, setBack: false };

  constructor(name: string, host: string, traits: ClockTraits, ground: Ground) {
    this.name = name;
    this.host = host;
    this.traits = traits;
    this.#ground = ground;
    this.#monoAt = ground.agenda.now;
    this.#mono = ground.draws.between(0, 1_000_000);
    this.runningSince = ground.agenda.now;
  }

  get running(): boolean {
    return this.#state === "running";
  }

  get paused(): boolean {
    return this.#state === "paused";
  }

  /** Whether it stands still with its monotonic clock. */
  get frozen(): boolean {
    return this.#monoStands;
  }

  get crashed(): boolean {
    return this.#state === "crashed";
  }

  /** How far this process's code has run ahead of the world within the present event, in ms: it stalled there. */
  get lagMs(): number {
    return this.#lagMs;
  }

  /** The same for an event, which leaves it out where there is none. */
  get ahead(): { readonly lagMs?: number } {
    return this.#lagMs === 0 ? {} : { lagMs: this.#lagMs };
  }

  now(): ClockReading {
    const { draws, stallRate, onStall } = this.#ground;
    const rate = this.#asking ? 0 : stallRate();
    if (rate > 0 && draws.happens(rate)) {
      this.#lagMs += draws.spread(1, 20_000);
      onStall();
    }
    const at = this.#ground.agenda.now + this.#lagMs;
    return { mono: instant(this.#monoOf(at)), wall: epochMs(this.#wallOf(at)) };
  }

  timer(ms: number, callback: () => void): () => void {
    const { agenda, draws } = this.#ground;
    const lateness = TIMER_LATENESS_MS * draws.fraction();
    const timer: SimTimer = {
      due: this.#monoOf(agenda.now + this.#lagMs) + Math.max(0, ms),
      entry: undefined,
    };
    this.#arm(timer, lateness, callback);
    return () => {
      if (timer.entry !== undefined) timer.entry.happen = undefined;
      timer.due = Number.POSITIVE_INFINITY;
    };
  }

  fraction(): number {
    return this.#ground.draws.fraction();
  }

  id(): string {
    this.#ids += 1;
    return `${this.name}.${this.#ids}`;
  }

  /** Lets something happen to the process: now, when it thaws, or never. */
  deliver(happen: () => void): void {
    if (this.#state === "crashed") return;
    if (this.#state === "paused") {
      this.#deferred.push(happen);
      return;
    }
    this.#ground.onActivity();
    happen();
  }

  /** Runs a question about the process's present state: its clocks are read as they are. */
  asked<T>(question: () => T): T {
    this.#asking = true;
    try {
      return question();
    } finally {
      this.#asking = false;
    }
  }

  /** Stops the process. With `freeze`, its monotonic clock stands still until it thaws. */
  pause(how: FaultKind): boolean {
    if (this.#state !== "running") return false;
    this.#state = "paused";
    if (how === "freeze") {
      this.#mono = this.#monoOf(this.#ground.agenda.now);
      this.#monoStands = true;
      this.everFroze = true;
      this.flight.froze = this.flight.writes > 0;
    }
    return true;
  }

  /** Lets the process run on. What happened to it meanwhile happens now, one by one. */
  thaw(order: "as-it-came" | "reversed"): boolean {
    const { agenda } = this.#ground;
    if (this.#state !== "paused" || agenda.now < this.#busyUntil) return false;
    this.#state = "running";
    this.runningSince = agenda.now;
    if (this.#monoStands) {
      this.#monoAt = agenda.now;
      this.#monoStands = false;
    }
    const waiting = this.#deferred;
    this.#deferred = [];
    if (order === "reversed") waiting.reverse();
    for (const happen of waiting) agenda.in(0, () => this.deliver(happen));
    return true;
  }

  crash(): void {
    this.#state = "crashed";
    this.#deferred = [];
  }

  stepWall(byMs: number): void {
    this.#stepsMs += byMs;
    if (byMs < 0 && this.flight.writes > 0) this.flight.setBack = true;
  }

  /** Notes that a write of its own sets out; returns what notes that it is not waited for any more. */
  writeSetsOut(): () => void {
    const { flight } = this;
    flight.writes += 1;
    let waiting = true;
    return () => {
      if (waiting) flight.writes -= 1;
      waiting = false;
      if (flight.writes === 0) Object.assign(flight, { froze: false, setBack: false });
    };
  }

  /** Ends the stall of the event that is over: the process is busy until its code has caught up with itself. */
  takeLag(): number {
    const lag = this.#lagMs;
    this.#lagMs = 0;
    this.#busyUntil = this.#ground.agenda.now + lag;
    return lag;
  }

  #arm(timer: SimTimer, latenessMs: number, callback: () => void): void {
    const { agenda } = this.#ground;
    const left = timer.due - this.#monoOf(agenda.now);
    timer.entry = agenda.in(left / this.traits.monoRate + latenessMs, () => {
      this.deliver(() => {
        if (timer.due === Number.POSITIVE_INFINITY) return;
        // The monotonic clock may have stood still meanwhile; a real timer would go on waiting too.
        if (timer.due - this.#monoOf(agenda.now) > HAIR_MS) this.#arm(timer, 0, callback);
        else callback();
      });
    });
  }

  #monoOf(at: number): number {
    return this.#monoStands ? this.#mono : this.#mono + (at - this.#monoAt) * this.traits.monoRate;
  }

  #wallOf(at: number): number {
    const { wallErrorMs, wallDrift } = this.traits;
    return Math.floor(this.#ground.epochMs + at + wallErrorMs + this.#stepsMs + wallDrift * at);
  }
}
