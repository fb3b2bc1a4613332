/** One process that holds so many leases, measures itself, and tells its parent. Node has to run it with `--expose-gc`. */
import { setTimeout as delay } from "node:timers/promises";
import { DynamoDBLeaseStore } from "../../../lib/dynamodb.ts";
import { isLeaseError, LeaseClient, type Lease } from "../../../lib/index.ts";
import { engineClient } from "../../../local/engine.ts";
import { type Counted, CountedStore } from "./counted-store.ts";
import { EventLoop, Renewals, type Stretch } from "./self-measures.ts";

/** What it is to do. */
export interface HolderOrder {
  readonly endpoint: string;
  readonly table: string;
  /** As shards of a group, by `group.tryAcquire` for all of them or as a worker whose list names them; or as so many leases of their own. */
  readonly by: "tryAcquire" | "worker" | "single";
  /** How many: shards, or leases of their own. */
  readonly shards: number;
  readonly restMs: number;
  /** How long it waits after the claims for what follows upon them, in ms. @default 2_000 */
  readonly pauseMs?: number | undefined;
  /** Into how many stretches the rest is cut, each of which is measured by itself. @default 1 */
  readonly stretches?: number | undefined;
  /** Whether each work listens to its lease's signal: Node then keeps an `AbortController` and more for each. */
  readonly signals: boolean;
  /** @default - the client's */
  readonly durationMs?: number | undefined;
  /** @default - the client's */
  readonly renewIntervalMs?: number | undefined;
  /** When it stops to claim leases of their own, whether it has all or not. @default - never */
  readonly claimWithinMs?: number | undefined;
}

/** What it measured. */
export interface HolderReport {
  readonly claimMs: number;
  readonly claimCpuMs: number;
  readonly claiming: Counted;
  /** How many claims rejected, and were made anew: of shards, by `tryAcquire`. */
  readonly rejected: number;
  readonly heapMb: number;
  readonly rssMb: number;
  readonly restCpuPercent: number;
  readonly resting: Counted;
  /** The stretches of the rest. */
  readonly stretches: readonly Stretch[];
  /** The longest that the event loop stood still, in ms, at each time. */
  readonly blockedMs: { readonly claiming: number; readonly resting: number; readonly closing: number };
  /** How many it had claimed. */
  readonly claimed: number;
  /** How many terms it lost, while it claimed and while it rested. */
  readonly lost: number;
  /** How many it led before it closed. */
  readonly led: number;
  readonly closeMs: number;
  readonly closing: Counted;
}

/** What is held, by whatever way. */
interface Holding {
  claimed(): number;
  led(): number;
  close(): Promise<unknown>;
}

const GROUP = "scale";
/** How many claims of leases of their own are under way at once: fewer than the SDK has sockets. */
const CLAIMS_AT_ONCE = 32;
const collectGarbage = globalThis.gc as () => void;
const order = JSON.parse(process.argv[2] as string) as HolderOrder;

const client = engineClient(order.endpoint);
const store = new CountedStore(new DynamoDBLeaseStore({ tableName: order.table, client }));
await using leases = new LeaseClient({
  store,
  durationMs: order.durationMs,
  renewIntervalMs: order.renewIntervalMs,
});
const names = Array.from({ length: order.shards }, (_, nth) => `tenant-${String(nth).padStart(5, "0")}`);
const loop = new EventLoop();
const renewals = new Renewals(order);

let rejected = 0;
const begun = performance.now();
const ways = { tryAcquire: byTrying, worker: asWorker, single: asSingles };
const holding: Holding = await ways[order.by]();
const claimMs = performance.now() - begun;
const claimCpuMs = cpuMs();
const claiming = store.take();
const claimingBlockedMs = loop.take().longestMs;

await delay(order.pauseMs ?? 2_000);
const { heapMb, rssMb } = memoryInUse();
store.take();
loop.take();
renewals.take();
const restBegun = performance.now();
const cpuBefore = cpuMs();
const stretches = await rested();
const restCpuPercent = (100 * (cpuMs() - cpuBefore)) / (performance.now() - restBegun);
const resting = store.take();
const ledAtLast = holding.led();
const closeBegun = performance.now();
await holding.close();
const closeMs = performance.now() - closeBegun;
const report: HolderReport = {
  claimMs,
  claimCpuMs,
  claiming,
  rejected,
  heapMb,
  rssMb,
  restCpuPercent,
  resting,
  stretches,
  claimed: holding.claimed(),
  lost: renewals.lost,
  led: ledAtLast,
  closeMs,
  closing: store.take(),
  blockedMs: {
    claiming: claimingBlockedMs,
    resting: Math.max(...stretches.map(({ loop: { longestMs } }) => longestMs)),
    closing: loop.take().longestMs,
  },
};
process.send?.(report);
await leases.close();
client.destroy();
process.disconnect?.();

/** Rests, and measures each stretch of it. */
async function rested(): Promise<Stretch[]> {
  const { restMs, stretches: parts = 1 } = order;
  const all: Stretch[] = [];
  for (let nth = 0; nth < parts; nth += 1) {
    const from = performance.now();
    const cpuFrom = cpuMs();
    await delay(restMs / parts);
    const lastedMs = performance.now() - from;
    const cpuPercent = (100 * (cpuMs() - cpuFrom)) / lastedMs;
    all.push({ lastedMs, cpuPercent, loop: loop.take(), renewals: renewals.take(), led: holding.led() });
  }
  return all;
}

async function byTrying(): Promise<Holding> {
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
        rejected += 1;
      }
    }
  };
  await Promise.all(names.map(claim));
  return { claimed: () => held.length, led: () => ledOf(held), close: () => group.close() };
}

/** A lease of its own for each name, a few at a time, for as long as it may take. What could not be claimed is left. */
async function asSingles(): Promise<Holding> {
  const held: Lease[] = [];
  const wanted = names.values();
  const until = performance.now() + (order.claimWithinMs ?? Infinity);
  const claimer = async (): Promise<void> => {
    for (const name of wanted) {
      if (performance.now() > until) return;
      try {
        const came = await leases.tryAcquire(name);
        if (came.kind === "acquired") held.push(came.lease);
      } catch (error) {
        if (!isLeaseError(error, "STORE_UNAVAILABLE")) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: CLAIMS_AT_ONCE }, claimer));
  return { claimed: () => held.length, led: () => ledOf(held), close: () => leases.close() };
}

async function asWorker(): Promise<Holding> {
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
  return { claimed: () => working, led: () => worker.status.shards.length, close };
}

function ledOf(held: readonly Lease[]): number {
  return held.filter((lease) => lease.isHeld()).length;
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

function memoryInUse(): { heapMb: number; rssMb: number } {
  collectGarbage();
  collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  return { heapMb: heapUsed / 2 ** 20, rssMb: rss / 2 ** 20 };
}
