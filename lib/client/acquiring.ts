import { parseTimeout } from "../core/options.ts";
import { campaign } from "./campaign.ts";
import type { ClientCore, Try } from "./client-core.ts";
import type { LeaseHandle } from "./handle.ts";
import type { AcquireOptions } from "./results.ts";
import { makeWakeup } from "./waiting.ts";

/** Waits until a try wins; see `LeaseClient.acquire`. */
export function acquireBy(
  core: ClientCore,
  tryOnce: Try,
  name: string,
  options: Pick<AcquireOptions, "signal" | "timeoutMs" | "troubleLimitMs">,
): Promise<LeaseHandle> {
  const { signal } = options;
  const timeoutMs = parseTimeout(options.timeoutMs);
  const troubleLimitMs = parseTimeout(options.troubleLimitMs, "troubleLimitMs");
  return campaign(core, tryOnce, { name, timeoutMs, troubleLimitMs, signal, wakeup: makeWakeup() });
}
