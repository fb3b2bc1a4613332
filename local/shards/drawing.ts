import { box, escaped, niceStep, text } from "../harness/svg.ts";
import type { Stage, Term } from "./journal.ts";

/** What is drawn. */
export interface Picture {
  readonly terms: readonly Term[];
  readonly stages: readonly Stage[];
  readonly shards: readonly string[];
  readonly beganAt: number;
  readonly endedAt: number;
}

const WIDTH = 1_200;
const LEFT = 90;
const RIGHT = 24;
const TOP = 96;
const ROW = 9;
const BAR = 7;

/** Of the two grounds, by what the reader's screen prefers. */
export const GROUNDS = {
  light: { ground: "#ffffff", ink: "#1f2933", faint: "#616e7c", line: "#e4e7eb" },
  dark: { ground: "#0d1117", ink: "#e6edf3", faint: "#9aa5b1", line: "#2a313a" },
} as const;

/** Of the workers, in the order of their names: to be told apart on both grounds. */
export const COLOURS = ["#2186eb", "#c65d21", "#2b8a3e", "#a44ae8", "#d6336c"] as const;

const FAINT = `class="faint" fill="${GROUNDS.light.faint}"`;
const { ground, ink, faint, line } = GROUNDS.dark;
const DARK = `.ground { fill: ${ground} } .ink { fill: ${ink} } .faint { fill: ${faint} } .line { stroke: ${line} } .mark { stroke: ${ink} }`;

/** Draws who led what over time as an SVG: a row per shard, a colour per worker, a line for whatever was done to a worker. */
export function drawingOf(picture: Picture): string {
  const { terms, stages, beganAt, endedAt } = picture;
  const shards = inOrder(picture);
  const bottom = TOP + shards.length * ROW;
  const height = bottom + 56;
  const x = (at: number): number =>
    Math.round((LEFT + ((at - beganAt) / (endedAt - beganAt)) * (WIDTH - LEFT - RIGHT)) * 10) / 10;
  const workers = [...new Set(terms.map(({ worker }) => worker))].sort();
  const colourOf = (worker: string): string =>
    COLOURS[workers.indexOf(worker) % COLOURS.length] ?? GROUNDS.light.ink;
  const about = "A row per shard, a colour per worker. Where a row is empty, nobody led the shard.";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="Helvetica, Arial, sans-serif" font-size="12" class="ink" fill="${GROUNDS.light.ink}">`,
    // Where style sheets are not read, the light ground stays.
    `<style>@media (prefers-color-scheme: dark) { ${DARK} }</style>`,
    box(0, 0, WIDTH, height, GROUNDS.light.ground, "", `class="ground"`),
    text(LEFT, 28, `${workers.length} workers, ${shards.length} shards`, `font-size="18" font-weight="bold"`),
    text(LEFT, 48, about, FAINT),
    ...axis(endedAt - beganAt, (ms) => x(beganAt + ms), bottom),
    ...shards.flatMap((shard, row) => drawShard(shard, TOP + row * ROW, { terms, endedAt, x, colourOf })),
    ...stages.flatMap((stage) => drawStage(stage, x, bottom)),
    ...legend(workers, colourOf, bottom + 38),
    "</svg>",
    "",
  ].join("\n");
}

/** Those that one worker led first stand together. */
function inOrder({ shards, terms, stages }: Picture): readonly string[] {
  const settledAt = stages[0]?.settledAt ?? Infinity;
  const first = (shard: string): string =>
    terms.findLast((term) => term.shard === shard && term.from <= settledAt)?.worker ?? "";
  return shards.toSorted((a, b) => first(a).localeCompare(first(b)) || a.localeCompare(b));
}

function drawShard(
  shard: string,
  top: number,
  on: Pick<Picture, "terms" | "endedAt"> & {
    readonly x: (at: number) => number;
    readonly colourOf: (worker: string) => string;
  },
): string[] {
  const { terms, endedAt, x, colourOf } = on;
  const bars = terms
    .filter((term) => term.shard === shard)
    .map(({ worker, token, from, to = endedAt }) => {
      const title = `<title>${escaped(`${shard}: ${worker}, token ${token}`)}</title>`;
      return box(x(from), top + 1, Math.max(1, x(to) - x(from)), BAR, colourOf(worker), title);
    });
  return [text(LEFT - 8, top + BAR, shard, `text-anchor="end" font-size="8" ${FAINT}`), ...bars];
}

function drawStage({ what, worker, at }: Stage, x: (at: number) => number, bottom: number): string[] {
  const label = worker === undefined ? what : `${what} ${worker}`;
  return [
    `<line x1="${x(at)}" x2="${x(at)}" y1="${TOP - 12}" y2="${bottom}" class="mark" stroke="${GROUNDS.light.ink}" stroke-width="1.5"${what === "kill" ? "" : ` stroke-dasharray="4 3"`}/>`,
    text(x(at) + 4, TOP - 6, label, `font-weight="bold"`),
  ];
}

function axis(lengthMs: number, x: (ms: number) => number, bottom: number): string[] {
  const out: string[] = [];
  const step = niceStep(lengthMs / 14);
  for (let ms = 0; ms <= lengthMs; ms += step) {
    out.push(
      `<line x1="${x(ms)}" x2="${x(ms)}" y1="${TOP - 22}" y2="${bottom}" class="line" stroke="${GROUNDS.light.line}"/>`,
    );
    out.push(text(x(ms), TOP - 28, `${ms / 1_000} s`, `text-anchor="middle" ${FAINT}`));
  }
  return out;
}

function legend(workers: readonly string[], colourOf: (worker: string) => string, y: number): string[] {
  return workers.flatMap((worker, nth) => {
    const left = LEFT + nth * 110;
    return [box(left, y - 10, 20, 12, colourOf(worker)), text(left + 26, y, `worker ${worker}`)];
  });
}
