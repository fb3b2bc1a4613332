/** Chance from a seed: the same seed throws the same numbers. */
export interface Dice {
  /** A whole number from `min` to `max`, both included. */
  readonly whole: (min: number, max: number) => number;
  /** True once in `n` throws, on average. */
  readonly oneIn: (n: number) => boolean;
}

/** Makes dice from any whole number. Marsaglia's xorshift, which is plenty for choosing faults. */
export function makeDice(seed: number): Dice {
  // Spread the seed over all bits, so that neighbouring seeds differ from the first throw on; never 0.
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 8; i++) next();
  const whole = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return { whole, oneIn: (n) => whole(1, n) === 1 };
}
