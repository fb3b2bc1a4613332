import { invalid } from "../core/errors.ts";
import { parseKnown } from "../core/known.ts";
import { unlessAborted } from "./campaign.ts";
import type { ClientCore, Try } from "./client-core.ts";
import type { Lease } from "./lease.ts";
import type { LeaseHandle } from "./handle.ts";
import { asWorkOf, type Work } from "./own-work.ts";
import type { ReleaseResult } from "../core/term.ts";
import { RUN_NAMES, type RunOptions, type RunResult } from "./results.ts";
import { aborted } from "./waiting.ts";

/** Does the work if it can lead at once; see `LeaseClient.run`. */
export async function runOnce<T>(
  core: ClientCore,
  name: string,
  work: (lease: Lease) => Promise<T>,
  options: RunOptions,
): Promise<RunResult<T>> {
  parseKnown(options, RUN_NAMES, "run");
  return runTry(core, core.candidacy(name, options), name, work, options.signal);
}

/** Does the work if a try wins at once. */
export async function runTry<T>(
  core: ClientCore,
  tryOnce: Try,
  name: string,
  work: (lease: Lease) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<RunResult<T>> {
  if (typeof work !== "function") throw invalid("work must be a function");
  if (signal?.aborted) throw aborted(name, signal);
  const result = await tryOnce("claim", { signal });
  if (result.kind === "refused") return { kind: "followed", reason: result.reason, state: result.state };
  const lease = await unlessAborted(result.lease, signal);
  core.life.assertOpen(); // What close() has released is led by nobody.
  const done = await guarded(lease, work, signal);
  if (done === undefined) throw lease.lost();
  return { kind: "led", ...done, token: lease.token, end: lease.end ?? { reason: "released" } };
}

/**
 * Does the work of one term, and releases after it has settled, on every way out. An aborted signal asks the work
 * to stop. The occurrence is done if the work resolves before its `lease.signal` is aborted, for whatever reason: work that
 * was told to stop may have stopped half-way, and only it knows (`lease.complete()`). Work does not begin in a term that is
 * over already: that comes to `undefined`.
 */
export async function guarded<T>(
  lease: LeaseHandle,
  work: (lease: Lease) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<{ readonly value: T; readonly completed: boolean } | undefined> {
  const askToStop = (): void => lease.askToStop(aborted(lease.name, signal as AbortSignal));
  signal?.addEventListener("abort", askToStop);
  if (signal?.aborted) askToStop();
  const own: Work = { lease };
  let completed = false;
  let value: T;
  let released: ReleaseResult;
  try {
    lease.waitForWork();
    if (!lease.isHeld()) return undefined;
    value = await asWorkOf(own, lease, work);
    completed = lease.completed || !lease.signal.aborted;
  } finally {
    own.lease = undefined;
    signal?.removeEventListener("abort", askToStop);
    released = await lease.release({ completed });
  }
  // What was not released by this very call has recorded nothing, as far as is known.
  return { value, completed: completed && released.kind === "released" };
}
