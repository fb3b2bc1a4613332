import type { LeaseEventName, LeaseEvents } from "../core/events.ts";

/** What is known of one lease in this process. */
interface Known {
  /**
   * The terms of this process, each by its lease and its candidate, since several leases may go by one name. Of a group its sessions, each
   * with how many shards it led when it was last renewed. Shards themselves are not kept: there may be ten thousand.
   */
  readonly terms: Map<string, number>;
  /** Whether it is a group. */
  isGroup: boolean;
  /** When requests began to fail; `undefined` while they are served. */
  failingSince: number | undefined;
  /** Whether it is to be forgotten once it has been read, if nobody leads it. */
  left: boolean;
}

/** A lease as it stands. */
export interface GaugeReading {
  readonly lease: string;
  /** Whether a candidate of this process leads. */
  readonly leads: boolean;
  /** How many shards this process leads; `undefined` for what is no group. */
  readonly shardsLed: number | undefined;
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
    const { shard, session, shards = 0 } = event as LeaseEvents["renewed"];
    const isOfShard = shard !== undefined;
    if (isOfShard && name !== "requestFailed" && !CONTACTS.has(name)) return; // Only its session tells whether it takes part.
    const known = this.#leases.get(lease) ?? newlyKnown();
    this.#leases.set(lease, known);
    if (!isOfShard) {
      known.left = ENDS.has(name);
      const term = `${event.lease} ${holder}`;
      known.isGroup ||= session === true;
      if (name === "acquired" || name === "renewed") known.terms.set(term, shards);
      if (ENDS.has(name)) known.terms.delete(term);
    }
    if ("lastingMs" in event && name === "requestFailed") {
      known.failingSince = performance.now() - event.lastingMs;
    } else if (CONTACTS.has(name)) {
      known.failingSince = undefined;
    }
    // It is told once for a client, whose requests may have failed for many leases. Another client's are told of anew when one fails again.
    if (name === "contactRestored")
      for (const other of this.#leases.values()) [other.failingSince, other.left] = [undefined, true];
  }

  /**
   * Reads every lease. One that nobody here leads, and of which nothing was heard since the last reading, is read for the last time: a
   * candidate that waits brings it back with its next look.
   */
  read(): readonly GaugeReading[] {
    return [...this.#leases].map(([lease, { terms, isGroup, failingSince, left }]) => {
      if (left && terms.size === 0) this.#leases.delete(lease);
      const outOfContactMs = failingSince === undefined ? 0 : performance.now() - failingSince;
      const shardsLed = isGroup ? [...terms.values()].reduce((sum, shards) => sum + shards, 0) : undefined;
      return { lease, leads: terms.size > 0, shardsLed, outOfContactMs };
    });
  }
}

const newlyKnown = (): Known => ({
  terms: new Map(),
  isGroup: false,
  failingSince: undefined,
  left: false,
});

/** After these a candidate does not lead, nor need it wait: one that does is refused anew. */
const ENDS: ReadonlySet<LeaseEventName> = new Set(["refused", "lost", "released"]);

/** What is told after a request was served. */
const CONTACTS: ReadonlySet<LeaseEventName> = new Set(["acquired", "refused", "renewed", "contactRestored"]);
