import type { LeaseState } from "../core/record.ts";
import type { ServiceTime } from "./service-time.ts";

/** What is watched, and how. */
export interface Watching {
  readonly names: readonly string[];
  readonly intervalMs: number;
  /** Whether a renewal is a change. */
  readonly renewals: boolean;
  /** All shards that a group should have; `undefined` where nobody has named them. */
  readonly wanted: readonly string[] | undefined;
  readonly time: ServiceTime;
}

/** What shows what is watched: leases, or a group. */
export interface WatchView<Seen = LeaseState> extends TroubleView {
  /** Shows a state that differs from the last one of its lease; of a group each. */
  show(state: Seen): void;
  /** Lets the last picture be. */
  close(): void;
}

/** What shows leases. */
export interface LeasesView extends WatchView {
  /** Is told that a name has no lease but a group. */
  groupInstead(name: string): void;
}

/** What shows that there is no answer. */
export interface TroubleView {
  /** Is told that a look at a lease failed; once for each. */
  unanswered(name: string, cause: unknown): void;
  /** Is told that a look at a lease was answered; once for each. */
  answered(name: string): void;
}
