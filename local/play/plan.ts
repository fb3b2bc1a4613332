import { SeededRandom } from "../../lib/testing/index.ts";

/** Something that goes wrong with a leader in mid-work. */
export interface Fault {
  /** `kill`: its environment is ended. `freeze`: it stands still until a successor works, its write on the way. */
  readonly kind: "kill" | "freeze";
  /** From which tick on (1 is the first) it may strike the leader. */
  readonly fromTick: number;
  /** At which write of the leader's run it strikes; 1 is the first. */
  readonly write: number;
  /** Whether the write is lost on its way, or storage applies it and the answer is lost. For `kill`. */
  readonly moment: "before-write" | "after-write";
}

/** One delivery of an occurrence. */
export interface Delivery {
  /** Which occurrence: its tick, 1 is the first. */
  readonly tick: number;
  /** When, in ms after the tick at which it is listed. */
  readonly afterMs: number;
  /** `late`: the occurrence was due at an earlier tick. */
  readonly kind: "first" | "duplicate" | "late";
}

/** What happens in a run besides the schedule. It follows from the arguments of {@link makePlan} alone. */
export interface Plan {
  readonly ticks: number;
  readonly faults: readonly Fault[];
  /** Faults that do not fit in so few ticks. */
  readonly leftOut: readonly Fault["kind"][];
  /** What is delivered at each tick; index 0 is tick 1. */
  readonly deliveries: readonly (readonly Delivery[])[];
}

/** What a plan is made of. */
export interface PlanOptions {
  readonly ticks: number;
  readonly seed: number;
  /** How long a tick is played, in ms. */
  readonly tickMs: number;
  /** How long a crashed leader's work can stay without a leader, in ms; absent without an election. */
  readonly recoveryMs: number | undefined;
}

/**
 * How long after the tick the occurrence is delivered, in ms: Scheduler is no more punctual, and what else is due
 * at the tick, the arrival of invoices, has happened by then.
 */
export const DELIVERY_DELAY_MS = 300;
const EARLIEST_FAULT = 2;
const QUIET_TICKS = 4;

/**
 * Plans a run. Every occurrence is delivered twice almost at once, so that two environments contend for each,
 * and some again later, when it is done. Faults come one after the other, each with time to recover.
 */
export function makePlan({ ticks, seed, tickMs, recoveryMs }: PlanOptions): Plan {
  const random = new SeededRandom(seed);
  const kinds: Fault["kind"][] = oneIn(random, 2) ? ["kill", "freeze"] : ["freeze", "kill"];
  const faults =
    recoveryMs === undefined ? [] : planFaults(kinds, ticks, Math.ceil(recoveryMs / tickMs), random);
  const deliveries = Array.from({ length: ticks }, (_, index): Delivery[] => {
    const tick = index + 1;
    const planned: Delivery[] = [
      { tick, afterMs: DELIVERY_DELAY_MS, kind: "first" },
      { tick, afterMs: DELIVERY_DELAY_MS + whole(random, 0, 60), kind: "duplicate" },
    ];
    if (oneIn(random, 4))
      planned.push({
        tick,
        afterMs: whole(random, Math.round(tickMs * 0.4), Math.round(tickMs * 0.8)),
        kind: "duplicate",
      });
    // The last tick always has one, so that every run of two ticks or more plays it.
    if (tick > 1 && (tick === ticks || oneIn(random, 5))) {
      planned.push({ tick: whole(random, 1, tick - 1), afterMs: Math.round(tickMs * 0.7), kind: "late" });
    }
    return planned;
  });
  const left = recoveryMs === undefined ? [] : kinds.slice(faults.length);
  return { ticks, faults, leftOut: left, deliveries };
}

/**
 * Sets the faults one after the other, each with ticks enough to recover: the given kinds as far as there is
 * room, and in longer runs more of them, with some undisturbed ticks after each.
 */
function planFaults(
  kinds: readonly Fault["kind"][],
  ticks: number,
  recoveryTicks: number,
  random: SeededRandom,
): Fault[] {
  const faults: Fault[] = [];
  let earliest = EARLIEST_FAULT;
  for (;;) {
    const missing = kinds.length - faults.length;
    const needed = missing > 0 ? recoveryTicks : recoveryTicks + QUIET_TICKS;
    if (earliest + needed > ticks) return faults;
    const kind = kinds[faults.length] ?? (oneIn(random, 2) ? "kill" : "freeze");
    // Shifted by a tick only where that costs no later fault its room.
    const spare = ticks - earliest - Math.max(1, missing) * (recoveryTicks + 1) + 1;
    const fromTick = earliest + (spare > 0 ? whole(random, 0, 1) : 0);
    const moment = oneIn(random, 2) ? "before-write" : "after-write";
    // Not at the first write: then the run has left a witness by which it is known.
    faults.push({ kind, fromTick, write: whole(random, 2, 4), moment });
    earliest = fromTick + recoveryTicks + 1;
  }
}

/** A whole number from `min` to `max`, both included. */
function whole(random: SeededRandom, min: number, max: number): number {
  return min + Math.floor(random.fraction() * (max - min + 1));
}

/** True once in `n` draws, on average. */
function oneIn(random: SeededRandom, n: number): boolean {
  return whole(random, 1, n) === 1;
}
