import { type Candidate, isLeaseError, type Lease } from "../../../lib/index.ts";
import { type Clients, openClients, rest, untilStopped } from "./clients.ts";
import { lead, reportFailure, type TermPlan } from "./leading.ts";
import type { Hosted } from "./hosted.ts";
import type { CandidateConfig } from "./messages.ts";

/** What a role has to work with. */
type Campaign = Hosted<CandidateConfig>;

/** How long a lease is kept for a successor, or for a label. Longer than a retry, shorter than a term. */
const KEPT_MS = 1_200;
const DRAIN_MS = 400;

/** How often a candidate looks that waits, in ms. */
const RETRY_MS = 200;

const withClients = ({ config }: Campaign, use: (clients: Clients) => Promise<void>): Promise<void> =>
  openClients(config, { holder: config.name, retryIntervalMs: RETRY_MS }, use);

/** Keeps the lease for the others of its label after a release, where it has one. */
function affinityOf({ config: { affinity } }: Campaign): { affinity?: string; affinityMs?: number } {
  return affinity === undefined ? {} : { affinity, affinityMs: KEPT_MS };
}

function planTerm({ chance }: Campaign, shortestMs: number, longestMs: number): TermPlan {
  return {
    forMs: chance.of("term/length").spread(shortestMs, longestMs),
    careless: chance.of("term/careless").happens(0.35),
    proclaims: chance.of("term/proclaims").happens(0.4),
    lapses: false,
  };
}

/** A term that nobody renews, and work that goes on until it has run out. */
function lapsingTerm(campaign: Campaign): TermPlan {
  const { durationMs } = campaign.config;
  return { ...planTerm(campaign, 2 * durationMs, 3 * durationMs), lapses: true, proclaims: false };
}

/** Serves one occurrence as a fresh environment would: with a client that has never seen the lease. */
export function serveTick(campaign: Campaign, tick: string): Promise<void> {
  const { config, chance, report, stopping: signal } = campaign;
  return withClients(campaign, async ({ leases, client }) => {
    const plan = chance.of("tick/lapses").happens(0.4)
      ? lapsingTerm(campaign)
      : planTerm(campaign, 50, 2_000);
    const work = async (lease: Lease): Promise<void> => {
      // A throw tells `run` that the occurrence is not done.
      if (!(await lead(config, client, lease, plan, report))) throw unfinished;
    };
    try {
      const renew = plan.lapses ? "manual" : "auto";
      const result = await leases.run(config.lease, work, { tick, signal, renew, ...affinityOf(campaign) });
      const event = result.kind === "led" ? "tick led" : `tick followed: ${result.reason}`;
      report({ kind: "event", event });
    } catch (error) {
      if (error !== unfinished) reportFailure(error, report);
    }
  });
}

/** What ends a run without success; what happened has been reported. */
const unfinished = new Error("the work did not come to its end");

/** Campaigns, leads, rests, and campaigns again. */
export function campaignSteadily(campaign: Campaign): Promise<void> {
  const { config, chance, report, stopping: signal } = campaign;
  return withClients(campaign, ({ leases, client }) =>
    untilStopped(campaign, async () => {
      const options = { signal, timeoutMs: 10_000, ...affinityOf(campaign) };
      const lease = await leases.acquire(config.lease, options);
      const completed = await lead(config, client, lease, planTerm(campaign, 200, 4_500), report);
      await releaseIt(lease, report, completed);
      await rest(chance.of("steady/rest").spread(50, 3_000), signal);
    }),
  );
}

/** Tries and tries. */
export function pollImpolitely(campaign: Campaign): Promise<void> {
  const { config, chance, report, stopping } = campaign;
  const tryOnce = async ({ leases, client }: Clients): Promise<void> => {
    const leaves = chance.of("impolite/leaves").happens(0.2);
    const renew = leaves ? "manual" : "auto";
    const result = await leases.tryAcquire(config.lease, { renew, ...affinityOf(campaign) });
    if (result.kind !== "acquired") return;
    const { lease } = result;
    const completed = await lead(config, client, lease, planTerm(campaign, 100, 1_500), report);
    if (leaves) report({ kind: "event", event: "left without releasing" });
    else await releaseIt(lease, report, completed);
    await rest(chance.of("impolite/rest").spread(500, 5_000), stopping);
  };
  return withClients(campaign, (clients) =>
    untilStopped(campaign, async () => {
      await tryOnce(clients).catch((error: unknown) => reportFailure(error, report));
      await rest(chance.of("impolite/poll").between(30, 90), stopping);
    }),
  );
}

/** Stands as one candidate for as long as the process lives, by `run`. */
export function standByRunning(campaign: Campaign): Promise<void> {
  const { config, chance, report, stopping: signal } = campaign;
  return withClients(campaign, (clients) => {
    const candidate = candidateOf(campaign, clients);
    const work = async (lease: Lease): Promise<void> => {
      await lead(config, clients.client, lease, planTerm(campaign, 200, 4_500), report);
      const handing = handOver(campaign, clients, candidate);
      // It resolves once this work has settled, so this work waits for its beginning only.
      await Promise.race([handing.catch((error: unknown) => reportFailure(error, report)), lease.handover]);
    };
    return untilStopped(campaign, async () => {
      await candidate.run(work, { signal });
      await rest(chance.of("running/rest").between(50, 500), signal);
    });
  });
}

/** Stands as one candidate for as long as the process lives, by `campaign` and `resign`. */
export function standByCampaigning(campaign: Campaign): Promise<void> {
  const { config, chance, report, stopping: signal } = campaign;
  return withClients(campaign, async (clients) => {
    await using candidate = candidateOf(campaign, clients);
    await untilStopped(campaign, async () => {
      const lease = await candidate.campaign({ signal, timeoutMs: 10_000 });
      await lead(config, clients.client, lease, planTerm(campaign, 200, 4_500), report);
      await handOver(campaign, clients, candidate).catch((error: unknown) => reportFailure(error, report));
      const result = await candidate.resign();
      if (result !== undefined) report({ kind: "event", event: `resigned: ${result.kind}` });
      await rest(chance.of("campaigning/rest").spread(50, 3_000), signal);
    });
  });
}

function candidateOf(campaign: Campaign, { leases }: Clients): Candidate {
  const { lease, id, priority } = campaign.config;
  return leases.candidate(lease, {
    id,
    priority,
    minTermMs: 500,
    drainMs: DRAIN_MS,
    reserveForMs: KEPT_MS,
    ...affinityOf(campaign),
  });
}

/** Gives up a term, or not: to another that stands, in either way, or to one that never comes. */
async function handOver(
  { config, chance, report }: Campaign,
  { leases }: Clients,
  candidate: Candidate,
): Promise<void> {
  const how = chance.of("hand-over/how").pick(["not", "not", "transfer", "step down", "to nobody"] as const);
  if (how === "not") return;
  const others = (await leases.candidates(config.lease)).filter(({ id }) => id !== candidate.id);
  const to = others.length === 0 ? "nobody" : chance.of("hand-over/to").pick(others).id;
  try {
    if (how === "transfer") await candidate.transferTo(to);
    else await candidate.stepDown({ reserveFor: how === "to nobody" ? "nobody" : to });
    report({ kind: "event", event: `handed over: ${how}` });
  } catch (error) {
    // It has left the list meanwhile, or nobody was on it.
    if (how !== "transfer" || !isLeaseError(error, "INVALID_ARGUMENT")) throw error;
    report({ kind: "event", event: "handed over: nobody stands" });
  }
}

async function releaseIt(lease: Lease, report: Campaign["report"], completed: boolean): Promise<void> {
  const { kind } = await lease.release({ completed });
  report({ kind: "event", event: `release: ${kind}` });
}
