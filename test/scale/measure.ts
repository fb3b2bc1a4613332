import { cpus } from "node:os";
import Table from "cli-table3";
import { engineClient, startEngine } from "../../local/engine.ts";
import type { Finding } from "../../local/harness/command.ts";
import type { Screen } from "../../local/harness/screen.ts";
import type { HolderOrder } from "../support/holding/holder-process.ts";
import { holds } from "../support/holding/holds.ts";
import { createLeaseTable } from "../support/lease-tables.ts";
import { above, throttling } from "../support/throttling-server.ts";
import { type Bound, isMet } from "./bounds.ts";
import { playFleet } from "./fleet-plays.ts";
import { boundsOfHolding, boundsOfSignals } from "./holding.ts";
import { type Options, type Part, PARTS } from "./options.ts";

/** What a throttled process is let through, in writes a second: less than it sends by itself, so that it is throttled. */
const THROTTLED = 250;
const THROTTLED_SHARDS = 2_000;

/** Measures, one after the other, and judges. */
export async function measure(options: Options, screen: Screen, signal: AbortSignal): Promise<Finding> {
  await using stack = new AsyncDisposableStack();
  const { endpoint } = stack.use(await startEngine());
  const client = stack.adopt(engineClient(endpoint), (opened) => opened.destroy());
  const bounds: Bound[] = [];
  let tables = 0;
  /** Each measurement has a table of its own. */
  const table = async (): Promise<{ readonly endpoint: string; readonly table: string }> => {
    signal.throwIfAborted();
    tables += 1;
    await createLeaseTable(client, `scale-${tables}`);
    return { endpoint, table: `scale-${tables}` };
  };
  const note = (what: string): void => screen.progress(what);
  const restMs = options.rest * 1_000;
  const held = async (by: HolderOrder["by"], of: string): Promise<void> => {
    note(of);
    const order = { by, shards: options.shards, restMs, signals: false };
    const one = await holds({ ...order, ...(await table()), shards: 1, restMs: restMs / 4 });
    const many = { ...order, ...(await table()) };
    bounds.push(...boundsOfHolding(of, many, await holds(many), one));
  };
  const listening = async (): Promise<void> => {
    const of = `${options.shards} by a worker whose works listen to their signals`;
    note(of);
    // What differs is there once they have begun.
    const order = { by: "worker", restMs: 1_000, signals: true } as const;
    const one = await holds({ ...order, ...(await table()), shards: 1 });
    bounds.push(
      ...boundsOfSignals(of, await holds({ ...order, ...(await table()), shards: options.shards }), one),
    );
  };
  const parts: Readonly<Record<Part, () => Promise<unknown>>> = {
    tryAcquire: () => held("tryAcquire", `${options.shards} by tryAcquire`),
    worker: () => held("worker", `${options.shards} by a worker`),
    signals: listening,
    throttled: async () => bounds.push(...(await throttled(await table(), note))),
    fleet: async () => playFleet({ ...(await table()), shards: options.fleetShards }, bounds, note),
  };
  for (const part of options.only ?? PARTS)
    await parts[part]().catch((error: unknown) => {
      signal.throwIfAborted();
      bounds.push({ of: part, what: String(error), is: 1, most: 0 });
    });
  const ok = bounds.every(isMet);
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? "?"}, Node ${process.versions.node}`;
  return {
    summary: { ok, machine, bounds } as Finding["summary"],
    lines: [machine, tableOf(bounds, screen)],
  };
}

async function throttled(
  where: { readonly endpoint: string; readonly table: string },
  note: (what: string) => void,
): Promise<Bound[]> {
  const of = `throttled to ${THROTTLED} writes a second`;
  note(of);
  // Real answers of a server, so that the SDK has its part in it.
  await using proxy = await throttling(where.endpoint, above(THROTTLED));
  const order = {
    table: where.table,
    endpoint: proxy.endpoint,
    by: "tryAcquire",
    shards: THROTTLED_SHARDS,
    restMs: 1_000,
    signals: false,
  } as const;
  const { claimMs, rejected, led } = await holds(order);
  // Twice what an unthrottled process at just that rate takes, and what it takes to slow down.
  const most = (2 * THROTTLED_SHARDS) / THROTTLED + 5;
  return [
    { of, what: `${THROTTLED_SHARDS} claimed in, s`, is: claimMs / 1_000, most },
    { of, what: "led", is: led, least: THROTTLED_SHARDS },
    { of, what: "writes throttled", is: proxy.throttled(), least: 1 },
    { of, what: "claims that rejected", is: rejected, most: 0 },
  ];
}

function tableOf(bounds: readonly Bound[], { colors }: Screen): string {
  const table = new Table({ head: ["of", "what", "is", "bound"], style: { head: [] } });
  for (const bound of bounds) {
    const { of, what, is, most, least } = bound;
    const limit = most === undefined ? (least === undefined ? "" : `>= ${least}`) : `<= ${most}`;
    const figure = Number.isInteger(is) ? `${is}` : is.toFixed(2);
    table.push([of, what, isMet(bound) ? figure : colors.red(`${figure} MISSED`), limit]);
  }
  return table.toString();
}
