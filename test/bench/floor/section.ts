import { cellOf, type Spread, spreadCell, spreadOf } from "../figures.ts";
import type { FigurePlot, FigureTable, FigureTarget, Section } from "../part.ts";
import type { Amount, Round } from "./rounds.ts";
import type { Operation } from "./scripts.ts";
import type { Bytes } from "./wire.ts";

type ContenderName = "leasehold" | "bare" | "minimal";

/** One operation in one place, by all contenders, round by round. */
export interface Measurement {
  readonly on: "engine" | "stub";
  readonly operation: Operation;
  readonly rounds: Readonly<Record<ContenderName, readonly Round[]>>;
}

/** What the part has found. */
export interface Findings {
  readonly measurements: readonly Measurement[];
  readonly wire: readonly {
    readonly operation: Operation;
    readonly of: "ours" | "minimal";
    readonly commands: readonly Bytes[];
  }[];
  readonly amounts: { readonly engine: Amount; readonly stub: Amount };
}

const WHO: Readonly<Record<ContenderName, string>> = {
  leasehold: "leasehold",
  bare: "the same commands, bare",
  minimal: "minimal commands, bare",
};
const WHERE = { engine: "engine", stub: "no network" } as const;
const MOST = { wallUs: 1.1, cpuUs: 1.25 } as const;

/** Tells what was found. */
export function sectionOf(findings: Findings): Section {
  const { measurements, amounts } = findings;
  const { engine, stub } = amounts;
  return {
    title: "Against the floor",
    text: [
      "What the package costs beyond what it sends. Acquire and release is `acquire()` on a vacant lease and `release()`: two commands. Renew is `renew()` of a held lease, and refusal `tryAcquire()` of a lease that another holds: one command each.",
      "The same commands, bare, are the inputs of exactly the `UpdateItem`s that the package had sent, recorded before and sent again in their order by `client.send(new UpdateItemCommand(input))` through the same SDK client. They have no deadline, nobody reads their answers, and what they say was put together beforehand: nobody could use them so. Minimal commands are the smallest conditional `UpdateItem`s that make a lock: no fencing token, no row in the answer, no telling apart of one's own write after a lost response, and no clock but one's own.",
      `On the engine a round has each contender do it ${engine.times} times, in ${engine.rounds} rounds; without a network, where a stub in place of the SDK's HTTP handler answers at once with what the engine had answered, ${stub.times} times in ${stub.rounds} rounds. ${engine.uncounted} and ${stub.uncounted} rounds before these, while code is compiled, do not count. Wall is the median of a round's single times, CPU the process's user and system time by the operation, the engine's own not among it.`,
      "Ratios are formed within each round, and are what to look at: single times depend on what else the machine does. Without a network the wall time is CPU and whatever the machine gave to others, so it has no target. On AWS the network and the service take milliseconds that are the same for all three, so there the ratios of wall time are nearer to 1.",
      "What is above the bare commands: a deadline and its abort signal for each request, for which the SDK races promises; ids of random bits drawn anew (ADR 16); clocks read before and after; the row of the answer turned into a record; and the machine of the term. How much each of them takes is not told apart here.",
    ],
    tables: [ratioTable(measurements), timeTable(measurements), wireTable(findings)],
    plots: [plotOf(measurements)],
    targets: measurements.flatMap((measurement) => targetsOf(measurement)),
  };
}

function ratios({ rounds }: Measurement, of: keyof Round, by: ContenderName): Spread {
  return spreadOf(rounds.leasehold.map((round, at) => round[of] / (rounds[by][at]?.[of] ?? Number.NaN)));
}

function ratioTable(measurements: readonly Measurement[]): FigureTable {
  return {
    columns: ["operation", "where", "wall, x bare", "CPU, x bare", "wall, x minimal", "CPU, x minimal"],
    rows: measurements.map((one) => [
      one.operation,
      WHERE[one.on],
      spreadCell(ratios(one, "wallUs", "bare")),
      spreadCell(ratios(one, "cpuUs", "bare")),
      spreadCell(ratios(one, "wallUs", "minimal")),
      spreadCell(ratios(one, "cpuUs", "minimal")),
    ]),
  };
}

function timeTable(measurements: readonly Measurement[]): FigureTable {
  return {
    columns: ["operation", "where", "by", "wall, µs", "CPU, µs"],
    rows: measurements.flatMap(({ operation, on, rounds }) =>
      (Object.keys(WHO) as ContenderName[]).map((who) => {
        const of = (what: keyof Round): string =>
          spreadCell(spreadOf(rounds[who].map((round) => round[what])));
        return [operation, WHERE[on], WHO[who], of("wallUs"), of("cpuUs")];
      }),
    ),
  };
}

function wireTable({ wire }: Findings): FigureTable {
  return {
    columns: ["operation", "commands", "requests", "bytes sent", "bytes received"],
    rows: wire.map(({ operation, of, commands }) => [
      operation,
      of === "ours" ? "leasehold's" : "minimal",
      commands.length,
      commands.map(({ sent }) => cellOf(sent)).join(" + "),
      commands.map(({ received }) => cellOf(received)).join(" + "),
    ]),
  };
}

function targetsOf(measurement: Measurement): FigureTarget[] {
  const { operation, on } = measurement;
  const target = (what: keyof typeof MOST, name: string): FigureTarget => ({
    what: `${operation}, ${WHERE[on]}: ${name} by that of the same commands bare`,
    atMost: MOST[what],
    measured: ratios(measurement, what, "bare").median,
    because: "what stands above is spread thinly over the request, the answer and the term (ADR 36)",
  });
  const cpu = target("cpuUs", "CPU time");
  return on === "engine" ? [target("wallUs", "wall time"), cpu] : [cpu];
}

function plotOf(measurements: readonly Measurement[]): FigurePlot {
  const values = measurements.flatMap(({ operation, on, rounds }) =>
    (Object.keys(WHO) as ContenderName[]).map((who) => {
      const { median, low, high } = spreadOf(rounds[who].map(({ cpuUs }) => cpuUs));
      return { operation, where: WHERE[on], who: WHO[who], median, low, high };
    }),
  );
  const y = { field: "who", title: null, sort: Object.values(WHO) };
  return {
    file: "floor",
    alt: "CPU time of each operation by leasehold, by the same commands bare and by minimal commands, on the engine and without a network",
    spec: {
      data: { values },
      facet: { row: { field: "operation", title: null }, column: { field: "where", title: null } },
      spec: {
        width: 260,
        layer: [
          {
            mark: "bar",
            encoding: {
              y,
              x: { field: "median", type: "quantitative", title: "CPU, µs" },
              color: { field: "who", legend: null, sort: Object.values(WHO) },
            },
          },
          { mark: "rule", encoding: { y, x: { field: "low", type: "quantitative" }, x2: { field: "high" } } },
        ],
      },
    },
  };
}
