import type { Member, Share } from "./shares.ts";
import { byHash, neediest, type ShardView, type Standings, standingsOf } from "./standings.ts";

/** After how many looks a free shard is no longer left to the one whose it is to claim. */
const PATIENT_LOOKS = 3;

/** A shard to ask for. */
export interface Ask {
  readonly shard: string;
  /** Who leads it. */
  readonly holder: string;
}

/** What a worker does after a look. */
export interface Plan {
  /** The free shards to claim, in this order. */
  readonly claim: readonly string[];
  /** The shards to ask for, besides those that it has asked for already. */
  readonly ask: readonly Ask[];
  /**
   * The holders of those that it has asked for already and lacks still, and that can hand them over. A row names who asked until the term
   * ends, also where he was served by others since: what he does not lack, or the holder cannot grant, counts as not asked for.
   */
  readonly asked: readonly string[];
  /**
   * Whether it may come to claim something that is free: so it looks at all rows again. It may not without room by `maxShards`, and what
   * it avoids is not free in its view.
   *
   * No shard is unled for longer by that. To claim, a worker needs room, and must not avoid the shard. It gets room when it leads fewer
   * shards, or when its session's row says another `maxShards`. It avoids a shard until the rest is over, and the work. Each of these
   * brings a look at all, and so does a bell. Where its ceiling keeps it from a claim, or a reservation, or where the shard is dealt to
   * one who avoids it, it has room and looks on: after {@link PATIENT_LOOKS} looks the shard is anybody's. Looks at the sessions alone
   * count among these, see `shardViews`: so who had no room, or rested, has waited no less.
   */
  readonly mayClaim: boolean;
}

/** What a worker does that asks for nothing. */
const ASKS_NOTHING = { ask: [], asked: [] };

/**
 * What a worker claims and asks for, by what its look showed. It is a worker's own decision for itself: nobody is given
 * anything that he does not come for. Views may be old: whoever claims compares and sets, and whoever is asked counts for
 * himself ({@link granted}).
 *
 * - Free shards are claimed up to the floor of one's share. Where some are left when everybody has his floor, those furthest below
 *   their quotas take one more. The part of each worker is dealt out the same way by all, see {@link standingsOf}.
 * - Who is below his floor even so asks the fullest, one request for each shard that he lacks.
 * - When nobody is below his floor and someone is above his ceiling, as many of the neediest as there are shards too many ask for
 *   one each.
 * - What has been free for more than {@link PATIENT_LOOKS} looks is anybody's: whoever should have claimed it does not. It may lead to
 *   more than a ceiling, never to more than `maxShards`. One's part of these doubles with each look.
 *
 * A worker that is no member (its session is not in the view yet) does nothing.
 */
export function planOf(self: string, members: readonly Member[], shards: readonly ShardView[]): Plan {
  const me = members.find(({ id }) => id === self);
  if (me === undefined) return { claim: [], mayClaim: false, ...ASKS_NOTHING };
  const standings = standingsOf(members, shards);
  const mine = shards.filter(
    ({ shard, reservedFor = self }) => reservedFor === self && standings.allotted.get(shard) === self,
  );
  const isOthers = ({ lastHolder }: ShardView): boolean => lastHolder !== self;
  const claim = [...inOrder(mine, self, isOthers), ...overdue(me, members.length, shards, standings)].map(
    nameOf,
  );
  const room = roomOf(me, shards);
  const mayClaim = room >= 1 && shards.some(({ holder }) => holder === undefined);
  return { claim: claim.slice(0, room), mayClaim, ...asksOf(self, shards, standings) };
}

const nameOf = ({ shard }: ShardView): string => shard;

/** In a worker's own order of shards, some of them after all others. */
function inOrder(
  shards: readonly ShardView[],
  self: string,
  isLate: (view: ShardView) => boolean,
): ShardView[] {
  return byHash(shards, nameOf, self).sort((a, b) => Number(isLate(a)) - Number(isLate(b)));
}

/** How many more shards a worker may lead. */
function roomOf({ id, maxShards }: Member, shards: readonly ShardView[]): number {
  return Math.max(0, maxShards - shards.filter(({ holder }) => holder === id).length);
}

/** What this worker takes of the shards that were left to others for too long. */
function overdue(
  { id }: Member,
  members: number,
  shards: readonly ShardView[],
  { allotted }: Standings,
): ShardView[] {
  const left = shards.filter(
    ({ shard, holder, reservedFor, freeLooks }) =>
      holder === undefined &&
      reservedFor === undefined &&
      freeLooks > PATIENT_LOOKS &&
      allotted.get(shard) !== id,
  );
  return byHash(left, nameOf, id).filter(({ freeLooks }, i) => {
    const doublings = Math.min(freeLooks - PATIENT_LOOKS - 1, 30);
    return i < Math.ceil((left.length * 2 ** doublings) / members);
  });
}

/** Up to where a worker may ask, and be asked: all floors come first. */
function limitIn({ shares, counts }: Standings): "floor" | "ceiling" {
  for (const [id, { floor }] of shares) if ((counts.get(id) as number) < floor) return "floor";
  return "ceiling";
}

/** How many more a member may lead before the limit, negative above it. */
function belowLimit({ shares, counts }: Standings, limit: "floor" | "ceiling", id: string): number {
  return (shares.get(id) as Share)[limit] - (counts.get(id) as number);
}

/** How many shards a worker lacks and nobody will bring it but by handing over. */
function lackOf(self: string, standings: Standings, limit: "floor" | "ceiling"): number {
  if (limit === "floor") return Math.max(0, belowLimit(standings, limit, self));
  let tooMany = 0;
  for (const id of standings.counts.keys()) tooMany += Math.max(0, -belowLimit(standings, limit, id));
  return neediest(standings).slice(0, tooMany).includes(self) ? 1 : 0;
}

function asksOf(
  self: string,
  shards: readonly ShardView[],
  standings: Standings,
): Pick<Plan, "ask" | "asked"> {
  const limit = limitIn(standings);
  let lack = lackOf(self, standings, limit);
  if (lack === 0) return ASKS_NOTHING;
  const needs = (id: string): boolean => standings.counts.has(id) && belowLimit(standings, limit, id) > 0;
  // What holders have too many, less what others have asked for: they are served first.
  const spare = new Map<string, number>();
  // In an order of one's own, so that workers who find several equally full do not all ask the same.
  for (const id of byHash([...standings.counts.keys()], (name) => name, self))
    spare.set(id, -belowLimit(standings, limit, id));
  const asked = new Map<string, number>();
  for (const { holder, askedBy } of shards) {
    if (holder === undefined || askedBy === undefined || !spare.has(holder)) continue;
    if (askedBy === self) asked.set(holder, (asked.get(holder) ?? 0) + 1);
    else if (needs(askedBy)) spare.set(holder, (spare.get(holder) as number) - 1);
  }
  for (const [holder, count] of asked) {
    // A request that its holder cannot grant any more is as good as none.
    const pending = Math.min(count, Math.max(0, -belowLimit(standings, limit, holder)));
    if (pending === 0) asked.delete(holder);
    lack -= pending;
    spare.set(holder, (spare.get(holder) as number) - pending);
  }
  const open = ({ askedBy }: ShardView): boolean => askedBy === undefined || !needs(askedBy);
  const ask = spread(self, lack, { spare, standings, limit, open, shards });
  return { ask, asked: [...asked.keys()] };
}

interface Market {
  readonly spare: Map<string, number>;
  readonly standings: Standings;
  readonly limit: "floor" | "ceiling";
  /** Whether a shard may be asked for. */
  readonly open: (view: ShardView) => boolean;
  readonly shards: readonly ShardView[];
}

/** Spreads requests: each to whoever would then be furthest above its quota. */
function spread(self: string, lack: number, { spare, standings, limit, open, shards }: Market): Ask[] {
  const { shares } = standings;
  const above = (id: string): number => {
    const share = shares.get(id) as Share;
    return (spare.get(id) as number) + share[limit] - share.quota;
  };
  const asks = new Map<string, number>();
  for (let i = 0; i < lack; i += 1) {
    let fullest: string | undefined;
    for (const [id, count] of spare)
      if (count > 0 && (fullest === undefined || above(id) > above(fullest))) fullest = id;
    if (fullest === undefined) break;
    spare.set(fullest, (spare.get(fullest) as number) - 1);
    asks.set(fullest, (asks.get(fullest) ?? 0) + 1);
  }
  return [...asks].flatMap(([holder, count]) => {
    const has = shards.filter((view) => view.holder === holder && open(view));
    return inOrder(has, self, ({ askedBy }) => askedBy !== undefined)
      .slice(0, count)
      .map(({ shard }) => ({ shard, holder }));
  });
}

/**
 * Which of the shards that a worker leads it hands over to those who asked for them. It counts for itself: it stays at its floor at
 * least, or at its ceiling when nobody is below his floor. It serves members only, as far as they lack shards by its own view,
 * the neediest first, and gives up nothing that it was not asked for.
 *
 * `leaving` are its shards that are being handed over already: they count as led by those who asked for them.
 */
export function granted(
  self: string,
  members: readonly Member[],
  shards: readonly ShardView[],
  leaving: ReadonlySet<string>,
): readonly string[] {
  const standings = standingsOf(
    members,
    shards.map((view) => {
      if (view.holder !== self || !leaving.has(view.shard)) return view;
      const to = members.some(({ id }) => id === view.askedBy) ? view.askedBy : undefined;
      return { ...view, holder: to };
    }),
  );
  const { shares, counts } = standings;
  const share = shares.get(self);
  if (share === undefined) return [];
  // It counts what it leads, and not what it is going to claim.
  let keeps = shards.filter(({ shard, holder }) => holder === self && !leaving.has(shard)).length;
  const requests = new Map<string, ShardView[]>();
  for (const view of shards) {
    const { shard, holder, askedBy } = view;
    if (holder !== self || askedBy === undefined || askedBy === self || leaving.has(shard)) continue;
    const of = requests.get(askedBy) ?? [];
    if (counts.has(askedBy)) requests.set(askedBy, of);
    of.push(view);
  }
  const given: string[] = [];
  const above = (id: string): number => (counts.get(id) as number) - (shares.get(id) as Share).quota;
  for (;;) {
    const limit = limitIn(standings);
    if (keeps <= share[limit]) return given;
    const [asker] = [...requests.keys()]
      .filter((id) => belowLimit(standings, limit, id) > 0)
      .sort((a, b) => above(a) - above(b));
    if (asker === undefined) return given;
    const of = requests.get(asker) as ShardView[];
    given.push((of.shift() as ShardView).shard);
    if (of.length === 0) requests.delete(asker);
    keeps -= 1;
    counts.set(asker, (counts.get(asker) as number) + 1);
  }
}
