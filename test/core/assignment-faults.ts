import { type Member, sharesOf } from "../../lib/core/shares.ts";
import type { Plan } from "../../lib/core/assignment.ts";
import type { ShardView } from "../../lib/core/standings.ts";
import { byHash } from "../../lib/core/standings.ts";
import { RULES, type Rules } from "./assignment-scenario.ts";

type View = readonly [members: readonly Member[], shards: readonly ShardView[]];

const countOf = (id: string, shards: readonly ShardView[]): number =>
  shards.filter(({ holder }) => holder === id).length;

const shareOf = (id: string, [members, shards]: View): { readonly floor: number; readonly ceiling: number } =>
  sharesOf(members, shards.length).get(id) ?? { floor: 0, ceiling: 0 };

const freeOf = (shards: readonly ShardView[]): ShardView[] =>
  shards.filter(({ holder, reservedFor }) => holder === undefined && reservedFor === undefined);

/** Claims free shards in some order, up to some number. */
const claiming = (upTo: (self: string, view: View) => number, orderOf: (self: string) => string): Rules => ({
  ...RULES,
  planOf: (self, ...view): Plan => {
    const room = Math.max(0, upTo(self, view) - countOf(self, view[1]));
    const claim = byHash(freeOf(view[1]), ({ shard }) => shard, orderOf(self)).slice(0, room);
    return { ...RULES.planOf(self, ...view), claim: claim.map(({ shard }) => shard) };
  },
});

/** Sees members or shards wrongly. */
const seeing = (
  members: (member: Member) => Member,
  shards: (view: ShardView, self: string) => ShardView = (view) => view,
): Rules => ({
  planOf: (self, all, views) =>
    RULES.planOf(
      self,
      all.map(members),
      views.map((view) => shards(view, self)),
    ),
  granted: (self, all, views, leaving) => RULES.granted(self, all.map(members), views, leaving),
});

const asking = (how: (plan: Plan, self: string, view: View) => Plan["ask"]): Rules => ({
  ...RULES,
  planOf: (self, ...view) => {
    const plan = RULES.planOf(self, ...view);
    return { ...plan, ask: how(plan, self, view) };
  },
});

const granting = (
  which: (view: ShardView, self: string, members: readonly Member[]) => boolean,
  least: (share: { readonly floor: number; readonly ceiling: number }) => number,
): Rules => ({
  ...RULES,
  granted: (self, members, shards, leaving) => {
    const room = countOf(self, shards) - leaving.size - least(shareOf(self, [members, shards]));
    return shards
      .filter((view) => view.holder === self && !leaving.has(view.shard) && which(view, self, members))
      .map(({ shard }) => shard)
      .slice(0, Math.max(0, room));
  },
});

const asked = ({ askedBy }: ShardView, self: string, members: readonly Member[]): boolean =>
  askedBy !== self && members.some(({ id }) => id === askedBy);

/** Wrong rules, and those whose like has been weighed. Each is found by the simulation. */
export const FAULTS: Readonly<Record<string, Rules>> = {
  "ignores weights": seeing((member) => ({ ...member, weight: 1 })),
  "ignores caps": seeing((member) => ({ ...member, maxShards: Infinity })),
  "claims up to the ceiling at once": claiming(
    (self, view) => shareOf(self, view).ceiling,
    (self) => self,
  ),
  "claims up to the floor only": claiming(
    (self, view) => shareOf(self, view).floor,
    (self) => self,
  ),
  "claims all that is free": claiming(
    (self, [members]) => members.find(({ id }) => id === self)?.maxShards ?? 0,
    (self) => self,
  ),
  "claims in one order for all": claiming(
    (self, view) => shareOf(self, view).ceiling,
    () => "",
  ),
  "leaves what another should have claimed to it for ever": seeing(
    (member) => member,
    (view) => ({ ...view, freeLooks: Math.min(view.freeLooks, 1) }),
  ),
  "has no patience with others": seeing(
    (member) => member,
    (view) => ({ ...view, freeLooks: view.freeLooks > 0 ? 9 : 0 }),
  ),
  "forgets whose a shard was": seeing(
    (member) => member,
    (view) => ({ ...view, lastHolder: undefined }),
  ),
  "does not know what is kept for others": seeing(
    (member) => member,
    (view) => ({ ...view, reservedFor: undefined }),
  ),
  "never asks": asking(() => []),
  "asks the emptiest": asking(({ ask }, self, [members, shards]) => {
    const others = members.filter(({ id }) => id !== self && countOf(id, shards) > 0);
    const [emptiest] = others.sort((a, b) => countOf(a.id, shards) - countOf(b.id, shards));
    const theirs = shards.filter(({ holder }) => holder !== undefined && holder === emptiest?.id);
    return theirs.slice(0, ask.length).map(({ shard, holder = "" }) => ({ shard, holder }));
  }),
  "asks one holder for all": asking(({ ask }, _self, [, shards]) => {
    const theirs = shards.filter(({ holder }) => holder !== undefined && holder === ask[0]?.holder);
    return theirs.slice(0, ask.length).map(({ shard, holder = "" }) => ({ shard, holder }));
  }),
  "asks again for what it has asked for": seeing(
    (member) => member,
    (view, self) => (view.askedBy === self ? { ...view, askedBy: undefined } : view),
  ),
  "grants nothing": granting(
    () => false,
    ({ floor }) => floor,
  ),
  "grants without counting": granting(asked, () => 0),
  "grants below the ceiling only to nobody": granting(asked, ({ ceiling }) => ceiling),
  "grants to whoever asks, needy or not, one by one": granting(asked, ({ floor }) => floor),
  "grants to the dead": granting(
    ({ askedBy }) => askedBy !== undefined,
    ({ floor }) => floor,
  ),
  "gives up what nobody asked for": granting(
    () => true,
    ({ ceiling }) => ceiling,
  ),
  "counts what is leaving as its own": {
    ...RULES,
    granted: (self, members, shards, leaving) =>
      RULES.granted(self, members, shards, new Set()).filter((shard) => !leaving.has(shard)),
  },
};
