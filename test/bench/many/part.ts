import { DEFAULT_TIMING } from "../../../lib/index.ts";
import { engineClient, startEngine } from "../../../local/engine.ts";
import type { HolderOrder, HolderReport } from "../../support/holding/holder-process.ts";
import { holds } from "../../support/holding/holds.ts";
import { LATE_MS } from "../../support/holding/self-measures.ts";
import { createLeaseTable } from "../../support/lease-tables.ts";
import { cellOf, shuffled, spreadOf } from "../figures.ts";
import type { BenchContext, Part, Section } from "../part.ts";
import { plotsOf, tablesOf } from "./report.ts";

/** How many are held, and as what. */
export interface Holding {
  readonly by: "tryAcquire" | "single";
  readonly leases: number;
  readonly durationMs: number;
}

/** What was measured of it. */
export interface Held extends Holding {
  readonly report: HolderReport;
}

type Order = Pick<HolderOrder, "pauseMs" | "claimWithinMs" | "renewIntervalMs"> & {
  /** How many stretches of its rest are measured, each an interval or {@link MOST_STRETCH_MS}. */
  readonly stretches: number;
};

/** How long a stretch lasts at most, in ms. */
const MOST_STRETCH_MS = 5_000;

const { durationMs: DEFAULT_MS } = DEFAULT_TIMING;
/** So long a term for those who hold many, in ms. */
const LONG_MS = 60_000;
const COUNTS = [1, 100, 1_000, 10_000];

const SMOKE: readonly Holding[] = [
  { by: "single", leases: 20, durationMs: DEFAULT_MS },
  { by: "tryAcquire", leases: 20, durationMs: DEFAULT_MS },
];
const FULL: readonly Holding[] = [
  ...COUNTS.map((leases) => ({ by: "single", leases, durationMs: DEFAULT_MS }) as const),
  ...COUNTS.map((leases) => ({ by: "tryAcquire", leases, durationMs: DEFAULT_MS }) as const),
  { by: "single", leases: 10_000, durationMs: LONG_MS },
];
const SMOKE_ORDER: Order = { stretches: 2, pauseMs: 100, renewIntervalMs: 300 };
const FULL_ORDER: Order = { stretches: 2, claimWithinMs: 20_000 };

/** Many leases that one process holds. */
export const many: Part = {
  name: "many",
  about:
    "up to 10,000 leases of one process, single and as a group: renewals, CPU, memory, event loop, late renewals",
  async run(context: BenchContext): Promise<readonly Section[]> {
    const held = await (context.smoke
      ? holdAll(SMOKE, SMOKE_ORDER, context)
      : holdAll(FULL, FULL_ORDER, context));
    return [sectionOf(held)];
  },
};

/** Has one process after the other hold so many, in a random order. */
export async function holdAll(
  plans: readonly Holding[],
  { stretches, ...rest }: Order,
  { signal, progress }: BenchContext,
): Promise<Held[]> {
  await using engine = await startEngine();
  const client = engineClient(engine.endpoint);
  const held: Held[] = [];
  try {
    for (const [nth, plan] of shuffled(plans).entries()) {
      const { by, leases: shards, durationMs } = plan;
      progress(`${shards} ${by === "single" ? "leases of their own" : "shards"}, ${durationMs} ms`);
      const table = `many-${nth}`;
      await createLeaseTable(client, table);
      const intervalMs = rest.renewIntervalMs ?? durationMs / 3;
      const time = { durationMs, stretches, restMs: stretches * Math.min(intervalMs, MOST_STRETCH_MS) };
      const order = { endpoint: engine.endpoint, table, by, shards, signals: false, ...time, ...rest };
      held.push({ ...plan, report: await holds(order, signal) });
      signal.throwIfAborted();
    }
  } finally {
    client.destroy();
  }
  return held.toSorted((a, b) => a.leases - b.leases);
}

function sectionOf(held: readonly Held[]): Section {
  const lostOf = (by: Holding["by"], most: number): number =>
    held.reduce((sum, one) => sum + (one.by === by && one.leases <= most ? one.report.lost : 0), 0);
  return {
    title: "Many leases in one process",
    text: [
      `One process holds so many leases with one client, as leases of their own or as shards of a group, and is left alone with them. It is measured in ${FULL_ORDER.stretches} stretches of ${MOST_STRETCH_MS / 1_000} s. The default term of ${DEFAULT_MS / 1_000} s is renewed every ${DEFAULT_MS / 3_000} s; one of ${LONG_MS / 1_000} s every ${LONG_MS / 3_000} s. CPU is that of the process, 100 % being one core. Memory is the heap in use after a collection, beyond that of one lease. The event loop's delay is how much later than due a timer of 10 ms fires. A renewal is late when it was sent more than ${LATE_MS} ms later than planned. A process gives up claiming after ${(FULL_ORDER.claimWithinMs ?? 0) / 1_000} s.`,
      whyItBreaks(held),
      "What a reader may conclude: how the cost grows with the number, and what a group spares. Not to conclude: at which number a process on another machine breaks. The engine shares the cores with the process; with DynamoDB all of them are the process's, and a request waits for the network, which costs no CPU.",
    ],
    tables: tablesOf(held),
    plots: plotsOf(held),
    targets: [
      {
        what: "terms lost, up to 10,000 shards of a group",
        atMost: 0,
        measured: lostOf("tryAcquire", 10_000),
      },
      { what: "terms lost, up to 1,000 leases of their own", atMost: 0, measured: lostOf("single", 1_000) },
    ],
  };
}

/** What the figures say of where it breaks. */
function whyItBreaks(held: readonly Held[]): string {
  // A process that loses terms does other things besides renewing.
  const singles = held.filter((one) => one.by === "single" && one.leases >= 100 && one.report.lost === 0);
  const costs = singles.flatMap(({ report }) =>
    report.stretches
      .filter(({ renewals: { renewed } }) => renewed > 0)
      .map(({ cpuPercent, lastedMs, renewals: { renewed } }) => ((cpuPercent / 100) * lastedMs) / renewed),
  );
  const { median } = spreadOf(costs);
  const most = DEFAULT_MS / 3 / median;
  return (
    "Leases of their own are renewed one by one: a process that holds N of them sends N requests per interval, 2,000 a second for 10,000 by default. " +
    `Here a renewal takes ${cellOf(median)} ms of CPU (SDK, signature and HTTP included), so one core is full at about ${cellOf(Math.round(most / 100) * 100)} of them. ` +
    "Beyond that requests queue, first renewals come late, then their answers come after the deadline, and terms run out. " +
    "A longer term moves that number in proportion. A group renews one session whatever its number."
  );
}
