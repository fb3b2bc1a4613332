import type { Hub } from "./hub.ts";
import type { AcquireResult, TryAcquireOptions } from "./results.ts";

/** Tries once to lead, as a candidate of its own; see `LeaseClient.tryAcquire`. */
export async function tryOnce(hub: Hub, name: string, options: TryAcquireOptions): Promise<AcquireResult> {
  return hub.tries(hub.candidacy(name, hub.settle(options)))("claim");
}
