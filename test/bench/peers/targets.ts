import type { FigureTarget } from "../part.ts";
import type { Entrant } from "./arena.ts";
import { type Contender, OURS } from "./contender.ts";
import type { Cycle } from "./plays/cycles.ts";
import type { HandOver } from "./plays/hand-over.ts";
import type { Standby } from "./plays/standbys.ts";
import { SUCCESSORS, type Successor, type Takeover } from "./plays/takeover.ts";

/** Beside whom a figure is held, and what stands in the way of being ahead. */
interface Aim {
  readonly what: string;
  readonly because?: string;
}

/** The durable peers by their servers, and what makes them fast. */
const DURABLE = [
  ["DynamoDB", "engine", "version 2 of the SDK takes less CPU, and its lock has no time, token or expiry"],
  ["Redis", "redis-always", "a command of Redis is neither signed nor JSON over HTTP"],
  ["etcd", "etcd", "a request of gRPC is neither signed nor JSON"],
] as const;

/** The fewest requests, and ahead of every durable peer. */
export function ofCycles(cycles: readonly Cycle[]): FigureTarget[] {
  return [
    ...least({ what: "requests per cycle" }, cycles, ({ requests }) => requests),
    ...DURABLE.flatMap(([of, server, because]) =>
      least(
        { what: `ms per cycle, against the fastest durable one on ${of}`, because },
        cycles.filter(({ contender }) => contender.id === OURS || contender.server === server),
        ({ ms }) => ms.median,
      ),
    ),
  ];
}

/** The fewest requests. */
export function ofHandOvers(handOvers: readonly HandOver[]): FigureTarget[] {
  const because = "who waits looks before it claims: a look costs a fifth of a write";
  return alike({ what: "requests of a hand-over", because }, handOvers, ({ requests }) => requests.median);
}

const LEARNS = "the first request learns the service's time, by which the second claims";

/** Why somebody else sends less, or is earlier, by who takes over. */
const LATER: Readonly<Record<Successor, { readonly requests: string; readonly ms: string }>> = {
  stays: {
    requests: "it waits for longer and looks meanwhile, where others trust a clock or are told",
    ms: "it waits until 1.5 s after the term, as it trusts no single clock",
  },
  "comes at once": {
    requests: "it waits for longer, as it trusts no single clock, and looks before it claims",
    ms: "it watches for 1 % more than the duration, since clocks drift, and then for a chance part of 1 s, against herds",
  },
  "comes late": { requests: LEARNS, ms: LEARNS },
};

/** The fewest requests, and the fastest, whomever they trust. */
export function ofTakeovers(takeovers: readonly Takeover[]): FigureTarget[] {
  const trusting = takeovers.filter(({ contender }) => contender.trusts === "neither");
  const targets: FigureTarget[] = [];
  for (const by of SUCCESSORS) {
    const ms = (of: Takeover): number => of.by[by].ms.median;
    const requests = (of: Takeover): number => of.by[by].requests.median;
    const later = LATER[by];
    const most = { what: `requests of a takeover by one that ${by}`, because: later.requests };
    targets.push(...alike(most, takeovers, requests));
    const aim = (whom: string): Aim => ({
      what: `ms of a takeover by one that ${by}, ${whom}`,
      because: later.ms,
    });
    targets.push(...least(aim("trusting neither wall clocks nor one server"), trusting, ms));
    targets.push(...least(aim("all"), takeovers, ms));
  }
  return targets;
}

/** The fewest requests. */
export function ofStandbys(standbys: readonly Standby[]): FigureTarget[] {
  const equal = {
    what: "requests a minute, 10 stand by, same settings",
    because: "the interval decides: where it is the same, chance does",
  };
  const defaults = {
    what: "requests a minute, 10 stand by, all with their defaults",
    because: "DynamoDB tells nobody of a change; who looks seldom learns late (`retryIntervalMs`)",
  };
  return [
    ...alike(equal, standbys, (of) => last(of.equal)),
    ...least(defaults, standbys, (of) => last(of.defaults)),
  ];
}

function last(groups: Standby["equal"]): number {
  return groups.at(-1)?.requests ?? Number.NaN;
}

/** Beside those that wait alike, and beside all. */
function alike<T extends Entrant>(
  { what, ...rest }: Aim,
  measured: readonly T[],
  figure: (of: T) => number,
): FigureTarget[] {
  const waiting = (waits: Contender["waits"]): T[] =>
    measured.filter(({ contender }) => contender.waits === waits);
  const aim = (whom: string): Aim => ({ what: `${what}, ${whom}`, ...rest });
  return [
    ...least(aim("looking at an interval"), waiting("interval"), figure),
    ...least(aim("looking once per duration"), waiting("duration"), figure),
    ...least(aim("all"), measured, figure),
  ];
}

/** This package's figure beside the least of the others'; nothing where it cannot be compared. */
function least<T extends Entrant>(
  aim: Aim,
  measured: readonly T[],
  figure: (of: T) => number,
): FigureTarget[] {
  const own = measured.filter(({ contender }) => contender.package === undefined);
  const ours = own.find(({ contender }) => contender.id === OURS) ?? own[0];
  const theirs = measured.filter((of) => !own.includes(of) && !Number.isNaN(figure(of)));
  const atMost = Math.min(...theirs.map(figure));
  const best = theirs.find((of) => figure(of) === atMost);
  if (ours === undefined || best === undefined) return [];
  return [{ ...aim, atMost, whose: best.label, measured: figure(ours) }];
}
