import type { ClientCore } from "./client-core.ts";
import type { AcquireResult, TryAcquireOptions } from "./results.ts";

/** Tries once to lead, as a candidate of its own; see `LeaseClient.tryAcquire`. */
export async function tryOnce(
  core: ClientCore,
  name: string,
  options: TryAcquireOptions,
): Promise<AcquireResult> {
  return core.tries(core.contender(name, core.settle(options)))("claim");
}
