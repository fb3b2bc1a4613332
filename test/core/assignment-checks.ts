import { type Member, sharesOf } from "../../lib/core/shares.ts";
import type { ShardView } from "../../lib/core/standings.ts";
import type { World } from "./assignment-world.ts";

/** What a worker gave, and what it saw when it did. */
export interface Given {
  readonly members: readonly Member[];
  readonly views: readonly ShardView[];
  readonly leaving: ReadonlySet<string>;
  readonly given: readonly string[];
}

/** What is wrong with what a worker gives, by its own view. */
export function wrongGrants(id: string, { members, views, leaving, given }: Given): string[] {
  if (given.length === 0) return [];
  const led = (by: string): number => views.filter(({ holder }) => holder === by).length;
  const shared = views.filter(
    ({ holder }) => holder === undefined || members.some((member) => member.id === holder),
  ).length;
  const shares = sharesOf(members, shared);
  const wrong = given.flatMap((shard) => {
    const { holder, askedBy } = views.find((view) => view.shard === shard) as ShardView;
    if (holder !== id || leaving.has(shard)) return [`${id} gives what it has not: ${shard}`];
    if (askedBy === undefined) return [`${id} gives what nobody asked for: ${shard}`];
    const share = shares.get(askedBy);
    if (share === undefined) return [`${id} gives to the dead: ${shard}`];
    return led(askedBy) < share.ceiling ? [] : [`${id} gives to one who has enough: ${shard}`];
  });
  const keeps = led(id) - leaving.size - given.length;
  const floor = shares.get(id)?.floor ?? 0;
  if (keeps < floor) wrong.push(`${id} keeps ${keeps} where ${floor} are its floor`);
  return wrong;
}

/** Who leads fewer or more than its share. */
export function unbalanced(world: World): string[] {
  const counts = world.counts;
  const shares = sharesOf(world.members, world.holders.length);
  return world.members.flatMap(({ id }) => {
    const [count, share] = [counts.get(id) as number, shares.get(id)];
    const fits = share !== undefined && share.floor <= count && count <= share.ceiling;
    return fits ? [] : [`${id} leads ${count} where ${share?.quota} are its share`];
  });
}

/** The fewest moves into everybody's share: what is above the ceilings must move, and what is missing to the floors unless it is free. */
export function fewestMoves(world: World): number {
  const counts = world.counts;
  let [above, below] = [0, 0];
  for (const [id, { floor, ceiling }] of sharesOf(world.members, world.holders.length)) {
    above += Math.max(0, (counts.get(id) as number) - ceiling);
    below += Math.max(0, floor - (counts.get(id) as number));
  }
  return Math.max(above, below - world.free);
}
