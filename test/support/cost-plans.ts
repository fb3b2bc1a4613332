import type { Plan, Shape } from "../../lib/cli/cost/requests.ts";
import { DEFAULT_TIMING } from "../../lib/core/timing.ts";

/** A plan of leases with the client's default timings. */
export const planOf = (leases: number, shape: Shape, more: Partial<Plan> = {}): Plan => ({
  leases,
  shape,
  renewIntervalMs: DEFAULT_TIMING.renewIntervalMs,
  retryIntervalMs: DEFAULT_TIMING.retryIntervalMs,
  valueBytes: 0,
  ...more,
});
