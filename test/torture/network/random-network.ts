import type { Fate, NetworkFault } from "../../../local/harness/faults.ts";
import { TRANSACTION } from "../../../local/harness/transactions.ts";
import type { Chance, Draws } from "../../simulation/world/chance.ts";

const WEIGHTS: Record<NetworkFault, number> = {
  "lost request": 1,
  "lost response": 2,
  "hung request": 1,
  "hung response": 1.5,
  "reset before": 0.7,
  "reset after": 1.3,
  delayed: 3,
  late: 2,
  duplicated: 3,
  split: 2,
  "server error": 0.8,
  throttled: 0.5,
  "no date": 0.3,
};
const KINDS = Object.keys(WEIGHTS) as NetworkFault[];

/** How many of the writes, and of the reads, something happens to. */
const WRITE_RATE = 0.22;
const READ_RATE = 0.1;
/** Most that a request is held back. */
export const LATEST_MS = 20_000;
/** Less than the protocol's δ of 250 ms, since the engine's clock is read a moment after it answered. */
const FRONT_END_MS = 240;

/** Decides what happens to the requests of one candidate. */
export class RandomNetwork {
  readonly #whether: Draws;
  readonly #which: Draws;
  readonly #sizes: Draws;
  readonly #without: readonly NetworkFault[];
  readonly #punctual: boolean;
  /** While it is calm nothing happens, but front ends still disagree. */
  calm = false;

  /**
   * Every candidate has draws of its own; `without` names what never happens to it. `punctual` says that the job's writes
   * are never held back: for a candidate whose next life goes on with the token, by which storage cannot tell them apart.
   */
  constructor(chance: Chance, candidate: string, without: readonly NetworkFault[] = [], punctual = false) {
    this.#without = without;
    this.#punctual = punctual;
    this.#whether = chance.of(`${candidate}/network/whether`);
    this.#which = chance.of(`${candidate}/network/which`);
    this.#sizes = chance.of(`${candidate}/network/sizes`);
  }

  /** Draws the fate of the next request. */
  fateOf(operation: string): Fate {
    const rate = /^(Get|Query|Scan|Batch)/.test(operation) ? READ_RATE : WRITE_RATE;
    const struck = this.#whether.happens(rate) && !this.calm;
    return fateOf(struck ? this.#pick(operation) : undefined, this.#sizes);
  }

  #pick(operation: string): NetworkFault | undefined {
    const punctual = this.#punctual && operation === TRANSACTION;
    const kinds = KINDS.filter(
      (kind) => !this.#without.includes(kind) && !(punctual && (kind === "late" || kind === "delayed")),
    );
    const total = kinds.reduce((sum, kind) => sum + WEIGHTS[kind], 0);
    let left = this.#which.fraction() * total;
    return kinds.find((kind) => (left -= WEIGHTS[kind]) < 0);
  }
}

/** Draws how long and how small, for a fault that has been chosen. */
export function fateOf(fault: NetworkFault | undefined, draws: Draws): Fate {
  const frontEndMs = draws.between(-FRONT_END_MS, FRONT_END_MS);
  const fate: Fate = { fault, frontEndMs };
  switch (fault) {
    case "delayed":
      return { ...fate, waitMs: draws.spread(1, 1_500), answerWaitMs: draws.spread(1, 1_500) };
    case "late":
      return { ...fate, waitMs: draws.spread(700, LATEST_MS) };
    case "duplicated":
      return { ...fate, duplicateAfterMs: draws.spread(5, LATEST_MS) };
    case "split":
      return { ...fate, pieceSizes: Array.from({ length: 12 }, () => Math.ceil(draws.between(0, 60))) };
    default:
      return fate;
  }
}
