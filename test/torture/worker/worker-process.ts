/** One worker: a process that works for a group, and uses a semaphore, until it is told to stop, or worse. */
import { once } from "node:events";
import { onLeaseEvent, type Semaphore } from "../../../lib/index.ts";
import { type Clients, openClients, rest, untilStopped } from "../candidate/clients.ts";
import { host } from "../candidate/hosted.ts";
import { observeTerm } from "../candidate/observed-term.ts";
import type { WorkerConfig, WorkerOrder } from "./messages.ts";
import { reportThrown, workOn } from "./shard-work.ts";

/** What is worth counting of what the client publishes. */
const COUNTED = new Set(["acquired", "lost", "handover", "clockSkewed", "released"]);
const DRAIN_MS = 400;
/** How long a shard is kept for whoever asked for it. Longer than a retry. */
const KEPT_MS = 1_200;

const hosted = host<WorkerConfig, WorkerOrder>();
const { config, chance, report, stopping } = hosted;
const stopped = once(stopping, "abort");
let calm = false;
/** Resolved while it is to take part. */
let comeBack = Promise.withResolvers<void>();
comeBack.resolve();
/** Aborted to leave the group for a while. */
let leaving = new AbortController();

/** Sessions that were lost, or whose release nobody answered: they end in the table when their time is up. */
const unreleased = new Set<string | undefined>();

onLeaseEvent((event, details) => {
  if (!COUNTED.has(event)) return;
  const isSession = !("shard" in details);
  if (isSession && event === "acquired") unreleased.delete(details.holder);
  if (isSession && (event === "lost" || ("result" in details && details.result.kind === "unknown")))
    unreleased.add(details.holder);
  const of = isSession ? "session" : "shard";
  const because = "because" in details ? `: ${details.because}` : "";
  const ended = "end" in details ? `: ${details.end.reason}` : "";
  const result = "result" in details ? `: ${details.result.kind}` : "";
  report({ kind: "event", event: `${of} ${event}${because}${ended}${result}` });
});

/** Joins the group, works until it is told to leave, and comes back. */
function workForGroup({ leases, client }: Clients): Promise<void> {
  const group = leases.group(config.group);
  const { shards, weight, id } = config;
  return untilStopped(hosted, async () => {
    await Promise.race([comeBack.promise, stopped]);
    if (stopping.aborted) return;
    leaving = new AbortController();
    const signal = AbortSignal.any([leaving.signal, stopping]);
    let calmly = false;
    signal.addEventListener("abort", () => (calmly = calm));
    const onWorkFailed = (error: unknown): void => reportThrown(error, report);
    const worker = group.worker({
      shards,
      weight,
      id,
      drainMs: DRAIN_MS,
      reserveForMs: KEPT_MS,
      onWorkFailed,
    });
    report({ kind: "joined", id: worker.id });
    await worker.run((lease) => workOn(lease, hosted, client, () => calm), { signal });
    report({ kind: "closed", id: worker.id, calmly: calmly && !unreleased.has(worker.id) });
  });
}

/** Waits for a permit, holds it for a while, rests, and waits again. */
async function usePermits({ leases }: Clients): Promise<void> {
  const { semaphore: name, permits } = config;
  const semaphore = leases.semaphore(name, { permits });
  let usedCalmly: string | undefined;
  await untilStopped(hosted, async () => {
    const wasCalm = calm;
    const id = await holdPermit(semaphore);
    if (wasCalm) usedCalmly = id;
    await rest(chance.of("permit/rest").spread(50, 3_000), stopping);
  });
  await semaphore.close();
  if (usedCalmly !== undefined)
    report({ kind: "closed", id: usedCalmly, calmly: !unreleased.has(usedCalmly) });
}

async function holdPermit(semaphore: Semaphore): Promise<string> {
  const lease = await semaphore.acquire({ signal: stopping, timeoutMs: 10_000 });
  observeTerm(lease, report);
  await rest(chance.of("permit/length").spread(100, 4_000), AbortSignal.any([stopping, lease.signal]));
  await lease.release();
  return lease.holder;
}

hosted.takeOrders(({ kind }) => {
  if (kind === "calm") calm = true;
  else if (kind === "join") comeBack.resolve();
  else {
    comeBack = Promise.withResolvers();
    leaving.abort(new Error("told to leave"));
  }
});
hosted.start(
  openClients(
    config,
    { holder: `${config.name}:${process.pid}`, retryIntervalMs: config.retryIntervalMs },
    (clients) => Promise.all([workForGroup(clients), usePermits(clients)]).then(() => undefined),
  ),
);
