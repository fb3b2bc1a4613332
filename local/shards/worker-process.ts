/** One worker of `npm run example:shards`: takes part once it is told to, until it is told to leave. Argument: its settings, as JSON. */
import { type Lease, LeaseClient } from "../../lib/index.ts";
import { monotonicMs } from "../harness/link.ts";
import type { Order, WorkerMessage, WorkerSettings } from "./messages.ts";

const { tableName, name, shards, durationMs, retryIntervalMs }: WorkerSettings = JSON.parse(
  process.argv[2] ?? "{}",
);

// The runner is gone.
process.on("disconnect", () => process.exit(1));
// A terminal's Ctrl-C is the runner's business.
process.on("SIGINT", () => undefined);

const stop = new AbortController();
const leases = new LeaseClient({ tableName, holder: name, durationMs, retryIntervalMs });
const worker = leases.group("tenants").worker({ shards });
process.on("message", ({ order }: Order) => {
  if (order === "leave") stop.abort();
  else void takePart();
});
tell({ kind: "ready" });

async function takePart(): Promise<void> {
  await worker.run(lead, { signal: stop.signal });
  tell({ kind: "gone", at: monotonicMs() });
  await leases.close();
  process.exit(0);
}

/** Stands for the work of a shard: it ends when somebody else is to lead, and only then is the shard released. */
async function lead({ shard = "", token, handover, signal }: Lease): Promise<void> {
  tell({ kind: "led", shard, token, at: monotonicMs() });
  await Promise.race([handover, new Promise((resolve) => signal.addEventListener("abort", resolve))]);
  tell({ kind: "left", shard, token, at: monotonicMs() });
}

function tell(message: WorkerMessage): void {
  process.send?.(message);
}
