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

function openClient({ config }: Campaign): DynamoDBClient {
  return new DynamoDBClient({
    endpoint: config.endpoint,
    ...LOCAL_AWS,
    requestHandler: {
      connectionTimeout: JOB_TIMEOUT_MS,
      requestTimeout: JOB_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
}

function openLeases({ config }: Campaign, client: DynamoDBClient): LeaseClient {
  const { leaseTable: tableName, name: holder, durationMs } = config;
  return new LeaseClient({ tableName, client, holder, durationMs, retryIntervalMs: 200 });
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
export async function serveTick(campaign: Campaign, tick: string): Promise<void> {
  const client = openClient(campaign);
  const leases = openLeases(campaign, client);
  const { config, chance, report, stopping } = campaign;
  try {
    const plan = chance.of("tick/lapses").happens(0.4)
      ? lapsingTerm(campaign)
      : planTerm(campaign, 50, 2_000);
    const result = await leases.run(
      config.lease,
      async (lease) => {
        // A throw tells `run` that the occurrence is not done.
        if (!(await lead(config, client, lease, plan, report))) throw unfinished;
      },
      { tick, signal: stopping, renew: plan.lapses ? "manual" : "auto" },
    );
    const event = result.kind === "led" ? "tick led" : `tick followed: ${result.reason}`;
    report({ kind: "event", event });
  } catch (error) {
    if (error !== unfinished) reportFailure(error, report);
  } finally {
    await leases.close();
    client.destroy();
  }
}

/** What ends a run without success; what happened has been reported. */
const unfinished = new Error("the work did not come to its end");

/** Campaigns, leads, rests, and campaigns again. */
export async function campaignSteadily(campaign: Campaign): Promise<void> {
  const { config, chance, report, stopping } = campaign;
  const client = openClient(campaign);
  const leases = openLeases(campaign, client);
  while (!stopping.aborted) {
    try {
      const lease = await leases.acquire(config.lease, { signal: stopping, timeoutMs: 10_000 });
      const completed = await lead(config, client, lease, planTerm(campaign, 200, 4_500), report);
      await releaseIt(lease, report, completed);
      await rest(chance.of("steady/rest").spread(50, 3_000), stopping);
    } catch (error) {
      reportFailure(error, report);
    }
  }
  await leases.close();
  client.destroy();
}

/** Tries and tries. */
export async function pollImpolitely(campaign: Campaign): Promise<void> {
  const { config, chance, report, stopping } = campaign;
  const client = openClient(campaign);
  const leases = openLeases(campaign, client);
  while (!stopping.aborted) {
    try {
      const leaves = chance.of("impolite/leaves").happens(0.2);
      const result = await leases.tryAcquire(config.lease, { renew: leaves ? "manual" : "auto" });
      if (result.kind === "acquired") {
        const { lease } = result;
        const completed = await lead(config, client, lease, planTerm(campaign, 100, 1_500), report);
        if (leaves) report({ kind: "event", event: "left without releasing" });
        else await releaseIt(lease, report, completed);
        await rest(chance.of("impolite/rest").spread(500, 5_000), stopping);
      }
    } catch (error) {
      reportFailure(error, report);
    }
    await rest(chance.of("impolite/poll").between(30, 90), stopping);
  }
  await leases.close();
  client.destroy();
}

async function releaseIt(lease: Lease, report: Campaign["report"], completed: boolean): Promise<void> {
  const { kind } = await lease.release({ completed });
  report({ kind: "event", event: `release: ${kind}` });
}

async function rest(ms: number, stopping: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: stopping }).catch(() => {});
}
