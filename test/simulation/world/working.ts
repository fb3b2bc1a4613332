import type { StoreLeaseClient } from "../../../lib/client/lease-client.ts";
import type { Lease } from "../../../lib/client/lease.ts";
import type { MemberLog } from "../history.ts";
import { during, forgive, operate, type Actor, type TermWishes, WORK_FAILED } from "./actor.ts";
import { GROUP } from "./ground.ts";
import { tenureLogOf } from "./tenure.ts";
import type { OpenTerm } from "./terms.ts";

/** How often a process that has left closes its client. */
const CLOSES = 0.5;
/** How often the function of the shards is asked, in ms. */
const SHARDS_INTERVAL_MS = 4_000;
/** How much of what a worker does goes on for ever until it is told to stop. */
const FICKLE = 0.2;

/** What a term of a shard is asked for: as its host says. */
export function shardWishes({ identity, world }: Actor): TermWishes {
  const tenure = tenureLogOf(identity, false, world.settings.timing.durationMs);
  return { tick: undefined, atMostOnce: false, manual: false, tenure };
}

/** Takes part in the group as a worker: for a while, then leaves, and comes back. */
export async function work(actor: Actor): Promise<void> {
  const { draws, role, world } = actor;
  while (!world.faultsStopped) {
    const client = actor.newClient();
    const stop = new AbortController();
    const stayMs = role.stayMs === undefined ? Infinity : draws.spread(...role.stayMs);
    const leave = (): void => {
      if (!world.faultsStopped) stop.abort();
    };
    if (stayMs < Infinity) actor.process.timer(stayMs, leave);
    await takePart(actor, client, stop);
    if (draws.happens(CLOSES)) await actor.close(client).catch((error: unknown) => forgive(actor, error));
    await actor.sleep(draws.spread(...(role.awayMs ?? ([50, 10_000] as const))));
  }
}

/** One run of a worker, until the signal is aborted. */
export async function takePart(actor: Actor, client: StoreLeaseClient, stop: AbortController): Promise<void> {
  const { world, process, identity, role } = actor;
  const { id, terms } = identity;
  const { lockDelayMs, drainMs, reserveForMs } = terms;
  const person = world.chance.of(`${process.host}/share`);
  const weight = person.pick(role.weights ?? [1]);
  const maxShards = person.pick(role.caps ?? [Infinity]);
  const shards = (): readonly string[] => world.ground?.shards ?? [];
  const worker = client.group(GROUP, { lockDelayMs }).worker({
    shards,
    shardsIntervalMs: SHARDS_INTERVAL_MS,
    weight,
    ...(maxShards === Infinity ? {} : { maxShards }),
    id,
    drainMs,
    reserveForMs,
  });
  const member: MemberLog = { id: worker.id, weight, maxShards };
  world.record({ kind: "worker-joined", process: process.name, member });
  stop.signal.addEventListener("abort", () =>
    world.record({ kind: "worker-leaving", process: process.name, id: member.id }),
  );
  const wishes = shardWishes(actor);
  await operate(
    actor,
    "work",
    {},
    () => worker.run((lease) => during(actor, lease, wishes, (open) => toil(actor, open)), stop),
    () => "other",
  );
  world.record({ kind: "worker-left", process: process.name, id: member.id });
}

/** Does the work of a shard: until it is told to stop, or has had enough of it. */
export async function toil(actor: Actor, open: OpenTerm): Promise<void> {
  const { draws, process, world, role } = actor;
  const { durationMs } = world.settings.timing;
  const { log, lease } = open;
  const told = wakesBy(lease);
  const calm = Object.keys(world.scenario.rates).length === 0;
  // Workers hold their shards until they leave where nothing goes wrong; whoever is none gives them up one by one.
  const fickle = draws.happens(role.fickle ?? FICKLE) && (!calm || role.role === "hold");
  const until = fickle ? process.now().mono + draws.spread(0.02, 4) * durationMs : Infinity;
  while (lease.isHeld() && !told.aborted) {
    if (process.now().mono >= until && !world.faultsStopped) break;
    if (draws.happens(0.3)) actor.witness.write(log, process.lagMs);
    await actor.sleep(draws.spread(0.2, 3) * durationMs, told);
  }
  const drains = told.aborted && !lease.signal.aborted && !calm;
  // Some let their work drain in time, some have to be stopped, and some take their time even then.
  if (drains) await actor.sleep(draws.spread(1, 6_000), draws.happens(0.8) ? lease.signal : undefined);
  if (draws.happens(0.3)) actor.witness.write(log, process.lagMs);
  const throws = draws.happens(0.4) && !calm;
  const how = told.aborted ? "told" : throws ? "threw" : "returned";
  world.record({ kind: "release-asked", term: log, completed: false });
  world.record({ kind: "work-over", term: log, how, ...process.ahead });
  if (throws) throw WORK_FAILED;
}

/** A signal that is aborted when a leader is told to stop, or to hand over. */
function wakesBy(lease: Lease): AbortSignal {
  const told = new AbortController();
  if (lease.signal.aborted) told.abort();
  lease.signal.addEventListener("abort", () => told.abort());
  void lease.handover.then(() => told.abort());
  return told.signal;
}
