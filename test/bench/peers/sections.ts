import type { FigureTable, Section } from "../part.ts";
import type { Absent, Arena, Played } from "./arena.ts";
import { plotOfCycles, plotOfTakeovers } from "./plots.ts";
import type { Cycle } from "./plays/cycles.ts";
import type { HandOver } from "./plays/hand-over.ts";
import type { Lost } from "./plays/lost.ts";
import type { Standby } from "./plays/standbys.ts";
import { SUCCESSORS, type Takeover } from "./plays/takeover.ts";
import { spreadCell } from "../figures.ts";
import { tableOf } from "./rows.ts";
import { lostTable, releasedTable } from "./lost-tables.ts";
import * as targets from "./targets.ts";
import * as words from "./words.ts";

/** All that was measured. */
export interface Figures {
  readonly cycles: readonly Cycle[];
  readonly handOvers: Played<HandOver>;
  readonly takeovers: Played<Takeover>;
  readonly standbys: Played<Standby>;
  readonly lost: Played<Lost>;
}

/** The sections of docs/performance.md. */
export function sectionsOf(arena: Arena, figures: Figures): Section[] {
  const { absent } = arena;
  const { cycles } = figures;
  const [handOvers, takeovers, standbys, lost] = [
    figures.handOvers.measured,
    figures.takeovers.measured,
    figures.standbys.measured,
    figures.lost.measured,
  ];
  const others = absent.filter(({ contender }) => contender.cyclesOnly !== true);
  const timed = absent.filter(({ contender }) => contender.notInCycles !== true);
  return [
    {
      title: "Against the alternatives: a lock acquired and released",
      text: words.CYCLES,
      tables: [cycleTable(cycles, timed)],
      plots: plotOfCycles(cycles),
      targets: targets.ofCycles(cycles),
    },
    {
      title: "Against the alternatives: hand-over, and takeover after a crash",
      text: words.changes(arena.settings),
      tables: [
        handOverTable(handOvers, [...others, ...figures.handOvers.failed]),
        takeoverTable(takeovers, arena, [...others, ...figures.takeovers.failed]),
      ],
      plots: plotOfTakeovers(takeovers),
      targets: [...targets.ofHandOvers(handOvers), ...targets.ofTakeovers(takeovers)],
    },
    {
      title: "Against the alternatives: standing by",
      text: words.standbys(arena.settings),
      tables: [standbyTable(standbys, [...others, ...figures.standbys.failed])],
      plots: [],
      targets: targets.ofStandbys(standbys),
    },
    {
      title: "Against the alternatives: lost answers, and fencing",
      text: words.lost(arena.settings),
      tables: [
        lostTable(lost, [...others, ...figures.lost.failed]),
        releasedTable(lost, [...others, ...figures.lost.failed]),
        fencingTable(arena),
      ],
      plots: [],
      targets: [],
    },
  ];
}

const SERVER_LABELS = {
  engine: "DynamoDB engine, in memory",
  redis: "Redis, its defaults: not durable",
  "redis-always": "Redis, each write synced to disk",
  etcd: "etcd, each write synced to disk",
} as const;

function cycleTable(cycles: readonly Cycle[], absent: readonly Absent[]): FigureTable {
  const columns = ["", "server", "requests per cycle", "of these reads", "ms per cycle"];
  return tableOf(columns, cycles, absent, ({ contender, requests, reads, ms }) => [
    SERVER_LABELS[contender.server],
    requests,
    reads,
    spreadCell(ms),
  ]);
}

function handOverTable(handOvers: readonly HandOver[], absent: readonly Absent[]): FigureTable {
  const columns = ["", "ms from release to acquired", "requests of both meanwhile"];
  return tableOf(columns, handOvers, absent, ({ ms, requests }) => [spreadCell(ms), spreadCell(requests)]);
}

function takeoverTable(
  takeovers: readonly Takeover[],
  { entrants }: Arena,
  absent: readonly Absent[],
): FigureTable {
  const columns = ["", ...SUCCESSORS.flatMap((by) => [`${by}: ms`, `${by}: requests`])];
  const never = entrants.flatMap(({ contender, label }) =>
    contender.noTakeover === undefined ? [] : [{ contender, label, why: contender.noTakeover }],
  );
  const most = Math.max(...takeovers.flatMap(({ by }) => SUCCESSORS.map((one) => by[one].samples)));
  const share = (samples: number): string => (samples < most ? `, ${samples} of ${most}` : "");
  return tableOf(columns, takeovers, [...absent, ...never], ({ by }) =>
    SUCCESSORS.flatMap((successor) => [
      `${spreadCell(by[successor].ms)}${share(by[successor].samples)}`,
      spreadCell(by[successor].requests),
    ]),
  );
}

function standbyTable(standbys: readonly Standby[], absent: readonly Absent[]): FigureTable {
  const columns = [
    "requests a minute",
    "1, same settings",
    "10, same settings",
    "1, defaults",
    "10, defaults",
    "defaults",
  ];
  const cell = ({ requests, reads }: Standby["equal"][number]): string =>
    `${Math.round(requests)} (${Math.round(reads)} reads)`;
  return tableOf(columns, standbys, absent, ({ contender, equal, defaults }) => [
    ...[...equal, ...defaults].map(cell),
    contender.defaults,
  ]);
}

function fencingTable({ entrants, absent }: Arena): FigureTable {
  const columns = ["", "a fencing token, and who checks it"];
  const seen = new Set<string>();
  const all = [...entrants, ...absent].filter(({ contender: { cyclesOnly, id } }) => {
    const isNew = cyclesOnly !== true && !seen.has(id);
    seen.add(id);
    return isNew;
  });
  return { columns, rows: all.map(({ contender, label }) => [label, contender.fencing]) };
}
