import { granted, planOf } from "../../lib/core/assignment.ts";
import type { Member } from "../../lib/core/shares.ts";

/** The two decisions of a worker, so that wrong ones can be put in their place. */
export interface Rules {
  readonly planOf: typeof planOf;
  readonly granted: typeof granted;
}
export const RULES: Rules = { planOf, granted };

/** How many ticks pass between two looks of a worker. */
export const LOOK = 8;
/** How many ticks a worker that crashed is still taken for alive. */
export const SILENCE = 28;

export type Happening =
  | { readonly at: number; readonly what: "join"; readonly member: Member }
  /** Ends its session: its shards are free at once. */
  | { readonly at: number; readonly what: "leave"; readonly id: string }
  /** Stops. Its session ends when it has been silent for long enough. */
  | { readonly at: number; readonly what: "crash"; readonly id: string }
  /** Comes back under its id while its old session still counts, and ends that. */
  | { readonly at: number; readonly what: "restart"; readonly id: string }
  /** Looks no more for a while, and leads on. */
  | { readonly at: number; readonly what: "nap"; readonly id: string; readonly ticks: number };

export interface Scenario {
  readonly shards: number;
  /** How many ticks old what a worker sees is at most. 0: it sees what is. */
  readonly staleTicks: number;
  /** How many ticks handing over takes at most. */
  readonly drainTicks: number;
  /** Whether a shard that is handed over is kept for who asked. */
  readonly reserves: boolean;
  /** Whether the holder is told at once that it was asked; else it finds out by its next look. */
  readonly bells: boolean;
  /** Whether all look in the same tick, and see what was before it. */
  readonly together: boolean;
  readonly script: readonly Happening[];
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

/** What was done in a world. */
export interface Tally {
  claims: number;
  /** Claims that came too late. */
  refused: number;
  asks: number;
  /** Shards that were given up for somebody who had asked. */
  moves: number;
  /** The last tick at which anybody did anything. */
  lastAct: number;
  /** The last tick at which the members changed, or one dozed. */
  lastChange: number;
  /** The last tick that began with a shard led by nobody, though a worker that was awake had room for it. */
  lastFree: number;
  /** For how many ticks one shard was such, after the last change. */
  longestFree: number;
  /** What must never happen, and did. */
  readonly wrong: string[];
}
