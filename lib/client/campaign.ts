import { because, LeaseError } from "../core/errors.ts";
import type { Refusal } from "./attempt.ts";
import type { ClientCore, Try } from "./client-core.ts";
import type { LeaseHandle } from "./handle.ts";
import { aborted, MAX_WAIT_MS, makeWakeup, pause, type Wakeup } from "./waiting.ts";

/** How a candidate waits until it leads. */
export interface Wait {
  readonly name: string;
  /** How long in all; infinite for as long as it takes. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Ends a wait early. */
  readonly wakeup: Wakeup;
  /** How long the store may be out of reach, or refuse to serve, before the wait ends with its error; infinite for as long as it takes. */
  readonly troubleLimitMs: number;
  /** Told of each refusal, and waited for. */
  readonly onRefused?: (refusal: Refusal) => Promise<void>;
  /** Told when the next look is due. */
  readonly onWait?: (waitMs: number) => void;
}

/**
 * Tries until the candidate leads. The first wait, and the one after a wake-up that many may have had, is a
 * random part of the interval (full jitter). After that each candidate keeps its own beat, so that there is one
 * look per interval and a vacant lease is found within one; and it looks when the term that it saw could be over.
 * @throws {LeaseError} ACQUIRE_TIMEOUT, ABORTED, and what the tries throw, except for what may pass (see `Exchange.passes`), unless that
 *   has lasted for longer than `troubleLimitMs`
 */
export async function campaign(core: ClientCore, tryOnce: Try, wait: Wait): Promise<LeaseHandle> {
  const closed = makeWakeup();
  const forget = core.life.onClose(() => {
    wait.wakeup.wake();
    closed.wake();
  });
  try {
    return await untilElected(core, tryOnce, wait, closed);
  } finally {
    forget();
  }
}

async function untilElected(
  core: ClientCore,
  tryOnce: Try,
  wait: Wait,
  closed: Wakeup,
): Promise<LeaseHandle> {
  const { clock, exchange, life } = core;
  const { name, timeoutMs, signal, wakeup } = wait;
  const start = clock.now().mono;
  let jitter = true;
  /** Since when no try has been answered. */
  let failingFrom: number | undefined;
  let first: "claim" | "look" = "claim";
  for (;;) {
    if (signal?.aborted) throw aborted(name, signal);
    let lastError: unknown;
    let refusal: Refusal | undefined;
    try {
      const result = await tryOnce(first, { signal, until: start + timeoutMs });
      if (result.kind === "acquired") {
        const lease = await unlessAborted(result.lease, signal);
        life.assertOpen(); // What close() has released is nobody's.
        return lease;
      }
      refusal = result;
      failingFrom = undefined;
    } catch (error) {
      if (!exchange.passes(error)) throw error;
      lastError = error;
      failingFrom ??= clock.now().mono;
    }
    first = "look";
    if (refusal !== undefined) await wait.onRefused?.(refusal);
    const left = timeoutMs - (clock.now().mono - start);
    if (left <= 0) throw timedOut(name, timeoutMs, lastError);
    const bearsMs = wait.troubleLimitMs - (failingFrom === undefined ? 0 : clock.now().mono - failingFrom);
    if (failingFrom !== undefined && bearsMs <= 0) throw lastError;
    const waitMs = Math.max(1, Math.min(untilLook(core, jitter, refusal), left, bearsMs, MAX_WAIT_MS));
    // A client that is closed by now has no timer, not even one that is cancelled at once.
    if (!signal?.aborted) life.assertOpen();
    wait.onWait?.(waitMs);
    const waitedFrom = clock.now().mono;
    jitter = await pause(clock, waitMs, signal, wakeup);
    if (jitter)
      await spreadOut(core, wait, closed, Math.min(left, bearsMs) - (clock.now().mono - waitedFrom));
  }
}

/** Those who are told at once that the lease may be free look within this long, in ms: most of them then see who has it. */
const TOLD_SPREAD_MS = 100;

/** Waits for a random part of it, and no longer than `mostMs`. All that is told meanwhile, the look that follows answers. */
async function spreadOut(core: ClientCore, wait: Wait, closed: Wakeup, mostMs: number): Promise<void> {
  const { clock, random, timing, life } = core;
  const { signal, wakeup } = wait;
  if (!signal?.aborted) life.assertOpen();
  const drawnMs = Math.min(timing.retryIntervalMs, TOLD_SPREAD_MS) * random.fraction();
  const spreadMs = Math.max(0, Math.min(drawnMs, mostMs));
  wait.onWait?.(spreadMs);
  await pause(clock, spreadMs, signal, closed);
  wakeup.clear();
}

/** Those who wait for the same expiry would all wake at once: they spread over this long at most, in ms. */
const SPREAD_MS = 1_000;

/** How soon those who look seldom look again after a look that failed, in ms. */
export const AFTER_FAILURE_MS = 2_000;

/** How long until the next look, in ms: the candidate's own beat, or when the lease can be free, whichever is sooner. */
function untilLook({ random, timing }: ClientCore, jitter: boolean, refusal: Refusal | undefined): number {
  const { retryIntervalMs } = timing;
  const beat = jitter ? retryIntervalMs * random.fraction() : retryIntervalMs;
  // Never all of it: a term that is over may not show it yet, and nobody shall look in a hot loop.
  const spread = Math.min(retryIntervalMs, SPREAD_MS) * (0.1 + 0.9 * random.fraction());
  // A look that failed has shown nothing: the lease may be free.
  if (refusal === undefined) return Math.min(beat, AFTER_FAILURE_MS + spread);
  return Math.min(beat, refusal.retryAfterMs + spread);
}

/** Gives a lease back that was won after its caller had stopped waiting. */
export async function unlessAborted(
  lease: LeaseHandle,
  signal: AbortSignal | undefined,
): Promise<LeaseHandle> {
  if (!signal?.aborted) return lease;
  await lease.releaseUnseen();
  throw aborted(lease.name, signal);
}

function timedOut(name: string, timeoutMs: number, cause: unknown): LeaseError {
  const why = because(cause) || ": another candidate leads";
  const message = `lease "${name}" was not acquired within ${timeoutMs} ms${why}`;
  return new LeaseError("ACQUIRE_TIMEOUT", message, { lease: name, cause });
}
