import type { LeaseEventName, LeaseEvents } from "../core/events.ts";

/** What is known of one lease in this process. */
interface Known {
  /** The candidates of this process that lead it: one, unless the clocks are far off. */
  readonly leaders: Set<string>;
  /** When requests began to fail; `undefined` while they are served. */
  failingSince: number | undefined;
  /** Whether it is to be forgotten once it has been read. */
  left: boolean;
}

/** A lease as it stands. */
export interface GaugeReading {
  readonly lease: string;
  /** Whether a candidate of this process leads. */
  readonly leads: boolean;
  /** For how long requests have failed, in ms; 0 while they are served. */
  readonly outOfContactMs: number;
}

/** Follows the events to what can be read of each lease at any time. */
export class Gauges {
  readonly #leases = new Map<string, Known>();

  /** Takes note of an event. */
  note<N extends LeaseEventName>(lease: string, name: N, event: LeaseEvents[N]): void {
    const { holder } = event;
    if (name === "fenced" || holder === undefined) return; // Tells nothing of this process's candidates.
    const known = this.#leases.get(lease) ?? { leaders: new Set(), failingSince: undefined, left: false };
    this.#leases.set(lease, known);
    known.left = name === "released";
    if (name === "acquired" || name === "renewed") known.leaders.add(holder);
    if (name === "refused" || name === "lost" || name === "released") known.leaders.delete(holder);
    if ("lastingMs" in event && name === "requestFailed") {
      known.failingSince = performance.now() - event.lastingMs;
    } else if (CONTACTS.has(name)) {
      known.failingSince = undefined;
    }
  }

  /** Reads every lease. One that was released is read for the last time. */
  read(): readonly GaugeReading[] {
    return [...this.#leases].map(([lease, { leaders, failingSince, left }]) => {
      if (left && leaders.size === 0) this.#leases.delete(lease);
      const outOfContactMs = failingSince === undefined ? 0 : performance.now() - failingSince;
      return { lease, leads: leaders.size > 0, outOfContactMs };
    });
  }
}

/** What is told after a request was served. */
const CONTACTS: ReadonlySet<LeaseEventName> = new Set(["acquired", "refused", "renewed", "contactRestored"]);
