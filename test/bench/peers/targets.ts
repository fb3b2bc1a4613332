import type { FigureTarget } from "../part.ts";
import type { Entrant } from "./arena.ts";
import { type Contender, OURS } from "./contender.ts";
import type { Cycle } from "./plays/cycles.ts";
import type { HandOver } from "./plays/hand-over.ts";
import type { Standby } from "./plays/standbys.ts";
import { SUCCESSORS, type Takeover } from "./plays/takeover.ts";

const DURABLE = [
  ["DynamoDB", "engine"],
  ["Redis", "redis-always"],
  ["etcd", "etcd"],
] as const;

/** The fewest requests, and ahead of every durable peer. */
export function ofCycles(cycles: readonly Cycle[]): FigureTarget[] {
  return [
    ...least("requests per cycle", cycles, ({ requests }) => requests),
    ...DURABLE.flatMap(([of, server]) =>
      least(
        `ms per cycle, against the fastest durable one on ${of}`,
        cycles.filter(({ contender }) => contender.id === OURS || contender.server === server),
        ({ ms }) => ms.median,
      ),
    ),
  ];
}

/** The fewest requests. */
export function ofHandOvers(handOvers: readonly HandOver[]): FigureTarget[] {
  return alike("requests of a hand-over", handOvers, ({ requests }) => requests.median);
}

/** The fewest requests, and the fastest, whomever they trust. */
export function ofTakeovers(takeovers: readonly Takeover[]): FigureTarget[] {
  const trusting = takeovers.filter(({ contender }) => contender.trusts === "neither");
  const targets: FigureTarget[] = [];
  for (const by of SUCCESSORS) {
    const ms = (of: Takeover): number => of.by[by].ms.median;
    const requests = (of: Takeover): number => of.by[by].requests.median;
    targets.push(...alike(`requests of a takeover by one that ${by}`, takeovers, requests));
    const alone = "trusting neither wall clocks nor one server";
    targets.push(...least(`ms of a takeover by one that ${by}, ${alone}`, trusting, ms));
    targets.push(...least(`ms of a takeover by one that ${by}, all`, takeovers, ms));
  }
  return targets;
}

/** The fewest requests. */
export function ofStandbys(standbys: readonly Standby[]): FigureTarget[] {
  return [
    ...alike("requests a minute, 10 stand by, same settings", standbys, ({ equal }) => last(equal)),
    ...least("requests a minute, 10 stand by, all with their defaults", standbys, ({ defaults }) =>
      last(defaults),
    ),
  ];
}

function last(groups: Standby["equal"]): number {
  return groups.at(-1)?.requests ?? Number.NaN;
}

/** Beside those that wait alike, and beside all. */
function alike<T extends Entrant>(
  what: string,
  measured: readonly T[],
  figure: (of: T) => number,
): FigureTarget[] {
  const waiting = (waits: Contender["waits"]): T[] =>
    measured.filter(({ contender }) => contender.waits === waits);
  return [
    ...least(`${what}, looking at an interval`, waiting("interval"), figure),
    ...least(`${what}, looking once per duration`, waiting("duration"), figure),
    ...least(`${what}, all`, measured, figure),
  ];
}

/** This package's figure beside the least of the others'; nothing where it cannot be compared. */
function least<T extends Entrant>(
  what: string,
  measured: readonly T[],
  figure: (of: T) => number,
): FigureTarget[] {
  const own = measured.filter(({ contender }) => contender.package === undefined);
  const ours = own.find(({ contender }) => contender.id === OURS) ?? own[0];
  const theirs = measured.filter((of) => !own.includes(of)).map(figure);
  const atMost = Math.min(...theirs.filter((value) => !Number.isNaN(value)));
  if (ours === undefined || atMost === Infinity) return [];
  return [{ what, atMost, measured: figure(ours) }];
}
