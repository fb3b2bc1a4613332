import { invalid } from "../core/errors.ts";
import { unlessAborted } from "./campaign.ts";
import type { Hub } from "./hub.ts";
import type { Lease } from "./lease.ts";
import type { LeaseHandle } from "./handle.ts";
import type { RunOptions, RunResult } from "./results.ts";
import { aborted } from "./waiting.ts";

/** Does the work if it can lead at once; see `LeaseClient.run`. */
export async function runOnce<T>(
  hub: Hub,
  name: string,
  work: (lease: Lease) => Promise<T>,
  options: RunOptions,
): Promise<RunResult<T>> {
  if (typeof work !== "function") throw invalid("work must be a function");
  const { signal } = options;
  const self = hub.candidacy(name, hub.settle({ ...options, afterDrain: "signal" }));
  if (signal?.aborted) throw aborted(name, signal);
  const result = await hub.tries(self)("claim");
  if (result.kind === "refused") return { kind: "followed", reason: result.reason, state: result.state };
  const lease = await unlessAborted(result.lease, signal);
  const value = await guarded(lease, work, signal);
  return { kind: "led", value, token: lease.token, end: lease.end ?? { reason: "released" } };
}

/**
 * Does the work of one term, and releases after it has settled, on every way out. An aborted signal asks the work
 * to stop; its occurrence then is not done.
 */
export async function guarded<T>(
  lease: LeaseHandle,
  work: (lease: Lease) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const askToStop = (): void => lease.askToStop(aborted(lease.name, signal as AbortSignal));
  signal?.addEventListener("abort", askToStop);
  if (signal?.aborted) askToStop();
  let completed = false;
  try {
    const value = await work(lease);
    completed = !(signal?.aborted ?? false);
    return value;
  } finally {
    signal?.removeEventListener("abort", askToStop);
    await lease.release({ completed });
  }
}
