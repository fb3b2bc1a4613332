import type { TenureLog } from "../history.ts";
import type { Role } from "../scenario.ts";
import type { SimProcess } from "./process.ts";
import type { World } from "./world.ts";

/** Who a host is among the candidates, and how it keeps and hands over its terms: the same in all its processes. */
export interface Identity {
  /** A declared-stable id. Only one process of a host lives at a time. */
  readonly id: string | undefined;
  readonly priority: number;
  readonly minTermMs: number | undefined;
  /** The options that each of its terms has. */
  readonly terms: {
    readonly durationMs?: number;
    readonly holdAtLeastMs: number;
    readonly lockDelayMs: number;
    readonly affinity?: string;
    readonly affinityMs?: number;
    readonly reserveForMs?: number;
    readonly drainMs?: number;
  };
}

/** The library's own `reserveForMs`. */
const RESERVE_FOR_MS = 10_000;

/** What marks ids that processes have one after another. */
export const STABLE = "stable:";

const identities = new WeakMap<World, Map<string, Identity>>();

/** Who a host is: settled by its first process. */
export function identityOf(world: World, { host }: SimProcess, role: Role): Identity {
  const known = identities.get(world) ?? new Map<string, Identity>();
  identities.set(world, known);
  const identity = known.get(host) ?? newIdentity(world, host, role);
  const { affinity } = identity.terms;
  if (!known.has(host) && affinity !== undefined) world.record({ kind: "labelled", host, affinity });
  known.set(host, identity);
  return identity;
}

function newIdentity(world: World, host: string, role: Role): Identity {
  const draws = world.chance.of(`${host}/person`);
  const { tenure = {} } = world.scenario;
  const { holdAtLeastMs = [0], lockDelayMs = [0], affinityMs = [10_000], lengths = [1] } = tenure;
  const stable = draws.happens(role.stable ?? 0);
  const length = draws.pick(lengths);
  const region = Math.floor(draws.fraction() * (role.regions ?? 0));
  return {
    id: stable ? `${STABLE}${host}` : undefined,
    priority: draws.pick(role.priorities ?? [0]),
    minTermMs: tenure.minTermMs && draws.pick(tenure.minTermMs),
    terms: {
      ...(length === 1 ? {} : { durationMs: Math.floor(world.settings.timing.durationMs * length) }),
      holdAtLeastMs: draws.pick(holdAtLeastMs),
      lockDelayMs: draws.pick(lockDelayMs),
      ...(role.regions === undefined
        ? {}
        : { affinity: `region-${region}`, affinityMs: draws.pick(affinityMs) }),
      ...(tenure.reserveForMs === undefined ? {} : { reserveForMs: draws.pick(tenure.reserveForMs) }),
      ...(tenure.drainMs === undefined ? {} : { drainMs: draws.pick(tenure.drainMs) }),
    },
  };
}

/** What a term's log says of its holder's wishes. */
export function tenureLogOf(identity: Identity, stands: boolean, durationMs: number): TenureLog {
  const { id, terms, priority, minTermMs } = identity;
  return {
    stands,
    stable: stands && id !== undefined,
    priority: stands ? priority : 0,
    minTermMs: stands ? (minTermMs ?? terms.durationMs ?? durationMs) : 0,
    holdAtLeastMs: terms.holdAtLeastMs,
    lockDelayMs: terms.lockDelayMs,
    reserveForMs: terms.reserveForMs ?? RESERVE_FOR_MS,
    affinity: terms.affinity,
    affinityMs: terms.affinityMs ?? 0,
  };
}
