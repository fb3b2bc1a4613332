import { spreadCell, spreadOf } from "../figures.ts";
import type { FigurePlot, FigureTable } from "../part.ts";
import type { Request } from "./herd-process.ts";
import { type End, ENDS, type HerdPlan, type Play, type Succession } from "./plays.ts";

/** Requests are drawn and compared by so many ms. */
const BIN_MS = 100;
/** What is looked at around the moment when the next leader led, in ms. */
const BEFORE_MS = 1_000;
const AFTER_MS = 2_000;

const TITLES: Readonly<Record<End, string>> = {
  crash: "the leader's process is killed",
  release: "the leader lets go",
  "release, all told": "the leader lets go, and all are told at once",
};

type Kind = Pick<HerdPlan, "candidates" | "jitter">;

/** A table for each way that a leader ends. */
export function tablesOf(
  successions: readonly Succession[],
  { settleMs }: Pick<Play, "settleMs">,
): FigureTable[] {
  return ENDS.map((end) => ({
    columns: [
      TITLES[end],
      "winners",
      "time to a leader, s",
      "requests a second at rest",
      `most in ${BIN_MS} ms`,
      "beyond rest",
      "to take it",
    ],
    rows: kindsOf(successions).map((kind) => {
      const those = successions.filter((one) => one.end === end && isOf(one.plan, kind));
      const cell = (figure: (one: Succession) => number): string => spreadCell(spreadOf(those.map(figure)));
      return [
        `${kind.candidates.toLocaleString("en")} ${kind.jitter ? "with" : "without"} jitter, ${those.length}x`,
        cell(({ winners }) => winners),
        cell(({ toLeaderMs }) => toLeaderMs / 1_000),
        cell((one) => restRate(one, settleMs)),
        cell((one) => Math.max(...binsOf(around(one)).values())),
        cell((one) => around(one).length - (restRate(one, settleMs) * (BEFORE_MS + AFTER_MS)) / 1_000),
        cell((one) => around(one).filter(([, what]) => /^(claim|take-over) /.test(what)).length),
      ];
    }),
  }));
}

/** A picture for each way that a leader ends: requests per 100 ms, of one herd of each kind. */
export function plotsOf(successions: readonly Succession[]): FigurePlot[] {
  return ENDS.map((end) => {
    const values = kindsOf(successions).flatMap((kind) => {
      const one = successions.find((some) => some.end === end && isOf(some.plan, kind));
      if (one === undefined) return [];
      const bins = binsOf(around(one));
      return Array.from({ length: (BEFORE_MS + AFTER_MS) / BIN_MS }, (_, nth) => ({
        s: (nth * BIN_MS - BEFORE_MS) / 1_000,
        requests: bins.get(nth * BIN_MS - BEFORE_MS) ?? 0,
        candidates: kind.candidates,
        jitter: kind.jitter ? "with jitter" : "without",
      }));
    });
    return {
      file: `herd-${end.replaceAll(/[^a-z]+/g, "-")}`,
      alt: `Requests per ${BIN_MS} ms of 10, 100 and 1,000 candidates around the moment when the next one leads: ${TITLES[end]}`,
      spec: {
        title: `Requests per ${BIN_MS} ms: ${TITLES[end]}`,
        data: { values },
        facet: { row: { field: "candidates", type: "ordinal", title: "candidates" } },
        resolve: { scale: { y: "independent" } },
        spec: {
          width: 560,
          height: 130,
          mark: { type: "line", interpolate: "step-after" },
          encoding: {
            x: { field: "s", type: "quantitative", title: "seconds from when the next leader led" },
            y: { field: "requests", type: "quantitative", title: "requests" },
            color: { field: "jitter", type: "nominal", title: null },
          },
        },
      },
    };
  });
}

function kindsOf(successions: readonly Succession[]): Kind[] {
  const kinds = new Map<string, Kind>();
  for (const { plan } of successions) kinds.set(`${plan.candidates} ${plan.jitter}`, plan);
  return [...kinds.values()].sort(
    (a, b) => a.candidates - b.candidates || Number(b.jitter) - Number(a.jitter),
  );
}

function isOf(plan: HerdPlan, kind: Kind): boolean {
  return plan.candidates === kind.candidates && plan.jitter === kind.jitter;
}

/** How many requests there were in a second before the end. */
function restRate({ requests }: Succession, settleMs: number): number {
  return (requests.filter(([at]) => at >= -settleMs && at < 0).length * 1_000) / settleMs;
}

/** The requests around the moment when the next leader led, by how many ms from it. */
function around({ requests, toLeaderMs }: Succession): Request[] {
  return requests
    .map(([at, what]): Request => [at - toLeaderMs, what])
    .filter(([at]) => at >= -BEFORE_MS && at < AFTER_MS);
}

function binsOf(requests: readonly Request[]): Map<number, number> {
  const bins = new Map<number, number>([[0, 0]]);
  for (const [at] of requests) {
    const bin = Math.floor(at / BIN_MS) * BIN_MS;
    bins.set(bin, (bins.get(bin) ?? 0) + 1);
  }
  return bins;
}
