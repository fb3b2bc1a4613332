/** A live worker of a group: one whose session is over for nobody yet. */
export interface Member {
  readonly id: string;
  /**
   * How much of the shards it is to lead, relative to the weights of the others. Finite. What is less than a
   * million-millionth of the largest weight counts as that, and so does what is not above 0: somebody edited it by hand.
   * Where nobody's is above 0, all are equal.
   */
  readonly weight: number;
  /** How many shards it leads at most: a whole number from 0 on, or `Infinity`. */
  readonly maxShards: number;
}

/** How many shards a worker is to lead. */
export interface Share {
  /** Its part by weight, rarely a whole number; `maxShards` where that is less. */
  readonly quota: number;
  /** The quota rounded down: who leads fewer may ask for more. */
  readonly floor: number;
  /** The quota rounded up: nobody takes more, unless shards would be led by nobody. Never above `maxShards`. */
  readonly ceiling: number;
}

/** The least weight that a worker may have, and the least part of the largest that one counts as. */
export const LEAST_WEIGHT = 1e-12;
/** Quotas are rounded to this part of a shard, so that the errors of floating point make no 2.9999999 out of 3. */
const PRECISION = 1e9;

/**
 * Each member's share of so many shards: as water finds its level, by weight, in vessels as high as `maxShards`. What a full
 * one cannot take is shared by the others. It follows from who is a member and from nothing else, so all who see the same
 * members compute the same, in whatever order they see them.
 *
 * The floors add up to no more than `shards`, and the ceilings to no less, unless all members are full.
 */
export function sharesOf(members: readonly Member[], shards: number): ReadonlyMap<string, Share> {
  const heaviest = members.reduce((most, { weight }) => Math.max(most, weight), LEAST_WEIGHT);
  const vessels = members
    .map(({ id, weight, maxShards }) => ({
      id,
      maxShards,
      weight: Math.max(weight / heaviest, LEAST_WEIGHT),
    }))
    // Who is full first comes first: what it leaves then is for those behind it.
    .sort((a, b) => a.maxShards / a.weight - b.maxShards / b.weight || byText(a.id, b.id));
  const weightFrom: number[] = [];
  for (let i = vessels.length - 1, sum = 0; i >= 0; i -= 1)
    weightFrom[i] = sum += (vessels[i] as Member).weight;
  const shares = new Map<string, Share>();
  let left = shards;
  for (const [i, { id, weight, maxShards }] of vessels.entries()) {
    const part = Math.min(maxShards, (left * weight) / (weightFrom[i] as number));
    left -= part;
    const quota = Math.round(part * PRECISION) / PRECISION;
    shares.set(id, { quota, floor: Math.floor(quota), ceiling: Math.ceil(quota) });
  }
  return shares;
}

/** Orders texts the same on every machine, whatever its language. */
export function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
