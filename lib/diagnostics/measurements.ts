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

/** Whose event it is: a lease's, a shard's, or a session's. */
type Whose = Pick<LeaseEvents["renewed"], "shard" | "session" | "shards">;

/**
 * Whether the process leads. Of a group that is whether it takes part, and only its session's events say it: shards are won and released
 * while it goes on.
 */
const leads = (value: 0 | 1, { shard, session, shards = 0 }: Whose): Measurement[] => {
  if (shard !== undefined) return [];
  const leader: Measurement = { metric: "leader", value };
  return session === undefined ? [leader] : [leader, { metric: "shardsLed", value: value * shards }];
};

/** Something that happened to a term: the terms of a group are its shards', and a session is none besides. */
const ofTerm = ({ session }: Whose, metric: MetricKey, reason?: string): Measurement[] =>
  session === undefined ? [once(metric, reason)] : [];

const MEASURES: Measures = {
  acquired: (event) => {
    // A session that ended says not how: a worker that left looks like one that crashed. So neither is counted.
    const crashed = event.because === "service-clock" || event.because === "observation";
    return [
      ...leads(1, event),
      ...ofTerm(event, "termsBegun"),
      ...(crashed ? ofTerm(event, "termsTakenOver") : []),
    ];
  },
  refused: (event) => [
    ...leads(0, event),
    ...ofTerm(event, "campaignsRefused", event.reason),
    ...(event.reason === "tick-passed" ? [once("ticksMissed")] : []),
  ],
  renewed: (event) => [
    ...leads(1, event),
    { metric: "renewalLatency", value: event.latencyMs },
    { metric: "remainingAtRenewal", value: event.marginMs },
  ],
  renewalFailed: ({ cause }) => [once("renewalsFailed", kindOf(cause))],
  requestFailed: ({ cause, lastingMs }) => [
    once("requestsFailed", kindOf(cause)),
    { metric: "timeSinceContact", value: lastingMs },
  ],
  contactRestored: ({ lastingMs }) => [{ metric: "timeSinceContact", value: lastingMs }],
  handover: (event) => ofTerm(event, "termsHandedOver"),
  lost: (event) => [...leads(0, event), ...ofTerm(event, "termsLost", event.end.reason)],
  released: (event) => [
    ...leads(0, event),
    ...(event.result.kind === "released" ? ofTerm(event, "termsReleased") : []),
    ...(event.tick === undefined ? [] : [once("ticksDone")]),
  ],
  workFailed: () => [once("workFailed")],
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
