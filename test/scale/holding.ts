import { writesOf } from "../support/holding/counted-store.ts";
import type { HolderOrder, HolderReport } from "../support/holding/holder-process.ts";
import type { Bound } from "./bounds.ts";

const CLAIMED_WITHIN_MS = 30_000;
const MOST_WRITES_A_SECOND = 1_000;
const MOST_MEMORY_MB = 20;
/** Of 10,000 works that listen to their signals: Node keeps a kilobyte for each, of which the library has no part. */
const MOST_WITH_SIGNALS_MB = 30;
const MOST_CPU_PERCENT = 2;
const RENEW_INTERVAL_MS = 5_000;

/** What a process that holds many has to keep to, beside one that holds a single one. */
export function boundsOfHolding(
  of: string,
  { shards, restMs }: HolderOrder,
  report: HolderReport,
  one: HolderReport,
): Bound[] {
  const { resting, claiming, closing } = report;
  const renewals = resting.counts["renew session"] ?? 0;
  return [
    { of, what: "claimed in, s", is: report.claimMs / 1_000, most: CLAIMED_WITHIN_MS / 1_000 },
    { of, what: "writes in any second", is: claiming.mostWritesInASecond, most: MOST_WRITES_A_SECOND },
    { of, what: "led after the rest", is: report.led, least: shards },
    heapBeyond(of, report, one, MOST_MEMORY_MB),
    {
      of,
      what: "CPU beyond one lease's, %",
      is: report.restCpuPercent - one.restCpuPercent,
      most: MOST_CPU_PERCENT,
    },
    { of, what: "renewals at rest", is: renewals, most: Math.ceil(restMs / RENEW_INTERVAL_MS) + 1 },
    { of, what: "other writes at rest", is: writesOf(resting.counts) - renewals, most: 0 },
    {
      of,
      what: "writes to close",
      is: writesOf(closing.counts) - (closing.counts["renew session"] ?? 0),
      most: 1,
    },
    { of, what: "closed in, s", is: report.closeMs / 1_000 },
    { of, what: "CPU to claim, s", is: report.claimCpuMs / 1_000 },
    { of, what: "event loop blocked at rest, ms", is: report.blockedMs.resting },
    { of, what: "event loop blocked while closing, ms", is: report.blockedMs.closing },
  ];
}

/** What a process has to keep to in which each work listens to its lease's signal; all else is as without. */
export function boundsOfSignals(of: string, report: HolderReport, one: HolderReport): Bound[] {
  return [heapBeyond(of, report, one, MOST_WITH_SIGNALS_MB)];
}

function heapBeyond(of: string, report: HolderReport, one: HolderReport, most: number): Bound {
  return { of, what: "heap beyond one lease's, MB", is: report.heapMb - one.heapMb, most };
}
