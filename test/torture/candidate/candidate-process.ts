/** One candidate: a process that campaigns by its role until it is told to stop, or worse. */
import { onLeaseEvent } from "../../../lib/index.ts";
import { monotonicMs } from "../../../local/harness/link.ts";
import { Chance } from "../../simulation/world/chance.ts";
import { forgetSharedMemory } from "../runner/clocks.ts";
import type { CandidateConfig, Order, Report } from "./messages.ts";
import {
  type Campaign,
  campaignSteadily,
  pollImpolitely,
  serveTick,
  standByCampaigning,
  standByRunning,
} from "./roles.ts";

/** What is worth counting of what the client publishes. */
const COUNTED = new Set(["acquired", "lost", "renewalFailed", "handover", "clockSkewed"]);

forgetSharedMemory(process.pid);
const config = JSON.parse(process.argv[2] ?? "{}") as CandidateConfig;
const stopping = new AbortController();
const underWay = new Set<Promise<void>>();

function report(what: Report): void {
  if (process.connected) process.send?.(what);
}

const campaign: Campaign = { config, chance: new Chance(config.seed), report, stopping: stopping.signal };

function start(work: Promise<void>): void {
  underWay.add(work);
  work
    .catch((error: unknown) => report({ kind: "surprise", what: String((error as Error)?.stack ?? error) }))
    .finally(() => underWay.delete(work));
}

async function stop(): Promise<void> {
  stopping.abort(new Error("told to stop"));
  await Promise.allSettled(underWay);
  process.disconnect();
}

/** Tells of the wall clock whenever it no longer stands to the monotonic clock as it did. */
function watchClock(): void {
  let told = Number.NaN;
  const look = (): void => {
    const wallMinusMonoMs = Date.now() - monotonicMs();
    if (Math.abs(wallMinusMonoMs - told) < 100) return;
    told = wallMinusMonoMs;
    report({ kind: "clock", wallMinusMonoMs });
  };
  look();
  setInterval(look, 500).unref();
}

process.on("message", (order: Order) => {
  if (order.kind === "stop") void stop();
  else if (!stopping.signal.aborted) start(serveTick(campaign, order.tick));
});
// Without the runner there is nothing to do and nobody to tell.
process.on("disconnect", () => process.exit(0));

onLeaseEvent((event, details) => {
  if (!COUNTED.has(event)) return;
  const because = "because" in details ? `: ${details.because}` : "";
  const ended = "end" in details ? `: ${details.end.reason}` : "";
  report({ kind: "event", event: `${event}${because}${ended}` });
});
watchClock();
report({ kind: "ready" });
const roles = {
  steady: campaignSteadily,
  impolite: pollImpolitely,
  running: standByRunning,
  campaigning: standByCampaigning,
};
if (config.role !== "scheduled") start(roles[config.role](campaign));
