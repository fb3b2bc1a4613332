/** One worker of a fleet, which tells its parent of each shard that it begins to lead, or leads no more. */
import { DynamoDBLeaseStore } from "../../lib/dynamodb.ts";
import { LeaseClient } from "../../lib/index.ts";
import { engineClient } from "../../local/engine.ts";
import { monotonicMs } from "../../local/harness/link.ts";
import { type Counted, CountedStore } from "../support/holding/counted-store.ts";

/** What it is to do. */
export interface WorkerOrder {
  readonly endpoint: string;
  readonly table: string;
  readonly shards: number;
}

/** What the parent asks for: the counts since it asked last, or that it leaves. */
export type WorkerCall = "count" | "leave";

/** What it tells. */
export type WorkerTold =
  | { readonly is: "began" | "ended"; readonly shard: string; readonly at: number }
  | { readonly is: "counted"; readonly counted: Counted }
  | { readonly is: "left"; readonly at: number };

const order = JSON.parse(process.argv[2] as string) as WorkerOrder;
const tell = (told: WorkerTold): void => void process.send?.(told);
const client = engineClient(order.endpoint);
const store = new CountedStore(new DynamoDBLeaseStore({ tableName: order.table, client }));
const leases = new LeaseClient({ store });
const ender = new AbortController();
process.on("message", (call: WorkerCall) => {
  if (call === "leave") ender.abort();
  else tell({ is: "counted", counted: store.take() });
});
const shards = Array.from({ length: order.shards }, (_, nth) => `shard-${String(nth).padStart(4, "0")}`);
const worker = leases.group("fleet").worker({ shards, drainMs: 0 });
await worker.run(
  async ({ shard = "", signal, handover }) => {
    tell({ is: "began", shard, at: monotonicMs() });
    const aborted = new Promise((resolve) => {
      signal.addEventListener("abort", resolve);
    });
    await Promise.race([handover, aborted]);
    tell({ is: "ended", shard, at: monotonicMs() });
  },
  { signal: ender.signal },
);
tell({ is: "left", at: monotonicMs() });
await leases.close();
client.destroy();
process.disconnect?.();
