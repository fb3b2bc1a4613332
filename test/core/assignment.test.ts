import { describe, expect, it } from "vitest";
import { granted, planOf } from "../../lib/core/assignment.ts";
import { type Member, sharesOf } from "../../lib/core/shares.ts";
import type { ShardView } from "../../lib/core/standings.ts";

const member = (id: string, weight = 1, maxShards = Infinity): Member => ({ id, weight, maxShards });
const NOTHING = { claim: [], ask: [], asked: [], mayClaim: false };
const [ann, bob, cid, dee] = [member("ann"), member("bob"), member("cid"), member("dee")];

/** So many shards for each holder, named after it: `ann-1`, `ann-2`; those under `free` are free since this look. */
function group(counts: Readonly<Record<string, number>>, change: Partial<ShardView> = {}): ShardView[] {
  return Object.entries(counts).flatMap(([id, count]) =>
    Array.from({ length: count }, (_, i) => ({
      shard: `${id}-${i + 1}`,
      holder: id === "free" ? undefined : id,
      freeLooks: id === "free" ? 1 : 0,
      ...change,
    })),
  );
}

const asking = (views: readonly ShardView[], requests: Readonly<Record<string, string>>): ShardView[] =>
  views.map((view) => ({ ...view, askedBy: requests[view.shard] }));

const grantedBy = (self: string, members: Member[], views: ShardView[], leaving: string[] = []): string[] =>
  [...granted(self, members, views, new Set(leaving))].sort();

describe("shares", () => {
  it.each([
    { shards: 12, weights: [1, 1, 1], caps: [], shares: ["4", "4", "4"] },
    { shards: 10, weights: [1, 1, 1], caps: [], shares: ["3-4", "3-4", "3-4"] },
    { shards: 2, weights: [1, 1, 1], caps: [], shares: ["0-1", "0-1", "0-1"] },
    { shards: 12, weights: [1, 2, 3], caps: [], shares: ["2", "4", "6"] },
    { shards: 10, weights: [1, 2, 3], caps: [], shares: ["1-2", "3-4", "5"] },
    { shards: 10, weights: [1, 100], caps: [], shares: ["0-1", "9-10"] },
    { shards: 9, weights: [0.1, 0.1, 0.1], caps: [], shares: ["3", "3", "3"] },
    { shards: 21, weights: [0.7, 0.1, 1.3], caps: [], shares: ["7", "1", "13"] },
    { shards: 10, weights: [1, 1, 1], caps: [2], shares: ["2", "4", "4"] },
    { shards: 9, weights: [2, 1], caps: [3], shares: ["3", "6"] },
    { shards: 12, weights: [1, 1, 2], caps: [Infinity, 2, 5], shares: ["5", "2", "5"] },
    { shards: 10, weights: [1, 1], caps: [2, 3], shares: ["2", "3"] },
    { shards: 4, weights: [1, 1], caps: [0], shares: ["0", "4"] },
    { shards: 4, weights: [1e300, 1e-300], caps: [3], shares: ["3", "1"] },
    { shards: 9, weights: [1e308, 1e308, 1e308], caps: [], shares: ["3", "3", "3"] },
    { shards: 4, weights: [0, 0], caps: [], shares: ["2", "2"] },
    { shards: 4, weights: [-1, 0], caps: [3], shares: ["2", "2"] },
    { shards: 0, weights: [1, 2], caps: [], shares: ["0", "0"] },
  ])(
    "of $shards shards by weights $weights and caps $caps are $shares",
    ({ shards, weights, caps, shares }) => {
      const members = weights.map((weight, i) => member(`w${i}`, weight, caps[i] ?? Infinity));
      const found = members.map(({ id }) => sharesOf(members, shards).get(id));
      expect(
        found.map((share) =>
          share?.floor === share?.ceiling ? `${share?.floor}` : `${share?.floor}-${share?.ceiling}`,
        ),
      ).toEqual(shares);
    },
  );
});

describe("a worker claims", () => {
  it("its own part of what is free, and nobody else's", () => {
    const views = group({ free: 12 });
    const claims = [ann, bob, cid].map(({ id }) => planOf(id, [ann, bob, cid], views).claim);
    expect(claims.map(({ length }) => length)).toEqual([4, 4, 4]);
    expect(new Set(claims.flat()).size).toBe(12);
  });

  it("neighbours by name apart, and what is anybody's in an order of its own", () => {
    const { claim } = planOf("ann", [ann, bob, cid, dee], group({ free: 100 }));
    const numbers = new Set(claim.map((shard) => Number(shard.slice(5))));
    const neighbours = [...numbers].filter((number) => numbers.has(number + 1));
    expect(neighbours.length).toBeLessThan(15);
    const orders = [ann, bob].map(({ id }) => {
      const views = [...group({ ann: 9, bob: 9 }), ...group({ free: 20 }, { freeLooks: 20 })];
      return planOf(id, [ann, bob, cid], views).claim;
    });
    expect([...(orders[0] ?? [])].sort()).toEqual([...(orders[1] ?? [])].sort());
    expect(orders[0]).not.toEqual(orders[1]);
  });

  it("one more than its floor only if none needs that to reach his own, and never two for one shard", () => {
    const views = group({ ann: 3, bob: 3, cid: 3, free: 1 });
    const claims = [ann, bob, cid].map(({ id }) => planOf(id, [ann, bob, cid], views).claim);
    expect(claims.flat()).toEqual(["free-1"]);
    const needed = group({ ann: 4, bob: 3, cid: 2, free: 1 });
    expect(planOf("cid", [ann, bob, cid], needed).claim).toEqual(["free-1"]);
    expect(planOf("bob", [ann, bob, cid], needed).claim).toEqual([]);
  });

  it("what is over, where it is furthest below its quota", () => {
    const members = [member("ann", 1), member("bob", 2)]; // quotas 3⅓ and 6⅔
    const views = group({ ann: 3, bob: 6, free: 1 });
    expect(planOf("bob", members, views).claim).toEqual(["free-1"]);
    expect(planOf("ann", members, views).claim).toEqual([]);
  });

  it("what it led itself first, also the one above its floor", () => {
    const views = [...group({ ann: 3, bob: 3 }), ...group({ free: 4 }, { lastHolder: "cid" })];
    expect(planOf("cid", [ann, bob, cid], views).claim).toHaveLength(4);
    expect(planOf("ann", [ann, bob, cid], views).claim).toEqual([]);
  });

  it("what is kept for it, and nothing that is kept for another", () => {
    const views = [...group({ ann: 2, bob: 1 }), ...group({ free: 1 }, { reservedFor: "bob" })];
    expect(planOf("bob", [ann, bob], views).claim).toEqual(["free-1"]);
    expect(planOf("ann", [ann, bob], views).claim).toEqual([]);
    expect(planOf("bob", [bob], group({ free: 2 }, { reservedFor: "gone" })).claim).toEqual([]);
  });

  it("what another should have claimed, after more than three looks, within its own cap", () => {
    const mine = (freeLooks: number, maxShards: number): number => {
      const views = [...group({ ann: 4 }), ...group({ free: 4 }, { freeLooks })];
      return planOf("ann", [member("ann", 1, maxShards), bob], views).claim.length;
    };
    expect(mine(3, Infinity)).toBe(0);
    expect(mine(4, Infinity)).toBe(2);
    expect(mine(5, Infinity)).toBe(4);
    expect(mine(5, 5)).toBe(1);
  });

  it("nothing above its cap, and nothing before it is a member", () => {
    expect(planOf("ann", [member("ann", 1, 2)], group({ free: 5 }, { freeLooks: 9 })).claim.length).toBe(2);
    expect(planOf("eve", [ann], group({ free: 5 }))).toEqual(NOTHING);
  });
});

describe("a worker may come to claim what is free", () => {
  const may = (maxShards: number, views: ShardView[]): boolean =>
    planOf("ann", [member("ann", 1, maxShards), bob], views).mayClaim;
  const views = group({ ann: 3, bob: 1, free: 1 });

  it("while it has room, also above its ceiling", () => {
    expect(planOf("ann", [ann, bob], views).claim).toEqual([]);
    expect([may(2, views), may(3, views), may(4, views), may(Infinity, views)]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it("also what is kept for another, and never what is led", () => {
    expect(may(4, group({ ann: 3, free: 1 }, { reservedFor: "bob" }))).toBe(true);
    expect(may(4, group({ ann: 3, bob: 1 }))).toBe(false);
  });
});

describe("a worker asks", () => {
  const holders = (self: string, members: Member[], views: ShardView[]): string[] =>
    planOf(self, members, views)
      .ask.map(({ holder }) => holder)
      .sort();

  it("the fullest, once for each shard that it lacks", () => {
    expect(holders("cid", [ann, bob, cid], group({ ann: 7, bob: 5 }))).toEqual(["ann", "ann", "ann", "bob"]);
    expect(holders("cid", [ann, bob, cid], group({ ann: 9, bob: 3 }))).toEqual(["ann", "ann", "ann", "ann"]);
  });

  it("who is furthest above its quota, and not who leads most", () => {
    const members = [member("ann", 4), bob, cid]; // quotas 8, 2 and 2
    expect(holders("cid", members, group({ ann: 8, bob: 4 }))).toEqual(["bob", "bob"]);
  });

  it("nobody for what it may claim", () => {
    expect(holders("cid", [ann, bob, cid], group({ ann: 6, bob: 4, free: 2 }))).toEqual(["ann", "ann"]);
    expect(holders("cid", [ann, bob, cid], group({ ann: 4, bob: 4, free: 4 }))).toEqual([]);
  });

  it("no more while its requests are on their way, but anew where they cannot be granted any more", () => {
    const requests = { "ann-1": "cid", "ann-2": "cid", "ann-3": "cid", "bob-1": "cid" };
    expect(holders("cid", [ann, bob, cid], asking(group({ ann: 7, bob: 5 }), requests))).toEqual([]);
    // ann has given three to dee since: her request to ann is as good as none.
    const late = asking(group({ ann: 3, bob: 6, dee: 3 }), { "ann-1": "cid" });
    expect(holders("cid", [ann, bob, cid, dee], late)).toEqual(["bob", "bob", "bob"]);
  });

  it("for what others in need have not asked for", () => {
    const views = asking(group({ ann: 5, bob: 5 }), { "ann-1": "dee", "ann-2": "dee", "bob-1": "eve" });
    // What ann has too many is dee's, but for one. eve is dead: what she asked for may be asked for again, last of all.
    const { ask } = planOf("cid", [ann, bob, cid, dee], views);
    expect(ask.map(({ holder }) => holder)).toEqual(["bob", "bob"]);
    expect(ask.map(({ shard }) => shard)).not.toContain("bob-1");
    const bobs = new Set(["ann-1", "ann-2", "ann-3"]);
    const all = group({ ann: 12 }).map(({ shard }) => [shard, bobs.has(shard) ? "bob" : "eve"]);
    const late12 = asking(group({ ann: 12 }), Object.fromEntries(all));
    const asks = [cid, dee].flatMap(({ id }) => planOf(id, [ann, bob, cid, dee], late12).ask);
    expect(asks.length).toBe(6);
    expect(asks.filter(({ shard }) => bobs.has(shard))).toEqual([]);
  });

  it("when nobody is below his floor, for as many as are above somebody's ceiling", () => {
    const views = group({ ann: 5, bob: 3, cid: 3 }); // 3⅔ each
    const asked = [bob, cid].flatMap(({ id }) => planOf(id, [ann, bob, cid], views).ask);
    expect(asked.map(({ holder }) => holder)).toEqual(["ann"]);
    expect(holders("bob", [ann, bob, cid], group({ ann: 4, bob: 4, cid: 3 }))).toEqual([]);
  });

  it("nobody who is no member, and leaves his shards out of the shares", () => {
    expect(planOf("ann", [ann, bob], group({ ann: 2, bob: 2, plain: 8 }))).toEqual(NOTHING);
  });
});

describe("a request that a row names", () => {
  const asked = (members: Member[], views: ShardView[]): readonly string[] =>
    planOf("cid", members, views).asked;
  const three = [ann, bob, cid];

  it("counts while its worker lacks shards that the holder can hand over", () => {
    const requests = { "ann-1": "cid", "ann-2": "cid", "bob-1": "cid", "bob-2": "dee" };
    expect(asked(three, asking(group({ ann: 6, bob: 5, cid: 1 }), requests))).toEqual(["ann", "bob"]);
    expect(asked(three, asking(group({ ann: 6, bob: 4, cid: 2 }), requests))).toEqual(["ann"]);
    const toCeiling = asking(group({ ann: 5, bob: 4, cid: 3, dee: 1 }), { "ann-1": "cid", "bob-1": "cid" });
    expect(asked([...three, member("dee", 1, 1)], toCeiling)).toEqual(["ann"]);
  });

  it("does not when he was served by others, or is none of the group any more", () => {
    const requests = { "ann-1": "cid", "bob-1": "cid" };
    expect(asked(three, asking(group({ ann: 4, bob: 4, cid: 4 }), requests))).toEqual([]);
    // Below its ceiling, and nobody is above his.
    expect(asked(three, asking(group({ ann: 4, bob: 4, cid: 3 }), requests))).toEqual([]);
    expect(asked([ann, bob], asking(group({ ann: 6, bob: 2 }), requests))).toEqual([]);
  });

  it("does not where the holder is no worker", () => {
    expect(asked([ann, cid], asking(group({ ann: 3, cid: 1, bob: 6 }), { "bob-1": "cid" }))).toEqual([]);
  });
});

describe("a worker hands over", () => {
  it("what it was asked for, as long as it is above its floor by its own count", () => {
    const views = asking(group({ ann: 6, bob: 2 }), { "ann-2": "bob", "ann-3": "bob", "ann-5": "bob" });
    expect(grantedBy("ann", [ann, bob], views)).toHaveLength(2);
    expect(grantedBy("ann", [ann, bob], asking(group({ ann: 4, bob: 4 }), { "ann-2": "bob" }))).toEqual([]);
    expect(grantedBy("ann", [ann, bob], group({ ann: 6, bob: 2 }))).toEqual([]);
  });

  it("nothing to the dead, and nothing to who has enough", () => {
    expect(grantedBy("ann", [ann, bob], asking(group({ ann: 6, bob: 2 }), { "ann-2": "eve" }))).toEqual([]);
    const views = asking(group({ ann: 7, bob: 4, cid: 1 }), { "ann-1": "bob", "ann-2": "cid" });
    expect(grantedBy("ann", [ann, bob, cid], views)).toEqual(["ann-2"]);
  });

  it("to the neediest first", () => {
    const views = asking(group({ ann: 4, bob: 2, cid: 1, dee: 5 }), { "ann-1": "bob", "ann-2": "cid" });
    expect(grantedBy("ann", [ann, bob, cid, dee], views)).toEqual(["ann-2"]);
  });

  it("counting what is leaving as gone, to whom it goes", () => {
    const views = asking(group({ ann: 6, bob: 2 }), { "ann-2": "bob", "ann-3": "bob", "ann-5": "bob" });
    expect(grantedBy("ann", [ann, bob], views, ["ann-2"])).toHaveLength(1);
    expect(grantedBy("ann", [ann, bob], views, ["ann-2", "ann-3"])).toEqual([]);
  });

  it("down to its ceiling only, when nobody is below his floor", () => {
    const requests = { "ann-1": "bob", "ann-2": "cid", "ann-3": "cid" };
    const views = asking(group({ ann: 5, bob: 3, cid: 3 }), requests);
    expect(grantedBy("ann", [ann, bob, cid], views)).toHaveLength(1);
    expect(grantedBy("ann", [ann, bob, cid], asking(group({ ann: 4, bob: 4, cid: 3 }), requests))).toEqual(
      [],
    );
  });

  it("not on the strength of what is kept for it", () => {
    const views = [
      ...asking(group({ ann: 2, bob: 1 }), { "ann-1": "bob" }),
      ...group({ free: 3 }, { reservedFor: "ann" }),
    ];
    expect(grantedBy("ann", [ann, bob], views)).toEqual([]);
  });
});
