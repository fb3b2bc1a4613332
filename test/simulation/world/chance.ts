/**
 * One source of chance, many named draws. Every name has a stream of its own, derived from the seed and the
 * name alone, so a draw that is added in one place shifts none in another, and old seeds keep their meaning.
 */
export class Chance {
  readonly #seed: number;
  readonly #streams = new Map<string, Draws>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The stream of a name. The same name gives the same stream, where it was left. */
  of(name: string): Draws {
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    const made = new Draws(mixedSeed(this.#seed, name));
    this.#streams.set(name, made);
    return made;
  }
}

/** The draws of one name. The generator is the 32-bit mixer known as splitmix32. */
export class Draws {
  #state: number;

  constructor(state: number) {
    this.#state = state;
  }

  /** From 0 up to but not including 1. */
  fraction(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
  }

  /** True with this probability. Draws in any case, so that a rate of 0 shifts nothing. */
  happens(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** From `low` up to `high`, every value alike. */
  between(low: number, high: number): number {
    return low + (high - low) * this.fraction();
  }

  /** From `low` up to `high`, every order of magnitude alike: mostly short, now and then long. */
  spread(low: number, high: number): number {
    return low * (high / low) ** this.fraction();
  }

  /** A wait until the next of events that come about once per `mean`. */
  wait(mean: number): number {
    return -mean * Math.log(1 - this.fraction());
  }

  /** One of them. */
  pick<T>(of: readonly T[]): T {
    return of[Math.floor(this.fraction() * of.length)] as T;
  }
}

/** FNV-1a over the name, started from the seed. */
function mixedSeed(seed: number, name: string): number {
  let hash = Math.imul((seed >>> 0) ^ 0x811c9dc5, 0x01000193) ^ Math.floor(seed / 4_294_967_296);
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return hash | 0;
}
