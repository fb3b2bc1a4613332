import { isLeaseError } from "../core/errors.ts";
import { evidenceOfExpiry } from "../core/evidence.ts";
import { type Names, parseKnown } from "../core/known.ts";
import { parseName } from "../core/names.ts";
import { type LeaseState, stateOf } from "../core/record.ts";
import { parseWholeMs } from "../core/timing.ts";
import type { ClientCore } from "./client-core.ts";
import { endable, type LeaseIterator } from "./iteration.ts";
import { follows, pause } from "./waiting.ts";

/** Options of `observe`. A renewal is a change, too: compare `token` to see new leaders alone. */
export interface ObserveOptions {
  /** Ends the observation: the iteration is done. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How often to look, in ms: 50 to a day. 1 strong read each.
   * @default - the client's `retryIntervalMs`
   */
  readonly intervalMs?: number | undefined;
}

/** Options of `list`. */
export interface ListOptions {
  /**
   * How long one page of the table may take, in ms: 50 to 600,000. A page is up to 1 MB of it. The lease's own
   * `requestTimeoutMs` has no say here.
   * @default 30_000
   */
  readonly pageTimeoutMs?: number | undefined;
}

const PAGE_TIMEOUT_MS = 30_000;

/** Reads one lease; see `LeaseClient.get`. */
export async function readLease(core: ClientCore, name: string): Promise<LeaseState> {
  core.life.assertOpen();
  parseName(name);
  const { exchange, memory, clock, timing } = core;
  const { outcome, received } = await exchange.read(name, timing.requestTimeoutMs);
  const seen = memory.note(name, outcome.record, received, outcome.servedAt);
  const over = seen !== undefined && evidenceOfExpiry(seen, clock.now(), timing) !== undefined;
  return stateOf(name, seen?.record, over);
}

/** Reads all leases; see `LeaseClient.list`. */
export function listLeases(core: ClientCore, options: ListOptions): LeaseIterator {
  parseKnown(options, { pageTimeoutMs: true } satisfies Names<ListOptions>, "list");
  const timeoutMs = parseWholeMs(options.pageTimeoutMs, "pageTimeoutMs", PAGE_TIMEOUT_MS, 50, 600_000);
  return endable((ended) => pages(core, timeoutMs, ended));
}

async function* pages(
  core: ClientCore,
  timeoutMs: number,
  ended: AbortSignal,
): AsyncGenerator<LeaseState, void, undefined> {
  core.life.assertOpen();
  const { exchange, clock, timing } = core;
  for await (const { records, servedAt } of exchange.list(timeoutMs, ended)) {
    const at = clock.now();
    for (const record of records) {
      const over = evidenceOfExpiry({ record, firstSeen: at, servedAt }, at, timing) !== undefined;
      yield stateOf(record.name, record, over);
    }
  }
}

/** Follows one lease; see `LeaseClient.observe`. */
export function observeLease(core: ClientCore, name: string, options: ObserveOptions = {}): LeaseIterator {
  core.life.assertOpen();
  parseName(name);
  return observeReading(core, name, options, () => readLease(core, name));
}

/** Follows what is read of a lease or a shard. */
export function observeReading(
  core: ClientCore,
  name: string,
  options: ObserveOptions,
  look: () => Promise<LeaseState>,
): LeaseIterator {
  core.life.assertOpen();
  parseKnown(options, { signal: true, intervalMs: true } satisfies Names<ObserveOptions>, "observe");
  const { retryIntervalMs } = core.timing;
  const intervalMs = parseWholeMs(options.intervalMs, "intervalMs", retryIntervalMs, 50, 86_400_000);
  return endable((ended) => follow(core, name, look, intervalMs, ended), options.signal);
}

async function* follow(
  core: ClientCore,
  name: string,
  look: () => Promise<LeaseState>,
  intervalMs: number,
  left: AbortSignal,
): AsyncGenerator<LeaseState, void, undefined> {
  const ender = new AbortController();
  const ended = ender.signal;
  const forget = core.life.onClose(() => ender.abort());
  const unfollow = follows(ender, left);
  const about = { lease: name, holder: core.label };
  let last: LeaseState | undefined;
  let from = core.clock.now().mono;
  try {
    while (!ended.aborted) {
      const state = await look().catch((error: unknown) => {
        if (isLeaseError(error, "CLIENT_CLOSED")) return undefined;
        core.emit("requestFailed", { ...about, ...core.exchange.trouble("look", error) });
        // What cannot be read now may be in a while.
        if (core.exchange.passes(error)) return undefined;
        throw error;
      });
      const restoredMs = state === undefined ? undefined : core.exchange.takeRestored();
      if (restoredMs !== undefined) core.emit("contactRestored", { ...about, lastingMs: restoredMs });
      if (ended.aborted) return;
      if (state !== undefined && (last === undefined || differs(last, state))) {
        last = state;
        yield state;
      }
      // A slow consumer is shown the state after its delay at once, and never one that is older.
      const spent = core.clock.now().mono - from;
      await pause(core.clock, Math.max(1, intervalMs - spent), ended);
      from = core.clock.now().mono;
    }
  } finally {
    forget();
    unfollow();
  }
}

function differs(a: LeaseState, b: LeaseState): boolean {
  // What piggybacks on the record, no revision tells of.
  const piggybacked = a.requestedBy !== b.requestedBy || a.tick !== b.tick;
  return piggybacked || a.revision !== b.revision || a.token !== b.token || a.kind !== b.kind;
}
