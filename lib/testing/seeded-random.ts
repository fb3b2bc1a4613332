import type { Random } from "../core/ports.ts";

/**
 * Randomness that can be repeated: the same seed, the same sequence. For tests and simulations alone: ids can be
 * guessed. The generator is the 32-bit mixer known as mulberry32.
 */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  id(): string {
    const part = (): string =>
      Math.floor(this.fraction() * 4_294_967_296)
        .toString(16)
        .padStart(8, "0");
    return part() + part() + part();
  }
}
