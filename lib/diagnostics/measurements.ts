import { isLeaseError } from "../core/errors.ts";
import type { LeaseEventName, LeaseEvents } from "../core/events.ts";
import type { MetricKey } from "./catalogue.ts";

/** One value that an event measures. */
export interface Measurement {
  readonly metric: MetricKey;
  /** A count, a yes (1) or no (0), or a length of time in ms. */
  readonly value: number;
  /** Why, of few possible words; only where the catalogue says that it has a reason. */
  readonly reason?: string;
}

type Measures = { readonly [N in LeaseEventName]: (event: LeaseEvents[N]) => Measurement[] };

const once = (metric: MetricKey, reason?: string): Measurement =>
  reason === undefined ? { metric, value: 1 } : { metric, value: 1, reason };

const leads = (value: 0 | 1): Measurement => ({ metric: "leader", value });

const MEASURES: Measures = {
  workFailed: () => [],
  acquired: ({ because }) => {
    const crashed = because === "service-clock" || because === "observation";
    return [leads(1), once("termsBegun"), ...(crashed ? [once("termsTakenOver")] : [])];
  },
  refused: ({ reason }) => [
    leads(0),
    once("campaignsRefused", reason),
    ...(reason === "tick-passed" ? [once("ticksMissed")] : []),
  ],
  renewed: ({ latencyMs, marginMs }) => [
    leads(1),
    { metric: "renewalLatency", value: latencyMs },
    { metric: "remainingAtRenewal", value: marginMs },
  ],
  renewalFailed: ({ cause }) => [once("renewalsFailed", kindOf(cause))],
  requestFailed: ({ cause, lastingMs }) => [
    once("requestsFailed", kindOf(cause)),
    { metric: "timeSinceContact", value: lastingMs },
  ],
  contactRestored: ({ lastingMs }) => [{ metric: "timeSinceContact", value: lastingMs }],
  handover: () => [once("termsHandedOver")],
  lost: ({ end }) => [leads(0), once("termsLost", end.reason)],
  released: ({ result, tick }) => [
    leads(0),
    ...(result.kind === "released" ? [once("termsReleased")] : []),
    ...(tick === undefined ? [] : [once("ticksDone")]),
  ],
  clockSkewed: ({ skewMs }) =>
    // Where nothing vouches for service time, nobody can say how wrong the clock is.
    skewMs === 0
      ? []
      : [{ metric: "clockSkew", value: Math.abs(skewMs), reason: skewMs < 0 ? "behind" : "ahead" }],
  fenced: ({ by }) => [once("fencedWrites", by)],
};

/** What an event measures. */
export function measurementsOf<N extends LeaseEventName>(
  name: N,
  event: LeaseEvents[N],
): readonly Measurement[] {
  return MEASURES[name](event);
}

/** The kind of an error in few possible words: the code of a `LeaseError`, the name of another, `OTHER` for what is none. */
function kindOf(cause: unknown): string {
  if (isLeaseError(cause)) return cause.code;
  return (cause instanceof Error && cause.name) || "OTHER";
}
