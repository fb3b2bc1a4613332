import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DEFAULT_TIMING } from "../../lib/index.ts";
import type { Finding } from "../harness/command.ts";
import { monotonicMs } from "../harness/link.ts";
import { count, problemLines, type Screen, seconds, tableLines } from "../harness/screen.ts";
import { startLeaseTable } from "../tables.ts";
import { drawingOf } from "./drawing.ts";
import { Fleet } from "./fleet.ts";
import { Journal, type Stage } from "./journal.ts";
import { judge, type StageSummary, type Summary } from "./judge.ts";
import type { Options } from "./options.ts";
import { play } from "./play.ts";

const TABLE = "leases";
/** How long a worker's requests may take beside what it waits for, in ms: this machine may be busy. */
const REQUESTS_MS = 1_000;
const MOST_PROBLEMS = 8;

/**
 * Plays the workers, tells of them on the screen, judges what it saw, and draws it. Whatever it starts is gone when it settles.
 * @throws the reason of the signal, when it aborts
 */
export async function run(options: Options, screen: Screen, signal: AbortSignal): Promise<Finding> {
  await using stack = new AsyncDisposableStack();
  const { durationMs } = options;
  const retryIntervalMs = Math.max(200, Math.round(durationMs / 5));
  const bounds = {
    kill: durationMs + DEFAULT_TIMING.graceMs + 1_000 + 2 * retryIntervalMs,
    leave: retryIntervalMs + REQUESTS_MS,
  };
  const engine = stack.use(await startLeaseTable(TABLE));
  const shards = namesOf(options.shards);
  const journal = new Journal();
  const settings = { tableName: TABLE, shards, durationMs, retryIntervalMs };
  const fleet = stack.use(new Fleet(engine.endpoint, settings, journal, signal));
  for (const line of introduction(options, bounds.kill)) screen.line(line);
  await play({
    fleet,
    journal,
    shards: shards.length,
    patienceMs: bounds.kill + 10_000,
    restMs: retryIntervalMs,
    onStage: (stage, is) => (is === "over" ? tellEnd : tellBeginning)(stage, journal, screen),
    screen,
  });
  const endedAt = monotonicMs();
  const { terms, stages } = journal;
  const beganAt = stages[0]?.at ?? endedAt;
  await mkdir(dirname(options.svg), { recursive: true });
  await writeFile(options.svg, drawingOf({ terms, stages, shards, beganAt, endedAt }));
  const summary = judge({ shards, terms, stages, endedAt, bounds });
  return { summary, lines: summaryLines(summary, options.svg, screen) };
}

function namesOf(shards: number): readonly string[] {
  const width = String(shards).length;
  return Array.from({ length: shards }, (_, nth) => `tenant-${String(nth + 1).padStart(width, "0")}`);
}

function introduction({ shards, durationMs }: Options, boundMs: number): string[] {
  return [
    `Four workers, each a process of its own, share ${shards} shards of one group. A fifth joins later.`,
    `A session lasts ${seconds(durationMs)} without renewal, so the shards of a worker that is killed`,
    `are led again within ${seconds(boundMs)}.`,
    "",
  ];
}

const SAYS: Readonly<Record<Stage["what"], string>> = {
  start: "four workers begin",
  kill: "is killed: it releases nothing",
  join: "joins: the others are asked for its share",
  leave: "leaves in good order: its work ends, then one write frees all its shards",
};

function tellBeginning({ what, worker, at }: Stage, journal: Journal, screen: Screen): void {
  screen.line(`${when(at, journal, screen)}  ${worker === undefined ? "" : `${worker} `}${SAYS[what]}`);
}

function tellEnd({ at, settledAt, workers }: Stage, journal: Journal, screen: Screen): void {
  const { green, red } = screen.colors;
  const counts = journal.counts();
  const led = workers.map((name) => `${name} ${counts.get(name) ?? 0}`).join(", ");
  const says = settledAt === undefined ? red("the shards are not shared") : green("all shards are led");
  screen.line(`${when(settledAt ?? at, journal, screen)}  ${says}: ${led}`);
}

function when(instant: number, journal: Journal, { colors }: Screen): string {
  return colors.dim(seconds(instant - (journal.stages[0]?.at ?? instant)).padStart(7));
}

function summaryLines(
  { stages, terms, shards, overlaps, problems, ok }: Summary,
  svg: string,
  { colors }: Screen,
): string[] {
  const rows = stages.map((stage): [string, string] => [`  ${stage.what}`, describe(stage)]);
  const table = tableLines([
    ...rows,
    ["  terms", `${terms} of ${count(shards, "shard")}, ${overlaps} overlapping`],
  ]);
  const drawn = `Who led what over time: ${svg}`;
  if (ok) return ["", ...table, "", drawn, colors.green("OK: each shard was led by one worker at a time.")];
  const wrong = [
    "What is wrong:",
    ...problemLines(problems, "  - ", MOST_PROBLEMS),
    "",
    `NOT OK: ${problems[0]}.`,
  ];
  return ["", ...table, "", drawn, ...wrong.map((line) => colors.red(line))];
}

function describe({ moves, unledMs, boundMs, settledMs }: StageSummary): string {
  const settled = settledMs === undefined ? "never settled" : `settled after ${seconds(settledMs)}`;
  const unled =
    boundMs === undefined
      ? ""
      : `, led by nobody for ${seconds(unledMs)} at most (bound ${seconds(boundMs)})`;
  return `${settled}, ${count(moves, "move")}${unled}`;
}
