import { count, seconds } from "../harness/screen.ts";
import type { Stage, Term } from "./journal.ts";

/** What a stage cost. */
export interface StageSummary {
  readonly what: Stage["what"];
  readonly worker: string | undefined;
  /** How many shards went from one worker to another, those that were led by nobody in between included. */
  readonly moves: number;
  /** How long the shards of whoever was killed or left were led by nobody, at most, in ms; 0 otherwise. */
  readonly unledMs: number;
  /** How long that may take, in ms. */
  readonly boundMs: number | undefined;
  /** Until every worker led its share, in ms; `undefined` if that did not come about. */
  readonly settledMs: number | undefined;
  /** How many shards each worker led in the end. */
  readonly led: Readonly<Record<string, number>>;
}

/** The result of a run, as `--json` prints it. */
export interface Summary {
  readonly shards: number;
  readonly terms: number;
  readonly stages: readonly StageSummary[];
  /** Pairs of terms of one shard that overlap. */
  readonly overlaps: number;
  /** Everything that is wrong: each entry a sentence. */
  readonly problems: readonly string[];
  readonly ok: boolean;
}

/** What a judgement is made of. */
export interface Evidence {
  readonly shards: readonly string[];
  readonly terms: readonly Term[];
  readonly stages: readonly Stage[];
  readonly endedAt: number;
  /** How long the shards of a worker that was killed, or has left, may be led by nobody, in ms. */
  readonly bounds: { readonly kill: number; readonly leave: number };
}

/** Judges what was seen, and says in words what is wrong, if anything is. */
export function judge(evidence: Evidence): Summary {
  const { shards, terms, stages } = evidence;
  const problems: string[] = [];
  let overlaps = 0;
  for (const shard of shards) {
    const own = termsOf(shard, terms);
    if (own.length === 0) problems.push(`shard ${shard} was never led`);
    for (const [nth, { worker, token, from }] of own.entries()) {
      for (const before of own.slice(0, nth)) {
        if (before.token >= token) problems.push(`the token of shard ${shard} did not rise: ${token}`);
        if (before.to !== undefined && before.to <= from) continue;
        overlaps += 1;
        problems.push(`shard ${shard} was led by ${before.worker} and ${worker} at once`);
      }
    }
  }
  const told = stages.map((stage, nth) =>
    summaryOf(evidence, stage, stages[nth + 1]?.at ?? evidence.endedAt),
  );
  for (const [nth, stage] of stages.entries()) problems.push(...problemsOf(evidence, stage, told[nth]));
  const summary = { shards: shards.length, terms: terms.length, stages: told, overlaps };
  return { ...summary, problems, ok: problems.length === 0 };
}

function summaryOf(evidence: Evidence, stage: Stage, until: number): StageSummary {
  const { shards, terms, bounds } = evidence;
  const { what, worker, at, goneAt, settledAt, workers } = stage;
  const moves = movesIn(evidence, at, until).length;
  const lost =
    what === "kill" || what === "leave"
      ? shards.filter((shard) => leaderAt(shard, terms, at) === worker)
      : [];
  const since = goneAt ?? at;
  const unledMs = lost.map((shard) => (ledAgainAt(shard, terms, worker, at) ?? until) - since);
  const led = Object.fromEntries(
    workers.map((name) => [name, shards.filter((shard) => leaderAt(shard, terms, until) === name).length]),
  );
  return {
    what,
    worker,
    moves,
    unledMs: Math.max(0, ...unledMs.map(Math.round)),
    boundMs: what === "kill" || what === "leave" ? bounds[what] : undefined,
    settledMs: settledAt === undefined ? undefined : Math.round(settledAt - at),
    led,
  };
}

function problemsOf(evidence: Evidence, stage: Stage, told: StageSummary | undefined): string[] {
  if (told === undefined) return [];
  const { what, worker, unledMs, boundMs = Infinity, settledMs, led, moves } = told;
  const problems: string[] = [];
  const which = worker === undefined ? what : `${what} of ${worker}`;
  if (settledMs === undefined) problems.push(`after the ${which} the workers did not share all shards`);
  if (unledMs > boundMs)
    problems.push(
      `after the ${which} a shard was led by nobody for ${seconds(unledMs)}, more than ${seconds(boundMs)}`,
    );
  if (what === "join" && worker !== undefined) {
    const share = Math.ceil(evidence.shards.length / stage.workers.length);
    if (moves > share)
      problems.push(`the ${which} moved ${count(moves, "shard")}, more than its share of ${share}`);
    if ((led[worker] ?? 0) === 0) problems.push(`${worker} joined and leads nothing`);
  }
  return problems;
}

/** The moves that began in a span of time: terms whose shard another worker led before. */
function movesIn({ shards, terms }: Evidence, from: number, until: number): Term[] {
  return shards.flatMap((shard) => {
    const own = termsOf(shard, terms);
    return own.filter((term, nth) => {
      const before = own[nth - 1];
      return before !== undefined && before.worker !== term.worker && term.from >= from && term.from < until;
    });
  });
}

function termsOf(shard: string, terms: readonly Term[]): Term[] {
  return terms.filter((term) => term.shard === shard).sort((a, b) => a.from - b.from);
}

function leaderAt(shard: string, terms: readonly Term[], at: number): string | undefined {
  return terms.find((term) => term.shard === shard && term.from <= at && (term.to ?? Infinity) >= at)?.worker;
}

function ledAgainAt(
  shard: string,
  terms: readonly Term[],
  worker: string | undefined,
  at: number,
): number | undefined {
  return termsOf(shard, terms).find((term) => term.from > at && term.worker !== worker)?.from;
}
