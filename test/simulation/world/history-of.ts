import type { History } from "../history.ts";
import type { Role, Scenario } from "../scenario.ts";
import { finale } from "./finale.ts";
import { GROUP } from "./ground.ts";
import { groupFinale } from "./group-finale.ts";
import { groupHands, groupTimeToLive } from "./group-hands.ts";
import type { SimProcess } from "./process.ts";
import { type Player, play } from "./roles.ts";
import { actorOf } from "./actor.ts";
import { hands, recurring, timeToLive, trouble } from "./troubles.ts";
import { Witness } from "./witness.ts";
import type { Tamper } from "./tamper.ts";
import { World } from "./world.ts";

/** The lease that all candidates of a history contend for. */
export const LEASE = "nightly-close";

interface Host {
  readonly name: string;
  readonly role: Role;
  generation: number;
  process: SimProcess | undefined;
  player: Player | undefined;
}

/** A history under way. Let it `step` until it says false, letting promises proceed in between. */
export interface Play {
  step(): boolean;
  history(): History;
}

/** Sets a scenario up with a seed. The same two give the same history, event by event. */
export function historyOf(scenario: Scenario, seed: number, tamper?: Tamper): Play {
  const world = new World(scenario, seed, tamper);
  const witness = new Witness(world);
  const hosts = hostsOf(scenario);
  let open = true;

  const { ground } = world;

  const start = (host: Host): void => {
    host.generation += 1;
    const process = world.spawn(host.name, host.generation);
    const actor = actorOf(world, process, witness, host.role, ground === undefined ? LEASE : GROUP);
    host.process = process;
    host.player = play(actor);
    const downtime = world.chance.of(`${process.name}/downtime`).spread(5, 30_000);
    trouble(world, process, host.role.freezes ?? false, () => comeBack(host, downtime));
  };
  const comeBack = (host: Host, downtime: number): void => {
    world.agenda.in(downtime, () => {
      if (!open) return;
      world.faults.add("restart");
      start(host);
    });
  };
  const arrivals = world.chance.of("arrivals");
  for (const host of hosts) {
    world.agenda.in(arrivals.pick([0, arrivals.between(0, 5_000)]), () => start(host));
  }
  schedule(world, hosts);
  if (ground === undefined) {
    hands(world, LEASE);
    timeToLive(world, LEASE);
  } else {
    world.record({ kind: "shards-are", shards: ground.shards });
    groupHands(world, ground);
    groupTimeToLive(world);
    waves(world, hosts, comeBack);
  }
  world.agenda.at(scenario.lengthMs, () => {
    open = false;
    if (ground === undefined) finale(world, witness, LEASE);
    else groupFinale(world, witness);
  });
  return { step: () => world.step(), history: () => world.history() };
}

/** How many die at once, at most. */
const WAVE = 4;

/** Some processes die at the same instant, and come back together or one by one. */
function waves(world: World, hosts: readonly Host[], comeBack: (host: Host, downtime: number) => void): void {
  const draws = world.chance.of("waves");
  recurring(
    world,
    "wave",
    "hosts",
    () => true,
    () => {
      const alive = hosts.filter(({ process }) => process?.running);
      const first = Math.floor(draws.between(0, alive.length));
      const together = draws.happens(0.5);
      const downtime = draws.spread(5, 20_000);
      world.faults.add("wave");
      for (const host of [...alive, ...alive].slice(first, first + Math.min(WAVE, alive.length))) {
        if (host.process !== undefined) world.crash(host.process);
        comeBack(host, together ? downtime : draws.spread(5, 20_000));
      }
    },
  );
}

function hostsOf(scenario: Scenario): Host[] {
  const hosts: Host[] = [];
  for (const role of scenario.roles) {
    for (let count = 0; count < role.hosts; count += 1) {
      const name = `${role.role}-${hosts.length + 1}`;
      hosts.push({ name, role, generation: 0, process: undefined, player: undefined });
    }
  }
  return hosts;
}

/** Delivers occurrences to hosts of the schedule: at least once, now and then late, now and then twice. */
function schedule(world: World, hosts: readonly Host[]): void {
  const served = hosts.filter(({ role }) => role.role === "schedule");
  if (served.length === 0) return;
  const { tickEveryMs = 30_000, skippedTicks = 0, lengthMs } = world.scenario;
  const draws = world.chance.of("schedule");
  const atMostOnce = draws.happens(0.4);
  const deliver = (tick: string, inMs: number): void => {
    const host = draws.pick(served);
    world.agenda.in(inMs, () => {
      if (world.agenda.now < lengthMs) host.player?.deliver({ tick, atMostOnce });
    });
  };
  const occur = (): void => {
    if (world.agenda.now + tickEveryMs < lengthMs) world.agenda.in(tickEveryMs, occur);
    if (skippedTicks > 0 && draws.happens(skippedTicks)) return;
    const tick = new Date(world.service.now).toISOString();
    const late = draws.happens(world.rate("late-tick"));
    if (late) world.faults.add("late-tick");
    deliver(tick, late ? draws.spread(1_000, 3 * tickEveryMs) : draws.between(0, 50));
    while (draws.happens(Math.min(0.6, world.rate("duplicate-tick")))) {
      world.faults.add("duplicate-tick");
      deliver(tick, draws.spread(1, 2 * tickEveryMs));
    }
  };
  world.agenda.in(draws.between(0, tickEveryMs), occur);
}
