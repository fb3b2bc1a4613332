import { setTimeout as delay } from "node:timers/promises";
import { DEFAULT_TIMING } from "../../lib/index.ts";
import { writesOf } from "../support/holding/counted-store.ts";
import type { Bound } from "./bounds.ts";
import { Fleet, type FleetWorker } from "./fleet.ts";
import type { WorkerOrder } from "./worker-process.ts";

const WORKERS = 16;
const KILLED = 4;
const PATIENCE_MS = 180_000;
const REST_INTERVALS = 5;
const { durationMs, graceMs, retryIntervalMs, renewIntervalMs } = DEFAULT_TIMING;

/** Plays a fleet's life: it starts, rests, loses four at once, is joined by one, and one leaves it. What is measured goes into `bounds`. */
export async function playFleet(
  order: WorkerOrder,
  bounds: Bound[],
  note: (what: string) => void,
): Promise<void> {
  const fleet = new Fleet(order);
  const of = `${WORKERS} workers, ${order.shards} shards`;
  try {
    note(`starting ${WORKERS} workers`);
    for (let nth = 0; nth < WORKERS; nth += 1) await fleet.join();
    await fleet.settled(PATIENCE_MS);
    await delay(3 * retryIntervalMs);
    bounds.push(...(await atRest(fleet, of, note)));
    bounds.push(await whenKilled(fleet, of, note));
    bounds.push(...(await whenJoined(fleet, of, order.shards, note)));
    bounds.push(...(await whenLeft(fleet, of, note)));
  } finally {
    await fleet.end();
  }
}

async function atRest(fleet: Fleet, of: string, note: (what: string) => void): Promise<Bound[]> {
  note("resting");
  await fleet.counted();
  await delay(REST_INTERVALS * renewIntervalMs);
  const counted = await fleet.counted();
  const most = (count: (counts: Readonly<Record<string, number>>) => number): number =>
    Math.max(...counted.map(({ counts }) => count(counts)));
  return [
    {
      of,
      what: "renewals of a worker at rest",
      is: most((c) => c["renew session"] ?? 0),
      most: REST_INTERVALS + 1,
    },
    {
      of,
      what: "other writes of a worker at rest",
      is: most((c) => writesOf(c) - (c["renew session"] ?? 0)),
      most: 0,
    },
    {
      of,
      what: "queries of sessions of a worker at rest",
      is: most((c) => c["rows of session"] ?? 0),
      most: (REST_INTERVALS * renewIntervalMs) / retryIntervalMs + 1,
    },
    { of, what: "queries of all of a worker at rest", is: most((c) => c["rows of all"] ?? 0), most: 1 },
  ];
}

async function whenKilled(fleet: Fleet, of: string, note: (what: string) => void): Promise<Bound> {
  note(`killing ${KILLED}`);
  const at = await fleet.kill(fleet.workers.slice(0, KILLED));
  await fleet.settled(PATIENCE_MS, false);
  const is = (fleet.lastBegan - at) / 1_000;
  const most = (durationMs + graceMs + 1_000 + 2 * retryIntervalMs) / 1_000;
  await fleet.settled(PATIENCE_MS);
  return { of, what: `all led again after a kill of ${KILLED}, s`, is, most };
}

async function whenJoined(
  fleet: Fleet,
  of: string,
  shards: number,
  note: (what: string) => void,
): Promise<Bound[]> {
  note("joining one");
  await delay(2 * retryIntervalMs);
  const before = fleet.begun;
  await fleet.join();
  const share = Math.ceil(shards / fleet.workers.length);
  await fleet.settled(PATIENCE_MS);
  await delay(2 * retryIntervalMs);
  return [{ of, what: "shards moved by a join", is: fleet.begun - before, most: share }];
}

async function whenLeft(fleet: Fleet, of: string, note: (what: string) => void): Promise<Bound[]> {
  note("one leaves");
  const leaver = fleet.workers[0] as FleetWorker;
  await fleet.leave(leaver);
  await fleet.settled(PATIENCE_MS, false);
  const is = (fleet.lastBegan - (leaver.leftAt ?? 0)) / 1_000;
  // A look begins an interval after the one before has ended, and its claims take a moment: requests are no part of an interval.
  return [{ of, what: "all led again after a graceful leave, s", is, most: retryIntervalMs / 1_000 + 0.5 }];
}
