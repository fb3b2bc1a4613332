/** One candidate: a process that campaigns by its role until it is told to stop, or worse. */
import { onLeaseEvent } from "../../../lib/index.ts";
import { host } from "./hosted.ts";
import type { CandidateConfig, Order } from "./messages.ts";
import { campaignSteadily, pollImpolitely, serveTick, standByCampaigning, standByRunning } from "./roles.ts";

/** What is worth counting of what the client publishes. */
const COUNTED = new Set(["acquired", "lost", "renewalFailed", "handover", "clockSkewed"]);

const campaign = host<CandidateConfig, Order>();
const { config, report } = campaign;

onLeaseEvent((event, details) => {
  if (!COUNTED.has(event)) return;
  const because = "because" in details ? `: ${details.because}` : "";
  const ended = "end" in details ? `: ${details.end.reason}` : "";
  report({ kind: "event", event: `${event}${because}${ended}` });
});
campaign.takeOrders(({ tick }) => campaign.start(serveTick(campaign, tick)));
const roles = {
  steady: campaignSteadily,
  impolite: pollImpolitely,
  running: standByRunning,
  campaigning: standByCampaigning,
};
if (config.role !== "scheduled") campaign.start(roles[config.role](campaign));
