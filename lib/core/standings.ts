import { byText, type Member, type Share, sharesOf } from "./shares.ts";

/** A shard as a look at the group showed it, corrected by what the looking worker knows of its own shards. */
export interface ShardView {
  readonly shard: string;
  /** Who leads it: a worker's id, or that of a holder that is no worker. `undefined` while it is free. */
  readonly holder: string | undefined;
  /**
   * For how many looks in a row, this one included, it has been free under the same revision; 0 while it is held. Who led it between
   * two looks, the looking worker included, has made a new revision: the count begins anew.
   */
  readonly freeLooks: number;
  /** Of a free one: who led it last. */
  readonly lastHolder?: string | undefined;
  /** Of a held one: who has asked for it to be handed over. */
  readonly askedBy?: string | undefined;
  /** Of a free one: for whom it is kept, while it is. Nobody else can claim it. */
  readonly reservedFor?: string | undefined;
}

/** How a group stands, as all who see the same see it. */
export interface Standings {
  readonly shares: ReadonlyMap<string, Share>;
  /** How many shards each member leads, and may claim of the free ones. */
  readonly counts: Map<string, number>;
  /** Which free shard is whose to claim. A free shard that is kept for a member is that member's. */
  readonly allotted: ReadonlyMap<string, string>;
}

/**
 * Who leads how many, what everybody's share is, and which of the free shards is whose to claim.
 *
 * Shards that are led by somebody who is no member are nobody's to share, and no part of the shares: a plain holder keeps
 * them, and so does a worker that is about to leave. What is kept for somebody who is no member will be free soon, and is dealt
 * out as if it were.
 */
export function standingsOf(members: readonly Member[], shards: readonly ShardView[]): Standings {
  const counts = new Map(members.map(({ id }) => [id, 0]));
  const allotted = new Map<string, string>();
  const free: ShardView[] = [];
  let shared = 0;
  for (const view of shards) {
    const { shard, holder, reservedFor = "" } = view;
    const led = holder === undefined ? counts.get(reservedFor) : counts.get(holder);
    if (holder !== undefined && led === undefined) continue;
    shared += 1;
    if (led === undefined) free.push(view);
    else counts.set(holder ?? reservedFor, led + 1);
    if (holder === undefined && led !== undefined) allotted.set(shard, reservedFor);
  }
  const standings = { shares: sharesOf(members, shared), counts, allotted };
  if (free.length > 0) allot(free, standings);
  return standings;
}

/**
 * Deals the free shards out: first to each member what it lacks to its floor, then one more to some, up to their
 * ceilings. Those who led free ones last come first, then those furthest below their quotas. Who led a shard last gets
 * it again. The others are dealt in the order of their hashes, a run to each member: so members that see the same do not
 * try for the same shard, neighbours by name part, and what one has claimed changes nothing for the others.
 */
function allot(
  free: readonly ShardView[],
  { shares, counts, allotted }: Standings & { readonly allotted: Map<string, string> },
): void {
  const order = byHash([...counts.keys()], (id) => id);
  const wants = new Map<string, number>();
  let left = free.length;
  const want = (id: string, more: number): void => {
    left -= more;
    wants.set(id, (wants.get(id) ?? 0) + more);
    counts.set(id, (counts.get(id) as number) + more);
  };
  for (const id of order) {
    const lacks = (shares.get(id) as Share).floor - (counts.get(id) as number);
    if (lacks > 0) want(id, Math.min(lacks, left));
  }
  const returns = ownersBack(free, wants);
  const open = neediest({ shares, counts });
  const first = [...open.filter((id) => returns.has(id)), ...open.filter((id) => !returns.has(id))];
  for (const id of first.slice(0, left)) want(id, 1);
  const rest: ShardView[] = [];
  for (const view of byHash(free, ({ shard }) => shard)) {
    const wanted = view.lastHolder === undefined ? 0 : (wants.get(view.lastHolder) ?? 0);
    if (wanted === 0) rest.push(view);
    else give(view, view.lastHolder as string, wanted);
  }
  const takers = order.flatMap((id) => Array.from({ length: wants.get(id) ?? 0 }, () => id));
  for (const [i, id] of takers.entries()) allotted.set((rest[i] as ShardView).shard, id);

  function give({ shard }: ShardView, to: string, wanted: number): void {
    wants.set(to, wanted - 1);
    allotted.set(shard, to);
  }
}

/** Who led more of the free shards than it lacks to its floor: it has come back, and may have all of its own. */
function ownersBack(free: readonly ShardView[], wants: ReadonlyMap<string, number>): ReadonlySet<string> {
  const led = new Map<string, number>();
  for (const { lastHolder = "" } of free) led.set(lastHolder, (led.get(lastHolder) ?? 0) + 1);
  return new Set([...led].filter(([id, count]) => count > (wants.get(id) ?? 0)).map(([id]) => id));
}

/** The members below their ceilings, the one furthest below its quota first; equals in the order of their hashes. */
export function neediest({ shares, counts }: Pick<Standings, "shares" | "counts">): string[] {
  const below = (id: string): number => (counts.get(id) as number) - (shares.get(id) as Share).quota;
  const open = [...counts.keys()].filter(
    (id) => (counts.get(id) as number) < (shares.get(id) as Share).ceiling,
  );
  return byHash(open, (id) => id).sort((a, b) => below(a) - below(b));
}

/** In the order of the hashes of their names. `salt` makes an order of its own, such as a worker's. */
export function byHash<T>(items: readonly T[], name: (item: T) => string, salt = ""): T[] {
  const own = hashOf(salt);
  return items
    .map((item) => ({ item, key: mixed(hashOf(name(item)) ^ own) }))
    .sort((a, b) => a.key - b.key || byText(name(a.item), name(b.item)))
    .map(({ item }) => item);
}

/** FNV-1a over the UTF-16 units, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** MurmurHash3's last step: FNV leaves names that differ in their last letter close to each other. */
function mixed(hash: number): number {
  let mix = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
  return (mix ^ (mix >>> 16)) >>> 0;
}
