import { describe, expect, it } from "vitest";
import { requestTransfer, revoke, rewind } from "../../lib/core/auxiliary-writes.ts";
import type { LeaseWrite } from "../../lib/core/lease-write.ts";
import { sessionRow, shardRow } from "../../lib/core/names.ts";
import { abandonShard, bury, proclaimShard, ring, voidClaim } from "../../lib/core/shard-writes.ts";
import { epochMs } from "../../lib/core/units.ts";
import { claim, release, renew, takeOver } from "../../lib/core/writes.ts";
import { updateOf } from "../../lib/dynamodb/expressions.ts";
import { granted, LEASES } from "../support/grants.ts";
import { isAllowed } from "../support/iam.ts";
import { askedBy } from "../support/under-policy.ts";

const now = epochMs(1_795_842_000_000);
const group = { name: "orders", writeId: "w", now, durationMs: 10_000, timed: true, retentionMs: 1 };
const of = { holder: "node-a", tick: undefined, claimsTick: false };
const session = { ...group, ...of, row: sessionRow("node-a") };
const shard = { ...group, ...of, row: shardRow("7"), sessionToken: 5 };
const seen = { ...group, holder: "node-a", token: 5, revision: 3, transitions: 1 };
const seenSession = { ...seen, row: sessionRow("node-a"), expiresAt: now, weight: 1 };
const seenShard = { ...seen, row: shardRow("7"), sessionToken: 5 };
const mine = { name: "orders", holder: "node-a", token: 5 };

/** What those send who take part in a group. */
const TAKING_PART: Readonly<Record<string, LeaseWrite>> = {
  "opens a session": claim({ ...session, weight: 2, maxShards: 8 }),
  "opens a session that is no worker's": claim(session),
  "takes a session over": takeOver(session, seenSession),
  "renews a session": renew(seenSession, session),
  "ends its session": release(
    { ...mine, row: sessionRow("node-a") },
    { writeId: "w", ttl: 1, tick: undefined },
  ),
  "ends another's session": bury(seenSession, { writeId: "w", now }),
  "claims a shard": claim(shard),
  "takes a shard over": takeOver(shard, seenShard),
  "gives a shard up": release({ ...mine, row: shardRow("7") }, { writeId: "w", ttl: 1, tick: undefined }),
  "proclaims on a shard": proclaimShard(seenShard, { writeId: "w", now, value: 1 }),
  "settles a claim": voidClaim(claim(shard), "w", 1),
  "gives a claim back": abandonShard(claim(shard), "w", 1),
};

/** What operators send. */
const OPERATING: Readonly<Record<string, LeaseWrite>> = {
  "asks for a shard": requestTransfer(seenShard, { writeId: "w", by: "", priority: 2 ** 52 }),
  "has a worker look": ring("orders", mine, { writeId: "w", bell: "b" }),
  "vacates a shard": revoke(seenShard, "w"),
  "opens a shard that is kept for somebody": revoke(
    { ...seenShard, holder: undefined, reservedFor: "b" },
    "w",
  ),
  "sets a shard's tick back": rewind(seenShard, { writeId: "w", from: "2", to: "1" }),
};

const campaign = granted((table, role) => table.grantCampaign(role, "orders")).statements();
const operate = granted((table, role) => table.grantOperate(role, "orders")).statements();
const observe = granted((table, role) => table.grantObserve(role, "orders")).statements();

async function may(statements: typeof campaign, write: LeaseWrite): Promise<boolean> {
  const [asked] = askedBy("UpdateItem", { TableName: LEASES, ...updateOf(write) });
  if (asked === undefined) throw new Error("a write asks nothing of IAM");
  return isAllowed(statements, asked);
}

describe("the rows of a group", () => {
  it.each(Object.entries(TAKING_PART))(
    "grantCampaign of the group's name covers who %s, and neither of the others does",
    async (_, write) => {
      const allowed = await Promise.all([campaign, operate, observe].map((role) => may(role, write)));
      expect(allowed).toEqual([true, false, false]);
      expect(await may(campaign, { ...write, name: "orders-2" })).toBe(false);
    },
  );

  it.each(Object.entries(OPERATING))("grantOperate covers who %s", async (_, write) => {
    const allowed = await Promise.all([campaign, operate, observe].map((role) => may(role, write)));
    expect(allowed).toEqual([true, true, false]);
    expect(await may(operate, { ...write, name: "orders-2" })).toBe(false);
  });
});
