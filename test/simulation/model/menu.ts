import type { Chance } from "../world/chance.ts";

/** Something that may happen next. */
export interface Move {
  readonly weight: number;
  /** What happens, in words. The same words name the same move in a shorter walk. */
  readonly says: () => string;
  readonly go: () => void;
}

/**
 * What may happen next, and how likely each is. Each walk is in a mood of its own: some kinds of things happen often in it and others
 * hardly ever. That finds orders which no single bias finds (swarm testing; Groce et al., 2012).
 */
export class Menu {
  readonly #chance: Chance;
  readonly #moods = new Map<string, number>();
  #moves: Move[] = [];

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** Offers a move of a kind. */
  offer(kind: string, weight: number, says: () => string, go: () => void): void {
    this.#moves.push({ weight: weight * this.#mood(kind), says, go });
  }

  /** All that was offered since the last time. */
  take(): readonly Move[] {
    const moves = this.#moves;
    this.#moves = [];
    return moves;
  }

  #mood(kind: string): number {
    const known = this.#moods.get(kind);
    if (known !== undefined) return known;
    const drawn = this.#chance.of(kind).pick([0.1, 1, 1, 1, 3]);
    this.#moods.set(kind, drawn);
    return drawn;
  }
}
