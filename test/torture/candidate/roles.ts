import { setTimeout as delay } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LOCAL_AWS } from "../../../local/engine.ts";
import { type Lease, LeaseClient } from "../../../lib/index.ts";
import type { Chance } from "../../simulation/world/chance.ts";
import { lead, reportFailure, type TermPlan } from "./leading.ts";
import type { CandidateConfig, Report } from "./messages.ts";

/** What a role has to work with. */
export interface Campaign {
  readonly config: CandidateConfig;
  readonly chance: Chance;
  readonly report: (report: Report) => void;
  /** Aborted when the candidate is to end. */
  readonly stopping: AbortSignal;
}

/** How long one of the job's own requests may hang: no lease's deadline watches over those. */
const JOB_TIMEOUT_MS = 2_500;

/** Opens the clients of a campaign, and closes them when it is over. */
async function withClients(
  { config }: Campaign,
  use: (leases: LeaseClient, client: DynamoDBClient) => Promise<void>,
): Promise<void> {
  const { leaseTable: tableName, name: holder, durationMs, endpoint } = config;
  const client = new DynamoDBClient({
    endpoint,
    ...LOCAL_AWS,
    requestHandler: {
      connectionTimeout: JOB_TIMEOUT_MS,
      requestTimeout: JOB_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
  const leases = new LeaseClient({ tableName, client, holder, durationMs, retryIntervalMs: 200 });
  await use(leases, client);
  await leases.close();
  client.destroy();
}

/** Does something again and again with the same clients, until it is told to stop. What goes wrong is reported. */
function untilStopped(
  campaign: Campaign,
  once: (leases: LeaseClient, client: DynamoDBClient) => Promise<void>,
): Promise<void> {
  return withClients(campaign, async (leases, client) => {
    while (!campaign.stopping.aborted) {
      await once(leases, client).catch((error: unknown) => reportFailure(error, campaign.report));
    }
  });
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
  const { config, chance, report, stopping } = campaign;
  return withClients(campaign, async (leases, client) => {
    const plan = chance.of("tick/lapses").happens(0.4)
      ? lapsingTerm(campaign)
      : planTerm(campaign, 50, 2_000);
    const work = async (lease: Lease): Promise<void> => {
      // A throw tells `run` that the occurrence is not done.
      if (!(await lead(config, client, lease, plan, report))) throw unfinished;
    };
    try {
      const renew = plan.lapses ? "manual" : "auto";
      const result = await leases.run(config.lease, work, { tick, signal: stopping, renew });
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
  const { config, chance, report, stopping } = campaign;
  return untilStopped(campaign, async (leases, client) => {
    const lease = await leases.acquire(config.lease, { signal: stopping, timeoutMs: 10_000 });
    const completed = await lead(config, client, lease, planTerm(campaign, 200, 4_500), report);
    await releaseIt(lease, report, completed);
    await rest(chance.of("steady/rest").spread(50, 3_000), stopping);
  });
}

/** Tries and tries. */
export function pollImpolitely(campaign: Campaign): Promise<void> {
  const { config, chance, report, stopping } = campaign;
  const tryOnce = async (leases: LeaseClient, client: DynamoDBClient): Promise<void> => {
    const leaves = chance.of("impolite/leaves").happens(0.2);
    const result = await leases.tryAcquire(config.lease, { renew: leaves ? "manual" : "auto" });
    if (result.kind !== "acquired") return;
    const { lease } = result;
    const completed = await lead(config, client, lease, planTerm(campaign, 100, 1_500), report);
    if (leaves) report({ kind: "event", event: "left without releasing" });
    else await releaseIt(lease, report, completed);
    await rest(chance.of("impolite/rest").spread(500, 5_000), stopping);
  };
  return untilStopped(campaign, async (leases, client) => {
    await tryOnce(leases, client).catch((error: unknown) => reportFailure(error, report));
    await rest(chance.of("impolite/poll").between(30, 90), stopping);
  });
}

async function releaseIt(lease: Lease, report: Campaign["report"], completed: boolean): Promise<void> {
  const { kind } = await lease.release({ completed });
  report({ kind: "event", event: `release: ${kind}` });
}

async function rest(ms: number, stopping: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: stopping }).catch(() => {});
}
