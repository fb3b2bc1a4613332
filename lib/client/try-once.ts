import { parseKnown } from "../core/known.ts";
import type { ClientCore } from "./client-core.ts";
import { type AcquireResult, TRY_ACQUIRE_NAMES, type TryAcquireOptions } from "./results.ts";

/** Tries once to lead, as a candidate of its own; see `LeaseClient.tryAcquire`. */
export async function tryOnce(
  core: ClientCore,
  name: string,
  options: TryAcquireOptions,
): Promise<AcquireResult> {
  parseKnown(options, TRY_ACQUIRE_NAMES, "tryAcquire");
  return core.tries(core.contender(name, core.termSettings(options)))("claim");
}
