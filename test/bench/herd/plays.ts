import { setTimeout as delay } from "node:timers/promises";
import { monotonicMs } from "../../../local/harness/link.ts";
import type { HerdOrder, Request } from "./herd-process.ts";
import { type HerdProcess, Herds } from "./herd.ts";

/** What happens to a leader. */
export const ENDS = ["crash", "release", "release, all told"] as const;
export type End = (typeof ENDS)[number];

/** The candidates for one lease. */
export interface HerdPlan {
  readonly lease: string;
  readonly candidates: number;
  readonly jitter: boolean;
}

/** What is played. */
export interface Play {
  readonly order: HerdOrder;
  /** Herds that stand side by side, each for its own lease; all lose their leaders at once. */
  readonly herds: readonly HerdPlan[];
  readonly ends: readonly End[];
  /** Among how many processes the candidates are shared out. */
  readonly processes: number;
  /** For how long the candidates look on before the first end, and after each. */
  readonly settleMs: number;
}

/** How long anybody is waited for to lead. */
const AWAITED_MS = 40_000;

/** What came of one end of one leader. */
export interface Succession {
  readonly plan: HerdPlan;
  readonly end: End;
  /** How many were elected from then on until the observation ended. */
  readonly winners: number;
  /** How long after it the first of them led; infinite where nobody did while that was waited for. */
  readonly toLeaderMs: number;
  /** What the candidates asked for: how many ms after the end, and what. Requests before it have negative times. */
  readonly requests: readonly Request[];
}

/** What came of a play. */
export interface Played {
  readonly successions: readonly Succession[];
  /** How many terms began while another of the same lease lasted. */
  readonly overlaps: number;
  /** How many requests each herd had sent by the time that all stood. */
  readonly begun: ReadonlyMap<string, Readonly<Record<string, number>>>;
}

/** Has leaders end, and sees who follows. */
export async function play(
  { order, herds: plans, ends, processes: count, settleMs }: Play,
  signal: AbortSignal,
): Promise<Played> {
  await using herds = new Herds(order, signal);
  const [leader, ...processes] = (await Promise.all(
    Array.from({ length: count + 1 }, () => herds.start()),
  )) as [HerdProcess, ...HerdProcess[]];
  for (const plan of plans) leader.call({ do: "stand", ...plan, candidates: 1 });
  await herds.until(() => plans.every(({ lease }) => herds.terms(lease).length > 0), AWAITED_MS);
  for (const plan of plans)
    for (const [nth, one] of processes.entries())
      one.call({ do: "stand", ...plan, candidates: shareOf(plan.candidates, nth, processes.length) });
  const begun = await allStand(plans, processes, signal);
  await delay(settleMs, undefined, { signal });

  const successions: Succession[] = [];
  for (const end of ends) {
    const at = end === "crash" ? await herds.kill(leader) : release(plans, herds);
    if (end === "release, all told") await tellAll(plans, processes, herds, at);
    await herds.until(() => plans.every(({ lease }) => herds.terms(lease, at).length > 0), AWAITED_MS);
    await delay(settleMs, undefined, { signal });
    for (const plan of plans) {
      const { lease } = plan;
      const requests = await requestsOf(lease, processes, at);
      const terms = herds.terms(lease, at);
      const toLeaderMs = Math.min(...terms.map(({ from }) => from)) - at;
      successions.push({ plan, end, winners: terms.length, toLeaderMs, requests });
    }
    // Where nobody leads, nobody can let go.
    if (successions.some(({ winners }) => winners === 0)) break;
  }
  const overlaps = plans.reduce((sum, { lease }) => sum + herds.overlaps(lease), 0);
  return { successions, overlaps, begun };
}

/** Waits until every candidate has been refused and has registered, and counts what was sent until then. */
async function allStand(
  plans: readonly HerdPlan[],
  processes: readonly HerdProcess[],
  signal: AbortSignal,
): Promise<Map<string, Record<string, number>>> {
  for (;;) {
    const begun = new Map<string, Record<string, number>>();
    for (const { lease } of plans) {
      const kinds = Map.groupBy(await requestsOf(lease, processes, 0), ([, kind]) => kind);
      begun.set(lease, Object.fromEntries([...kinds].map(([kind, those]) => [kind, those.length])));
    }
    const stands = ({ lease, candidates }: HerdPlan): boolean =>
      (begun.get(lease)?.["register candidate"] ?? 0) >= candidates;
    if (plans.every(stands)) return begun;
    await delay(50);
    signal.throwIfAborted();
  }
}

/** Has whoever leads each lease let go. Returns when. */
function release(plans: readonly HerdPlan[], herds: Herds): number {
  const at = monotonicMs();
  for (const { lease } of plans)
    for (const { by, until } of herds.terms(lease))
      if (until === undefined) by.call({ do: "release", lease });
  return at;
}

/** Tells all candidates of a lease once its row is vacant, as an event about the row would. */
async function tellAll(
  plans: readonly HerdPlan[],
  processes: readonly HerdProcess[],
  herds: Herds,
  at: number,
): Promise<void> {
  await Promise.all(
    plans.map(async ({ lease }) => {
      const isVacated = (): boolean =>
        herds.terms(lease).every((term) => term.from >= at || term.isVacated || term.by.isGone);
      await herds.until(isVacated, AWAITED_MS);
      for (const one of processes) one.call({ do: "notify", lease });
    }),
  );
}

async function requestsOf(lease: string, processes: readonly HerdProcess[], at: number): Promise<Request[]> {
  const all = await Promise.all(processes.map((one) => one.requests(lease)));
  return all.flat().map(([when, kind]) => [when - at, kind]);
}

function shareOf(candidates: number, nth: number, among: number): number {
  return Math.floor(candidates / among) + (nth < candidates % among ? 1 : 0);
}
