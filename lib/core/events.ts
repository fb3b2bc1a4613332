import type { Proof } from "./evidence.ts";
import type { RefusalReason } from "./next-move.ts";
import type { Handover, LeaseEnd, ReleaseResult } from "./term.ts";
import type { LeaseWrite } from "./lease-write.ts";

/** What is wrong between a client and its store. */
export interface Trouble {
  /** What the request was: a write, by its name in docs/protocol.md, or a look at the record. */
  readonly request: LeaseWrite["kind"] | "look";
  /** Why it failed: a `LeaseError`, or what the store threw. */
  readonly cause: unknown;
  /** How long no request of this client has been served, in ms; 0 for the first that failed. */
  readonly lastingMs: number;
}

interface About {
  /** The lease; of a shard its group. */
  readonly lease: string;
  /** The candidate that the event happened to. */
  readonly holder: string;
  /** Which shard of the group `lease`; left out for a lease of its own. */
  readonly shard?: string;
  /** The event is about the session that a worker holds its shards through; left out otherwise. */
  readonly session?: true;
  /** Of a session: how many shards are led through it, as the event is told. */
  readonly shards?: number;
}

/**
 * What happened to a candidate, by name. Published on the `node:diagnostics_channel` `leasehold:<name>`; the
 * library itself never logs.
 */
export interface LeaseEvents {
  /** A term began. `because` says which proof ended the term before, if one had to be ended. */
  readonly acquired: About & {
    readonly token: number;
    readonly requests: number;
    readonly because: "vacant" | Proof;
  };
  /** The candidate does not lead now. */
  readonly refused: About & {
    readonly reason: RefusalReason;
    readonly leader: string | undefined;
    readonly leaderToken: number;
    readonly retryAfterMs: number;
  };
  /**
   * The holder extended its term. `latencyMs`: how long the request took, the SDK's own retries included. `marginMs`: what was
   * left of the term when the answer came, before it counted, so how near the term was to its end. `remainingMs`: what is left
   * since it counts.
   */
  readonly renewed: About & {
    readonly token: number;
    readonly remainingMs: number;
    readonly marginMs: number;
    readonly latencyMs: number;
  };
  /** A renewal failed; the term goes on for `remainingMs`. */
  readonly renewalFailed: About & {
    readonly token: number;
    readonly remainingMs: number;
    readonly cause: unknown;
  };
  /**
   * A request of the candidate was not answered, or the store refused to serve it. `lastingMs` tells for how long the client
   * has had no other answer. Renewals that fail are told of by `renewalFailed` as well.
   */
  readonly requestFailed: About & Trouble;
  /**
   * A request was served again, `lastingMs` after the first that failed. Told once for each client, of the lease that
   * is asked about next.
   */
  readonly contactRestored: About & { readonly lastingMs: number };
  /** A hand-over was requested of the holder, and it lets its work drain. */
  readonly handover: About & Handover & { readonly token: number };
  /** The term ended without a release. */
  readonly lost: About & { readonly token: number; readonly end: LeaseEnd };
  /** The holder released. `tick` is the occurrence that the release recorded as done; `undefined` for none. */
  readonly released: About & {
    readonly token: number;
    readonly result: ReleaseResult;
    readonly tick: string | undefined;
  };
  /** The work of a shard threw. Its worker gives the shard up, and leaves it to others for a while. */
  readonly workFailed: About & { readonly token: number; readonly cause: unknown };
  /** A claim had been stamped by a wrong wall clock and was corrected; negative is behind. */
  readonly clockSkewed: About & { readonly token: number; readonly skewMs: number };
  /** Storage refused a write of an older term, `FENCED`. Its writer believed that it led. */
  readonly fenced: {
    /** The lease; of a `FenceGuard` the resource, since it knows no lease. */
    readonly lease: string;
    /** Which shard of the group, where it was a shard's. */
    readonly shard?: string | undefined;
    /** Whose write it was, where the fence was told. */
    readonly holder: string | undefined;
    /** The token that the write bore. */
    readonly token: number;
    /** The later term's token; `undefined` where there was none, as after a release. */
    readonly winner: number | undefined;
    /** What refused it. */
    readonly by: "lease-row" | "high-water-mark" | "guard";
  };
}

/** The name of an event. */
export type LeaseEventName = keyof LeaseEvents;

/** Where events go. Must not throw. */
export type EventSink = <N extends LeaseEventName>(name: N, event: LeaseEvents[N]) => void;
