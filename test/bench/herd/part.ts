import { DEFAULT_TIMING, recoveryBoundMs } from "../../../lib/index.ts";
import { engineClient, startEngine } from "../../../local/engine.ts";
import { createLeaseTable } from "../../support/lease-tables.ts";
import { shuffled } from "../figures.ts";
import type { BenchContext, Part, Section } from "../part.ts";
import { ENDS, type HerdPlan, type Play, play, type Succession } from "./plays.ts";
import { plotsOf, tablesOf } from "./report.ts";

/** What is played in one run of the part. */
export interface Setup {
  readonly timing: Play["order"]["timing"];
  readonly settleMs: number;
  readonly processes: number;
  /** Each is played by itself; its herds stand side by side. */
  readonly plays: readonly (readonly HerdPlan[])[];
}

/** What a smoke run plays. */
export const SMOKE: Setup = {
  timing: { durationMs: 2_000, renewIntervalMs: 300, retryIntervalMs: 100, requestTimeoutMs: 850 },
  settleMs: 150,
  processes: 1,
  plays: [[...herds(10, true, 1), ...herds(10, false, 1)]],
};

const FULL: Setup = {
  timing: { durationMs: 10_000, retryIntervalMs: 2_000, requestTimeoutMs: 3_300 },
  settleMs: 3_000,
  processes: 4,
  plays: [true, false].flatMap((jitter) => [
    herds(10, jitter, 5),
    herds(100, jitter, 3),
    herds(1_000, jitter, 1),
  ]),
};

/** Many candidates for one lease, when its leader crashes or lets go. */
export const herd: Part = {
  name: "herd",
  about:
    "10, 100 and 1,000 candidates when their leader crashes or lets go: requests, winners, time to a leader",
  async run(context: BenchContext): Promise<readonly Section[]> {
    return [sectionOf(await playAll(context.smoke ? SMOKE : FULL, context))];
  },
};

/** All that came of a run. */
export interface HerdFigures {
  readonly setup: Pick<Setup, "timing" | "processes" | "settleMs">;
  readonly successions: readonly Succession[];
  readonly overlaps: number;
  /** For each herd, how many candidates it had and what they had sent by the time that all stood. */
  readonly begun: readonly { readonly plan: HerdPlan; readonly counts: Readonly<Record<string, number>> }[];
}

/** Plays all in a random order. */
export async function playAll(setup: Setup, { signal, progress }: BenchContext): Promise<HerdFigures> {
  await using engine = await startEngine();
  const client = engineClient(engine.endpoint);
  const successions: Succession[] = [];
  const begun: { plan: HerdPlan; counts: Readonly<Record<string, number>> }[] = [];
  let overlaps = 0;
  try {
    for (const [nth, plans] of shuffled(setup.plays).entries()) {
      progress(`${plans.length} herds, such as ${plans[0]?.lease}`);
      const table = `herd-${nth}`;
      await createLeaseTable(client, table);
      const order = { endpoint: engine.endpoint, table, timing: setup.timing };
      const played = await play({ ...setup, order, herds: plans, ends: ENDS }, signal);
      successions.push(...played.successions);
      overlaps += played.overlaps;
      for (const plan of plans) begun.push({ plan, counts: played.begun.get(plan.lease) ?? {} });
    }
  } finally {
    client.destroy();
  }
  return { setup, successions, overlaps, begun };
}

/** The section of a run. */
export function sectionOf(figures: HerdFigures): Section {
  const { setup, successions, overlaps } = figures;
  const { durationMs, retryIntervalMs } = setup.timing;
  const crashes = successions.filter(({ end, plan }) => end === "crash" && plan.jitter);
  const bound = recoveryBoundMs({ ...DEFAULT_TIMING, ...setup.timing });
  return {
    title: "A herd of candidates",
    text: [
      `Candidates stand for one lease by \`run\`, each with a client and an id of its own, in ${setup.processes} processes. The leader's process is killed; then whoever leads lets go, as when its work returns; then so again, and all candidates are told of it at once by \`notify()\`. A term lasts ${durationMs / 1_000} s, candidates look every ${retryIntervalMs / 1_000} s (the default); all else is as by default. Smaller herds stand several at a time, each for a lease of its own. Without jitter, chance falls on zero in every candidate, by the option \`random\`.`,
      `A request counts when a candidate asks for it. "At rest" is what the candidates of a herd send in a second while the leader leads: one look per interval each, and one registration per 30 s. "Beyond rest" is how much more than that they send from a second before the next leader leads until two seconds after. "To take it" are the claims and take-overs among them: one is needed.`,
      "What a reader may conclude: how many requests there are, and how they lie in time. The time to a leader after a crash is that until the term is over by the service's clock, in whole seconds, and a part of a second for the jitter; it depends on when the leader had renewed last. The largest herds keep all of this machine busy, so their times are its times, and their requests wait for each other in few processes, as they would not in a thousand. Not to conclude: anything of what DynamoDB would throttle.",
    ],
    tables: tablesOf(successions, setup),
    plots: plotsOf(successions),
    targets: [
      {
        what: "ends of a term that were not followed by one winner",
        atMost: 0,
        measured: notOne(successions),
      },
      { what: "terms that began while another lasted", atMost: 0, measured: overlaps },
      {
        what: "longest time to a leader after a crash, with jitter, s",
        atMost: bound / 1_000,
        measured: Math.max(...crashes.map(({ toLeaderMs }) => toLeaderMs)) / 1_000,
      },
    ],
  };
}

function notOne(successions: readonly Succession[]): number {
  return successions.filter(({ winners }) => winners !== 1).length;
}

/** So many herds of one kind, each for a lease of its own. */
function herds(candidates: number, jitter: boolean, count: number): HerdPlan[] {
  const kind = `${candidates}-${jitter ? "with" : "without"}`;
  return Array.from({ length: count }, (_, nth) => ({ lease: `${kind}-${nth}`, candidates, jitter }));
}
