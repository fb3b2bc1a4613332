import type { TenureLog } from "../history.ts";
import type { Role } from "../scenario.ts";
import type { SimProcess } from "./process.ts";
import type { World } from "./world.ts";

/** Who a host is among the candidates, and how it keeps and hands over its terms: the same in all its processes. */
export interface Person {
  /** A declared-stable id. Only one process of a host lives at a time. */
  readonly id: string | undefined;
  readonly priority: number;
  /** The id that all hosts of its region share. */
  readonly region: string | undefined;
  readonly settleMs: number | undefined;
  readonly stickyForMs: number;
  /** The options that each of its terms has. */
  readonly terms: {
    readonly durationMs?: number;
    readonly holdAtLeastMs: number;
    readonly reclaimDelayMs: number;
    readonly reserveForMs?: number;
    readonly drainMs?: number;
  };
}

/** The library's own `reserveForMs`. */
const RESERVE_FOR_MS = 10_000;

/** What marks ids that processes share, one after another or side by side. */
export const STABLE = "stable:";
export const REGION = "region:";

const persons = new WeakMap<World, Map<string, Person>>();

/** Who a host is: settled by its first process. */
export function personOf(world: World, { host }: SimProcess, role: Role): Person {
  const known = persons.get(world) ?? new Map<string, Person>();
  persons.set(world, known);
  const person = known.get(host) ?? newPerson(world, host, role);
  known.set(host, person);
  return person;
}

function newPerson(world: World, host: string, role: Role): Person {
  const draws = world.chance.of(`${host}/person`);
  const { tenure = {} } = world.scenario;
  const { holdAtLeastMs = [0], reclaimDelayMs = [0], stickyForMs = [10_000], lengths = [1] } = tenure;
  const stable = draws.happens(role.stable ?? 0);
  const length = draws.pick(lengths);
  const region = Math.floor(draws.fraction() * (role.regions ?? 0));
  return {
    id: stable ? `${STABLE}${host}` : undefined,
    priority: draws.pick(role.priorities ?? [0]),
    region: role.regions === undefined ? undefined : `${REGION}${region}`,
    settleMs: tenure.settleMs && draws.pick(tenure.settleMs),
    stickyForMs: draws.pick(stickyForMs),
    terms: {
      ...(length === 1 ? {} : { durationMs: Math.floor(world.settings.timing.durationMs * length) }),
      holdAtLeastMs: draws.pick(holdAtLeastMs),
      reclaimDelayMs: draws.pick(reclaimDelayMs),
      ...(tenure.reserveForMs === undefined ? {} : { reserveForMs: draws.pick(tenure.reserveForMs) }),
      ...(tenure.drainMs === undefined ? {} : { drainMs: draws.pick(tenure.drainMs) }),
    },
  };
}

/** What a term's log says of its holder's wishes. */
export function tenureLogOf(person: Person, identity: TenureLog["identity"], durationMs: number): TenureLog {
  const { terms, priority, settleMs, stickyForMs } = person;
  const stands = identity === "lasting" || identity === "stable";
  return {
    identity,
    priority: stands ? priority : 0,
    settleMs: stands ? (settleMs ?? terms.durationMs ?? durationMs) : 0,
    holdAtLeastMs: terms.holdAtLeastMs,
    reclaimDelayMs: terms.reclaimDelayMs,
    reserveForMs: terms.reserveForMs ?? RESERVE_FOR_MS,
    stickyForMs: identity === "shared" ? stickyForMs : 0,
  };
}
