import { because } from "./errors.ts";
import type { EpochMs } from "./units.ts";

/** How a term ended (I6). */
export type LeaseEnd =
  /** Its holder released it. */
  | { readonly reason: "released" }
  /** Its holder was asked to stop (a caller's signal, a hand-over) and released it. */
  | { readonly reason: "stepped-down" }
  /**
   * Another candidate's term began: `by` whom, with which `token`. For a declared-stable id also: another process of the same
   * id has gone on with this very term, and holder and token are this one's own.
   */
  | { readonly reason: "superseded"; readonly by: string | undefined; readonly token: number }
  /** The row was vacated or deleted by somebody else, an operator for example; no successor is known. */
  | { readonly reason: "revoked" }
  /**
   * It ran out: renewals failed, came too late (a paused process), or were switched off. `storeReachable`
   * tells whether the last request was answered, be it with a refusal; `atLimit` whether the term reached its
   * `termLimitMs`; `cause` what the last request failed with, if it failed.
   */
  | {
      readonly reason: "expired";
      readonly storeReachable: boolean;
      readonly atLimit: boolean;
      readonly cause?: unknown;
    };

/** Says how a term ended, as the rest of a sentence about it. */
export function describeEnd(end: LeaseEnd): string {
  switch (end.reason) {
    case "superseded":
      return `superseded by ${end.by ?? "another candidate"} with token ${end.token}`;
    case "revoked":
      return "vacated or deleted by somebody else";
    case "expired":
      if (end.atLimit) return "over at its termLimitMs";
      return `expired while the store was ${end.storeReachable ? "reachable" : "out of reach"}${because(end.cause)}`;
    case "released":
    case "stepped-down":
      return end.reason;
    default:
      return end satisfies never;
  }
}

/** What became of a release. It never throws: whatever it says, the handle no longer leads. */
export type ReleaseResult =
  /** The row is vacant: the next candidate leads at once. */
  | { readonly kind: "released" }
  /** This handle was released before. Nothing was sent. */
  | { readonly kind: "already-released" }
  /** Another candidate's term had begun; it is untouched. */
  | { readonly kind: "superseded"; readonly by: string | undefined; readonly token: number }
  /** There was no row any more. */
  | { readonly kind: "gone" }
  /**
   * The hand-over has begun, and the release follows once the work has settled: what work is told that asks for its own
   * release, which cannot wait for it.
   */
  | { readonly kind: "pending" }
  /** No answer: the row frees itself `durationMs` after its last renewal at the latest. */
  | { readonly kind: "unknown"; readonly cause: unknown };

/** What the record that refused the release of a term tells; `undefined` for none. */
export function refusedRelease(
  current: { readonly holder?: string | undefined; readonly token: number } | undefined,
  token: number,
): ReleaseResult {
  if (current === undefined) return { kind: "gone" };
  if (current.token === token) return { kind: "released" }; // Vacant already, by our own lost try or an operator.
  return { kind: "superseded", by: current.holder, token: current.token };
}

/** What a holder is told when it is to hand over. */
export interface Handover {
  /** The candidate that the lease will be kept for; `undefined` for whoever comes first. */
  readonly to: string | undefined;
  /** How long the work may go on before `signal` is aborted, in ms. */
  readonly drainMs: number;
}

/** How a vacated lease is kept. */
export interface Reservation {
  /** Whom it is kept for: an id, "@" and a label, or "" for nobody. */
  readonly for: string;
  readonly ms: number;
  readonly now: EpochMs;
  /** Whether to write until when; otherwise only watching tells. */
  readonly timed: boolean;
}
