import type { FigurePlot } from "../part.ts";
import type { Cycle } from "./plays/cycles.ts";
import { SUCCESSORS, type Takeover } from "./plays/takeover.ts";

/** Names in plots carry no marks of Markdown. */
const plain = (label: string): string => label.replaceAll("`", "");

/** How long a cycle takes; none where there is nothing to compare. */
export function plotOfCycles(cycles: readonly Cycle[]): FigurePlot[] {
  if (cycles.length < 2) return [];
  const values = cycles.map(({ label, ms, contender }) => ({
    who: plain(label),
    ms: ms.median,
    low: ms.low,
    high: ms.high,
    server: contender.server,
  }));
  const who = { field: "who", type: "nominal", sort: null, title: null, axis: { labelLimit: 400 } };
  return [
    {
      file: "peers-cycles",
      alt: "How long each contender takes to acquire and release a lock: medians, and the middle half",
      spec: {
        width: 400,
        data: { values },
        layer: [
          {
            mark: "bar",
            encoding: {
              y: who,
              x: { field: "ms", type: "quantitative", title: "ms per cycle" },
              color: { field: "server", type: "nominal" },
            },
          },
          {
            mark: "rule",
            encoding: { y: who, x: { field: "low", type: "quantitative" }, x2: { field: "high" } },
          },
        ],
      },
    },
  ];
}

/** How long a takeover takes; none where there is nothing to compare. */
export function plotOfTakeovers(takeovers: readonly Takeover[]): FigurePlot[] {
  if (takeovers.length < 2) return [];
  const values = takeovers.flatMap(({ label, by }) =>
    SUCCESSORS.map((successor) => ({
      who: plain(label),
      successor: `one that ${successor}`,
      s: by[successor].ms.median / 1_000,
    })),
  );
  return [
    {
      file: "peers-takeover",
      alt: "How long it takes until somebody has the lock of a process that crashed, by who takes over",
      spec: {
        width: 400,
        data: { values },
        mark: "bar",
        encoding: {
          y: { field: "who", type: "nominal", sort: null, title: null, axis: { labelLimit: 400 } },
          yOffset: { field: "successor" },
          x: { field: "s", type: "quantitative", title: "seconds until the lock is held again" },
          color: { field: "successor", type: "nominal", title: null },
        },
      },
    },
  ];
}
