import { AUXILIARY, shardRow } from "../../../lib/core/names.ts";
import type { LeaseRecord } from "../../../lib/core/record.ts";
import { addressOf } from "../address.ts";
import type { RowHand } from "../history.ts";
import { forgive, operate, type Actor } from "./actor.ts";
import { GROUP, type GroupGround } from "./ground.ts";
import { recurring } from "./troubles.ts";
import type { World } from "./world.ts";

const TTL_LOOK_MS = 5_000;

/** An operator of a group: looks, asks for shards for somebody or anybody, and frees some by force. */
export async function operateGroup(actor: Actor): Promise<void> {
  const { draws, world, role } = actor;
  const group = actor.newClient().group(GROUP);
  while (!world.faultsStopped) {
    await actor.sleep(draws.spread(500, 20_000));
    if (world.faultsStopped) return;
    const shard = draws.pick(world.ground?.shards ?? []);
    const force = draws.happens(role.force ?? 0);
    const looks = draws.happens(0.3);
    const ids = world.service.table
      .sortKeys(GROUP, AUXILIARY.session)
      .map((row) => row.slice(AUXILIARY.session.length));
    const reserveFor = draws.happens(0.4) ? draws.pick(ids) : undefined;
    const ask = (): Promise<unknown> => {
      if (looks) return group.status({ shards: world.ground?.shards });
      return force ? group.forceRelease(shard) : group.requestStepDown(shard, { reserveFor });
    };
    await operate(actor, "operate", {}, ask, () => "other").catch((error: unknown) => forgive(actor, error));
  }
}

/** Operators who delete rows of a group, vacate them, or put old copies back. */
export function groupHands(world: World, ground: GroupGround): void {
  const { table } = world.service;
  const draws = world.chance.of("operator/rows");
  const copies = new Map<string, LeaseRecord>();
  const touch = (
    by: RowHand,
    kind: Parameters<World["faults"]["add"]>[0],
    change: (row: string) => void,
  ): void =>
    recurring(
      world,
      kind,
      "operator",
      () => true,
      () => {
        const rows =
          kind === "session-delete" ? table.sortKeys(GROUP, AUXILIARY.session) : ground.shards.map(shardRow);
        const row = draws.pick(rows);
        const before = row === undefined ? undefined : table.get(GROUP, row);
        if (row === undefined || before === undefined) return;
        copies.set(row, copies.get(row) ?? before);
        change(row);
        world.faults.add(kind);
        const after = table.get(GROUP, row);
        world.record({ kind: "row", by, lease: addressOf({ name: GROUP, row }), before, after });
      },
    );
  touch("operator-delete", "operator-delete", (row) => table.put(GROUP, undefined, row));
  touch("operator-delete", "session-delete", (row) => table.put(GROUP, undefined, row));
  touch("operator-restore", "operator-restore", (row) => table.put(GROUP, copies.get(row), row));
  touch("operator-release", "operator-release", (row) => {
    const { holder: _, expiresAt: __, value: ___, ...kept } = table.get(GROUP, row) as LeaseRecord;
    table.put(GROUP, { ...kept, revision: kept.revision + 1, writeId: `operator.${world.agenda.now}` }, row);
  });
  changeShards(world, ground);
}

/** Shards that are no more, and new ones. */
function changeShards(world: World, ground: GroupGround): void {
  const draws = world.chance.of("operator/shards");
  let made = ground.shards.length;
  recurring(
    world,
    "shards-changed",
    "operator",
    () => true,
    () => {
      const gone = draws.pick(ground.shards);
      const others = ground.shards.filter((shard) => shard !== gone || ground.shards.length < 3);
      made += 1;
      ground.shards = draws.happens(0.5) ? others : [...ground.shards, `s${made}`];
      world.faults.add("shards-changed");
      world.record({ kind: "shards-are", shards: ground.shards });
    },
  );
}

/** Deletes rows some time after their `ttl`, as DynamoDB does. */
export function groupTimeToLive(world: World): void {
  const delay = world.chance.of("ttl").pick(world.scenario.ttlDelayMs ?? [Number.POSITIVE_INFINITY]);
  if (delay === Number.POSITIVE_INFINITY) return;
  const { table } = world.service;
  const look = (): void => {
    if (world.rate("ttl-delete") <= 0) return;
    for (const row of table.sortKeys(GROUP, "")) {
      const before = table.get(GROUP, row);
      if (before?.ttl === undefined || before.ttl * 1_000 + delay > world.service.now) continue;
      table.put(GROUP, undefined, row);
      world.faults.add("ttl-delete");
      world.record({
        kind: "row",
        by: "ttl",
        lease: addressOf({ name: GROUP, row }),
        before,
        after: undefined,
      });
    }
    world.agenda.in(world.scenario.lengthMs > 3_600_000 ? 300_000 : TTL_LOOK_MS, look);
  };
  look();
}
