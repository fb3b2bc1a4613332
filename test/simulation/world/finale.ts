import { recoveryBoundMs } from "../../../lib/core/timing.ts";
import type { Role } from "../scenario.ts";
import type { SimProcess } from "./process.ts";
import { during, lead, operate, release, type Actor, actorOf } from "./actor.ts";
import { tenureLogOf } from "./tenure.ts";
import type { Witness } from "./witness.ts";
import type { World } from "./world.ts";

const SURVIVOR: Role = { role: "campaign", hosts: 1, forgetful: 0, manual: 0, limited: 0 };

/** The terms of those who come at the end are as plain as can be. */
const PLAIN = { holdAtLeastMs: 0, lockDelayMs: 0 } as const;

/** How long after faults stopped the world waits at most for a leader, in ms: twice what I5 allows, to see. */
const PATIENCE = 2;

/**
 * The end of a history: faults stop, and somebody has to lead before long (I5). The dead stay dead: either all
 * candidates die now and a newcomer has to follow whatever they left in the table, or they all live on, awake
 * and undisturbed. The newcomer then resigns, and an heir that waits has to follow within one retry.
 */
export function finale(world: World, witness: Witness, lease: string): void {
  world.stopFaults();
  const die = world.chance.of("finale").happens(0.7);
  for (const process of world.processes) {
    if (die) world.crash(process);
    else world.thaw(process);
  }
  const newcomer = join(world, witness, lease, "newcomer");
  world.record({ kind: "faults-stopped", left: die ? [] : ["all"] });
  const bound = PATIENCE * recoveryBoundMs(world.settings.timing) + 120_000;
  const deadline = world.agenda.in(bound, () => world.finish());
  const rollCall = (): void => {
    world.rollCall();
    world.agenda.in(1_000, rollCall);
  };
  rollCall();
  newcomer.process.deliver(() => {
    void succession(newcomer, () => join(world, witness, lease, "heir"))
      .catch((error: unknown) =>
        world.record({ kind: "surprise", process: newcomer.process.name, error: String(error) }),
      )
      .finally(() => {
        deadline.happen = undefined;
        world.agenda.in(100, () => world.finish());
      });
  });
}

function join(world: World, witness: Witness, lease: string, host: string): Actor {
  const process: SimProcess = world.spawn(host, 1);
  return actorOf(world, process, witness, SURVIVOR, lease);
}

/** The newcomer waits, leads, resigns; the heir follows. */
async function succession(newcomer: Actor, nextOne: () => Actor): Promise<void> {
  const { world } = newcomer;
  await reign(newcomer, async (open) => {
    const heir = nextOne();
    const inherited = new Promise<void>((resolve, reject) => {
      heir.process.deliver(() => {
        reign(heir, () => Promise.resolve()).then(resolve, reject);
      });
    });
    await lead(newcomer, open, world.settings.timing.durationMs * 1.2);
    await release(newcomer, open, true);
    return inherited;
  });
}

async function reign(
  actor: Actor,
  use: (open: Parameters<typeof release>[1]) => Promise<void>,
): Promise<void> {
  const client = actor.newClient();
  const lease = await operate(
    actor,
    "acquire",
    {},
    () => client.acquire(actor.lease),
    () => "acquired",
  );
  const tenure = tenureLogOf(
    { ...actor.identity, terms: PLAIN },
    false,
    actor.world.settings.timing.durationMs,
  );
  if (lease === undefined) throw new Error(`${actor.process.name} gave up waiting`);
  await during(actor, lease, { tick: undefined, atMostOnce: false, manual: false, tenure }, use);
}
