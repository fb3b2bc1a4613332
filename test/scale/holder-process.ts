/** One process that holds so many shards, measures itself, and tells its parent. Node has to run it with `--expose-gc`. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { DynamoDBLeaseStore } from "../../lib/dynamodb.ts";
import { isLeaseError, LeaseClient, type Lease } from "../../lib/index.ts";
import { engineClient } from "../../local/engine.ts";
import { type Counted, CountedStore } from "./counted-store.ts";

/** What it is to do. */
export interface HolderOrder {
  readonly endpoint: string;
  readonly table: string;
  /** By `group.tryAcquire` for all of them, or as a worker whose list names them. */
  readonly by: "tryAcquire" | "worker";
  readonly shards: number;
  readonly restMs: number;
  /** Whether each work listens to its lease's signal: Node then keeps an `AbortController` and more for each. */
  readonly signals: boolean;
  readonly writesPerSecond?: number | undefined;
}

/** What it measured. */
export interface HolderReport {
  readonly claimMs: number;
  readonly claimCpuMs: number;
  readonly claiming: Counted;
  readonly heapMb: number;
  readonly restCpuPercent: number;
  readonly resting: Counted;
  /** The longest that the event loop stood still, in ms, at each time. */
  readonly blockedMs: { readonly claiming: number; readonly resting: number; readonly closing: number };
  /** How many it led before it closed. */
  readonly led: number;
  readonly closeMs: number;
  readonly closing: Counted;
}

const GROUP = "scale";
const collectGarbage = globalThis.gc as () => void;
const order = JSON.parse(process.argv[2] as string) as HolderOrder;

const client = engineClient(order.endpoint);
const store = new CountedStore(new DynamoDBLeaseStore({ tableName: order.table, client }), order);
await using leases = new LeaseClient({ store });
const names = Array.from({ length: order.shards }, (_, nth) => `tenant-${String(nth).padStart(5, "0")}`);
const loop = monitorEventLoopDelay({ resolution: 10 });
loop.enable();

const begun = performance.now();
const holding = order.by === "worker" ? await asWorker() : await byTrying();
const claimMs = performance.now() - begun;
const claimCpuMs = cpuMs();
const claiming = store.take();
const claimingBlockedMs = blockedMs();

await delay(2_000); // For what follows upon the claims.
const heapMb = heapInUseMb();
store.take();
blockedMs();
const restBegun = performance.now();
const cpuBefore = cpuMs();
await delay(order.restMs);
const restCpuPercent = (100 * (cpuMs() - cpuBefore)) / (performance.now() - restBegun);
const resting = store.take();
const restingBlockedMs = blockedMs();
const ledAtLast = holding.led();
const closeBegun = performance.now();
await holding.close();
const closeMs = performance.now() - closeBegun;
const report: HolderReport = {
  claimMs,
  claimCpuMs,
  claiming,
  heapMb,
  restCpuPercent,
  resting,
  led: ledAtLast,
  closeMs,
  closing: store.take(),
  blockedMs: { claiming: claimingBlockedMs, resting: restingBlockedMs, closing: blockedMs() },
};
process.send?.(report);
await leases.close();
client.destroy();
process.disconnect?.();

async function byTrying() {
  const group = leases.group(GROUP);
  const held: Lease[] = [];
  const claim = async (shard: string): Promise<void> => {
    for (;;) {
      try {
        const came = await group.tryAcquire(shard);
        if (came.kind !== "acquired") throw new Error(`${shard} is held by somebody else`);
        held.push(came.lease);
        return;
      } catch (error) {
        if (!isLeaseError(error, "STORE_UNAVAILABLE")) throw error;
      }
    }
  };
  await Promise.all(names.map(claim));
  return { led: () => held.filter((lease) => lease.isHeld()).length, close: () => group.close() };
}

async function asWorker() {
  const ender = new AbortController();
  const worker = leases.group(GROUP).worker({ shards: names, drainMs: 0 });
  let working = 0;
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  // One promise for all: what is measured is the library's, and not that of ten thousand works.
  const work = (lease: Lease): Promise<unknown> => {
    working += 1;
    return order.signals ? aborted(lease.signal) : stopped;
  };
  const run = worker.run(work, { signal: ender.signal });
  while (working < order.shards) await Promise.race([delay(20), run]);
  const close = async (): Promise<void> => {
    ender.abort();
    stop();
    await run;
  };
  return { led: () => worker.status.shards.length, close };
}

function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", resolve, { once: true });
  });
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** The longest stillstand since it was asked last. */
function blockedMs(): number {
  const longest = loop.max / 1e6;
  loop.reset();
  return longest;
}

function heapInUseMb(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
