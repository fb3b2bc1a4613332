import { parseFunction } from "../core/callable.ts";
import type { Trouble } from "../core/events.ts";
import type { Names } from "../core/known.ts";
import type { LeaseState } from "../core/record.ts";
import type { LeaseEnd } from "../core/term.ts";
import { undisturbed } from "../core/undisturbed.ts";
import type { Lease } from "./lease.ts";

/**
 * What a candidate tells of itself. Listeners are called in the order of what happened, `onElected` and `onLost`
 * in pairs; what one throws, rejects with or waits for disturbs neither the election nor the next call.
 */
export interface CandidateListeners {
  /** A term began. A term that is won again is a new one, with a new lease. */
  readonly onElected?: ((lease: Lease) => unknown) | undefined;
  /** The term ended, and how. */
  readonly onLost?: ((end: LeaseEnd) => unknown) | undefined;
  /**
   * A request of this candidate failed: the store was out of reach, or refused to serve. It goes on by itself; this is for logs
   * and alarms. Called for every request that fails, so in an outage once per `retryIntervalMs` or so.
   */
  readonly onTrouble?: ((trouble: Trouble) => unknown) | undefined;
  /** A term began that this candidate sees: once for each, its own included, also when the same leader won again. */
  readonly onNewLeader?: ((leader: LeaseState) => unknown) | undefined;
}

/** The names of {@link CandidateListeners}; see `parseKnown`. */
export const LISTENER_NAMES: Names<CandidateListeners> = {
  onElected: true,
  onLost: true,
  onNewLeader: true,
  onTrouble: true,
};

/** Calls listeners so that they cannot disturb. */
export interface Announcer {
  elected(lease: Lease): void;
  lost(end: LeaseEnd): void;
  trouble(trouble: Trouble): void;
  /** Tells of a leader, unless it was the last to be told of. */
  leader(state: LeaseState): void;
}

/**
 * Makes the announcer of one candidate.
 * @throws {LeaseError} INVALID_ARGUMENT naming the listener that is no function
 */
export function announcer(listeners: CandidateListeners): Announcer {
  const { onElected, onLost, onNewLeader, onTrouble } = listeners;
  for (const name of Object.keys(LISTENER_NAMES) as (keyof CandidateListeners)[]) {
    parseFunction(listeners[name], name);
  }
  let leading = false;
  let lastToken: number | undefined;

  function call<T>(listener: ((argument: T) => unknown) | undefined, argument: T): void {
    undisturbed(() => listener?.(argument));
  }

  return {
    elected(lease) {
      leading = true;
      call(onElected, lease);
    },
    lost(end) {
      if (!leading) return; // A term that nobody was told of.
      leading = false;
      call(onLost, end);
    },
    trouble(trouble) {
      call(onTrouble, trouble);
    },
    leader(state) {
      if (state.kind !== "held" || state.token === lastToken) return;
      lastToken = state.token;
      call(onNewLeader, state);
    },
  };
}
