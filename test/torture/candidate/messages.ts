import type { Span, TermId } from "../checks/history.ts";

/** How a candidate campaigns. */
export type Role =
  /** Tries once per occurrence of a schedule, each time with a client that knows nothing. */
  | "scheduled"
  /** Lives long, waits for its turn, holds the lease for some seconds, proclaims, releases. */
  | "steady"
  /** Tries many times a second and waits for nobody; now and then leaves without releasing. */
  | "impolite"
  /** One long-lived candidate that stands by `run`: leads, returns or hands over, and stands again. */
  | "running"
  /** One long-lived candidate that does its own bookkeeping: campaigns, leads, resigns or hands over. */
  | "campaigning";

/** How a candidate stands, besides its role. */
export interface Traits {
  readonly role: Role;
  /** The id that it has in every life; `undefined` for a new one in each. */
  readonly id: string | undefined;
  readonly priority: number;
  /** The label that it shares with others. */
  readonly affinity: string | undefined;
}

/** What a candidate process is started with, as JSON in its first argument. */
export interface CandidateConfig extends Traits {
  readonly name: string;
  readonly seed: number;
  readonly endpoint: string;
  readonly leaseTable: string;
  readonly invoiceTable: string;
  readonly lease: string;
  readonly durationMs: number;
}

/** What a candidate is told. */
export type Order = { readonly kind: "tick"; readonly tick: string } | { readonly kind: "stop" };

/** What a candidate tells. */
export type Report =
  | { readonly kind: "ready" }
  /** How far its wall clock is from its monotonic clock, in ms; told when it changes. */
  | { readonly kind: "clock"; readonly wallMinusMonoMs: number }
  /** It was handed a term. */
  | ({ readonly kind: "began" } & TermId)
  /** When its handle said that the term was held, so far. */
  | ({
      readonly kind: "held";
      readonly first: Span;
      readonly last: Span;
      readonly samples: number;
    } & TermId)
  /** The handle says that the term is over. */
  | { readonly kind: "over"; readonly token: number }
  /** Something worth counting happened. */
  | { readonly kind: "event"; readonly event: string }
  /** Something happened that never may. */
  | { readonly kind: "surprise"; readonly what: string };
