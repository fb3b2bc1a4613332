import { spreadCell, spreadOf } from "../figures.ts";
import type { FigurePlot, FigureTable } from "../part.ts";
import { writesOf } from "../../support/holding/counted-store.ts";
import type { Stretch } from "../../support/holding/self-measures.ts";
import type { Held } from "./part.ts";

/** What is held, beside what it costs; and what it cost to claim and to close. */
export function tablesOf(held: readonly Held[]): FigureTable[] {
  return [atRest(held), comingAndGoing(held)];
}

function atRest(held: readonly Held[]): FigureTable {
  const oneHeap = heapOfOne(held);
  return {
    columns: [
      "held",
      "renewals a second",
      "CPU, %",
      "heap beyond one, MB",
      "RSS, MB",
      "event loop, median, ms",
      "99 %, ms",
      "longest, ms",
      "late renewals",
      "latest, ms",
      "terms lost",
      "led at the end",
    ],
    rows: held.map((one) => {
      const { stretches, heapMb, rssMb, lost, led } = one.report;
      const cell = (figure: (stretch: Stretch) => number): string =>
        spreadCell(spreadOf(stretches.map(figure)));
      const sum = (figure: (stretch: Stretch) => number): number =>
        stretches.reduce((all, each) => all + figure(each), 0);
      return [
        nameOf(one),
        cell(({ renewals, lastedMs }) => (renewals.renewed * 1_000) / lastedMs),
        cell(({ cpuPercent }) => cpuPercent),
        heapMb - oneHeap,
        Math.round(rssMb),
        cell(({ loop }) => loop.medianMs),
        cell(({ loop }) => loop.p99Ms),
        Math.max(...stretches.map(({ loop }) => loop.longestMs)),
        `${sum(({ renewals }) => renewals.late)} of ${sum(({ renewals }) => renewals.renewed)}`,
        Math.max(...stretches.map(({ renewals }) => renewals.latestMs)),
        lost,
        led,
      ];
    }),
  };
}

function comingAndGoing(held: readonly Held[]): FigureTable {
  return {
    columns: ["held", "claimed", "in, s", "CPU, s", "claims sent", "writes to let go of all", "in, s"],
    rows: held.map((one) => {
      const { claimed, claimMs, claimCpuMs, claiming, closing, closeMs } = one.report;
      const {
        "claim lease": own = 0,
        "claim shard": shards = 0,
        "claim session": sessions = 0,
      } = claiming.counts;
      const { "renew lease": renewed = 0, "renew session": renewedSessions = 0 } = closing.counts;
      return [
        nameOf(one),
        claimed,
        claimMs / 1_000,
        claimCpuMs / 1_000,
        own + shards + sessions,
        writesOf(closing.counts) - renewed - renewedSessions,
        closeMs / 1_000,
      ];
    }),
  };
}

/** CPU, and the event loop's delay, over how many are held. */
export function plotsOf(held: readonly Held[]): FigurePlot[] {
  const values = held.flatMap((one) =>
    one.report.stretches.map(({ cpuPercent, loop }) => ({
      leases: one.leases,
      cpu: cpuPercent,
      delay: Math.max(0.01, loop.p99Ms),
      as: kindOf(one),
    })),
  );
  const over = (field: "cpu" | "delay", title: string): Readonly<Record<string, unknown>> => ({
    title,
    width: 560,
    height: 300,
    data: { values },
    mark: { type: "line", point: true },
    encoding: {
      x: { field: "leases", type: "quantitative", scale: { type: "log" }, title: "leases held" },
      y: { aggregate: "median", field, type: "quantitative", scale: { type: "log" }, title },
      color: { field: "as", type: "nominal", title: null },
    },
  });
  return [
    {
      file: "many-cpu",
      alt: "CPU of a process over the number of leases that it holds, both by logarithm: that of single leases rises with the number, that of a group does not",
      spec: over("cpu", "CPU, % of a core"),
    },
    {
      file: "many-event-loop",
      alt: "The 99th percentile of the event loop's delay over the number of leases that a process holds, both by logarithm",
      spec: over("delay", "event loop's delay, 99 %, ms"),
    },
  ];
}

function nameOf(one: Held): string {
  return `${one.leases.toLocaleString("en")} ${kindOf(one)}`;
}

function kindOf({ by, durationMs }: Held): string {
  return `${by === "single" ? "of their own" : "in a group"}, ${durationMs / 1_000} s`;
}

/** The heap of a process that holds one lease; of the fewest that were measured, where that was not. */
function heapOfOne(held: readonly Held[]): number {
  const fewest = Math.min(...held.map(({ leases }) => leases));
  return Math.min(...held.filter(({ leases }) => leases === fewest).map(({ report }) => report.heapMb));
}
