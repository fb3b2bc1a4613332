import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { granted, planOf } from "../../lib/core/assignment.ts";
import { type Member, type Share, sharesOf } from "../../lib/core/shares.ts";
import type { ShardView } from "../../lib/core/standings.ts";

const IDS = ["ann", "bob", "cid", "dee", "eve", "fay"];
const person = fc.constantFrom(...IDS, "plain");

const members: fc.Arbitrary<readonly Member[]> = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom(...IDS),
    weight: fc.oneof(fc.constant(1), fc.double({ min: 0.001, max: 1_000, noNaN: true })),
    maxShards: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 8 })),
  }),
  { selector: ({ id }) => id, minLength: 1 },
);

const held = fc.record({ holder: person, askedBy: fc.option(person, { nil: undefined }) });
const free = fc.record({
  holder: fc.constant(undefined),
  freeLooks: fc.integer({ min: 1, max: 3 }),
  lastHolder: fc.option(person, { nil: undefined }),
  reservedFor: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: person }),
});
const shards: fc.Arbitrary<readonly ShardView[]> = fc
  .array(fc.oneof(held, free), { maxLength: 30 })
  .map((views) => views.map((view, i) => ({ freeLooks: 0, shard: `shard-${i}`, ...view })));

const world = fc.record({ members, shards });

const always = (holds: (given: { members: readonly Member[]; shards: readonly ShardView[] }) => void): void =>
  fc.assert(fc.property(world, holds), { numRuns: 150 });

const led = (id: string, views: readonly ShardView[]): number =>
  views.filter(({ holder }) => holder === id).length;

/** Shards that the members share. */
const shared = (all: readonly Member[], views: readonly ShardView[]): number =>
  views.filter(({ holder }) => holder === undefined || all.some(({ id }) => id === holder)).length;

const total = (shares: ReadonlyMap<string, Share>, of: keyof Share): number =>
  [...shares.values()].reduce((sum, share) => sum + share[of], 0);

describe("whatever the weights and caps, shares", () => {
  it("add up, and are within one of the quota and within the cap", () => {
    fc.assert(
      fc.property(members, fc.nat(2_000), (all, count) => {
        const shares = sharesOf(all, count);
        const room = all.reduce((sum, { maxShards }) => sum + maxShards, 0);
        expect(total(shares, "floor")).toBeLessThanOrEqual(count);
        expect(total(shares, "ceiling")).toBeGreaterThanOrEqual(Math.min(count, room));
        expect(total(shares, "quota")).toBeCloseTo(Math.min(count, room), 5);
        for (const { id, maxShards } of all) {
          const { quota, floor, ceiling } = shares.get(id) as Share;
          expect([floor, ceiling]).toEqual([Math.floor(quota), Math.ceil(quota)]);
          expect(ceiling).toBeLessThanOrEqual(maxShards);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("are by weight among those that are not full, and fuller the heavier", () => {
    fc.assert(
      fc.property(members, fc.nat(2_000), (all, count) => {
        const shares = sharesOf(all, count);
        const levels = all.map(({ id, weight, maxShards }) => {
          const { quota } = shares.get(id) as Share;
          return { level: quota / weight, full: quota === maxShards, weight };
        });
        const open = levels.filter(({ full }) => !full);
        for (const one of open)
          for (const other of levels)
            expect(other.level).toBeLessThanOrEqual(one.level + 1e-5 * (1 + one.level) + 1e-6 / other.weight);
      }),
      { numRuns: 100 },
    );
  });

  it("do not depend on the order in which members are seen", () => {
    fc.assert(
      fc.property(members, fc.nat(2_000), (all, count) => {
        const [there, back] = [sharesOf(all, count), sharesOf(all.toReversed(), count)];
        for (const { id } of all) expect(back.get(id)).toEqual(there.get(id));
      }),
      { numRuns: 100 },
    );
  });
});

describe("whatever is seen, plans", () => {
  it("of members who see the same never have a shard twice, and have all that is free, as far as there is room", () => {
    always(({ members: all, shards: views }) => {
      const claims = all.flatMap(({ id }) => planOf(id, all, views).claim);
      expect(new Set(claims).size).toBe(claims.length);
      const ids = new Set(all.map(({ id }) => id));
      const open = views.filter(
        ({ holder, reservedFor }) =>
          holder === undefined && (reservedFor === undefined || ids.has(reservedFor)),
      );
      expect(claims.every((shard) => open.some((view) => view.shard === shard))).toBe(true);
      const full = all.some(({ maxShards }) => maxShards < Infinity);
      if (!full) expect(claims.length).toBe(open.length);
    });
  });

  it("lead nobody above his ceiling who was not there already, nor above his cap", () => {
    always(({ members: all, shards: views }) => {
      const shares = sharesOf(all, shared(all, views));
      for (const { id, maxShards } of all) {
        const { claim } = planOf(id, all, views);
        const kept = views.filter(({ holder, reservedFor }) => !holder && reservedFor === id).length;
        const before = led(id, views);
        const { ceiling } = shares.get(id) as Share;
        expect(before + claim.length).toBeLessThanOrEqual(Math.max(ceiling, before + kept));
        if (claim.length > 0) expect(before + claim.length).toBeLessThanOrEqual(maxShards);
      }
    });
  });

  it("do not depend on the order in which members and shards are seen", () => {
    always(({ members: all, shards: views }) => {
      for (const { id } of all)
        expect(planOf(id, all.toReversed(), views.toReversed()).claim).toEqual(planOf(id, all, views).claim);
    });
  });

  it("ask only those who are above their floors, for shards that are not asked for already, and for no more than is lacked", () => {
    always(({ members: all, shards: views }) => {
      const shares = sharesOf(all, shared(all, views));
      for (const { id } of all) {
        const { ask } = planOf(id, all, views);
        expect(new Set(ask.map(({ shard }) => shard)).size).toBe(ask.length);
        for (const { shard, holder } of ask) {
          const view = views.find((each) => each.shard === shard);
          expect(view?.holder).toBe(holder);
          expect(holder).not.toBe(id);
          expect(view?.askedBy).not.toBe(id);
          expect(led(holder, views)).toBeGreaterThan(
            (shares.get(holder) as Share).floor - kept(holder, views),
          );
        }
        const { ceiling } = shares.get(id) as Share;
        expect(ask.length).toBeLessThanOrEqual(Math.max(0, ceiling - led(id, views)));
      }
    });
  });
});

/** How many are kept for somebody. */
const kept = (id: string, views: readonly ShardView[]): number =>
  views.filter(({ holder, reservedFor }) => holder === undefined && reservedFor === id).length;

describe("whatever is asked for, who is asked", () => {
  it("gives what members asked for, and stays at its floor", () => {
    always(({ members: all, shards: views }) => {
      const shares = sharesOf(all, shared(all, views));
      for (const { id } of all) {
        const own = views.filter(({ holder }) => holder === id);
        const leaving = new Set(own.filter((_, i) => i % 3 === 2).map(({ shard }) => shard));
        const given = granted(id, all, views, leaving);
        expect(new Set(given).size).toBe(given.length);
        for (const shard of given) {
          const view = own.find((each) => each.shard === shard);
          expect(view === undefined || leaving.has(shard)).toBe(false);
          expect(all.some((each) => each.id === view?.askedBy && each.id !== id)).toBe(true);
        }
        const { floor } = shares.get(id) as Share;
        if (given.length > 0)
          expect(own.length - leaving.size - given.length).toBeGreaterThanOrEqual(
            Math.min(floor, own.length),
          );
      }
    });
  });
});
