import { recoveryBoundMs } from "../../../lib/core/timing.ts";
import type { Role } from "../scenario.ts";
import { type Actor, actorOf } from "./actor.ts";
import { GROUP } from "./ground.ts";
import type { SimProcess } from "./process.ts";
import { takePart } from "./working.ts";
import type { Witness } from "./witness.ts";
import type { World } from "./world.ts";

const SURVIVOR: Role = { role: "work", hosts: 1, fickle: 0 };

/** How long a group is given to come to rest, in retries and in ms, beside what I5 allows. */
const REST_RETRIES = 12;
const REST_MS = 6_000;
/** Whoever holds shards reads them once a minute: what only that finds is found by then. */
const MINUTE_MS = 70_000;

/**
 * The end of a group's history: faults stop. Either all die, or all live on; two workers join. Before long everything is led; when
 * nobody has come or gone for a while, it is shared as it should be. Then one of the two leaves, and what it led is led by others.
 */
export function groupFinale(world: World, witness: Witness): void {
  world.stopFaults();
  const draws = world.chance.of("finale");
  const die = draws.happens(0.5);
  const waits = draws.happens(0.35);
  for (const process of world.processes) {
    if (die) world.crash(process);
    else world.thaw(process);
  }
  world.record({ kind: "faults-stopped", left: die ? [] : ["all"] });
  const { timing } = world.settings;
  const leaving = ["newcomer", "heir"].map((host) => join(world, witness, host));
  const call = (): void => {
    world.rollCall();
    world.agenda.in(500, call);
  };
  call();
  const restMs = recoveryBoundMs(timing) + REST_RETRIES * timing.retryIntervalMs + REST_MS;
  world.agenda.in(waits ? Math.max(restMs, MINUTE_MS) : restMs, () => {
    world.rollCall();
    world.record({ kind: "at-rest" });
    const [first] = leaving;
    first?.process.deliver(() => first.stop.abort());
    world.agenda.in(3 * timing.retryIntervalMs + 1_500, () => world.finish());
  });
}

function join(world: World, witness: Witness, host: string): { process: SimProcess; stop: AbortController } {
  const process = world.spawn(host, 1);
  const actor: Actor = actorOf(world, process, witness, SURVIVOR, GROUP);
  const stop = new AbortController();
  process.deliver(() => {
    const client = actor.newClient();
    void takePart(actor, client, stop).catch((error: unknown) =>
      world.record({ kind: "surprise", process: process.name, error: String(error) }),
    );
  });
  return { process, stop };
}
