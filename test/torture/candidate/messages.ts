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

/** What every tortured process is started with, as JSON in its first argument. */
export interface ProcessConfig {
  readonly name: string;
  readonly seed: number;
  readonly endpoint: string;
  readonly leaseTable: string;
  /** How long its terms, or its sessions, last without renewal, in ms. */
  readonly durationMs: number;
}

/** What a candidate process is started with besides. */
export interface CandidateConfig extends ProcessConfig, Traits {
  readonly invoiceTable: string;
  readonly lease: string;
}

/** What a candidate is told, besides to stop. */
export interface Order {
  readonly kind: "tick";
  readonly tick: string;
}

/** What a tortured process tells. */
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
  | { readonly kind: "over"; readonly token: number; readonly row?: string | undefined }
  /** A worker takes part, by this id. */
  | { readonly kind: "joined"; readonly id: string }
  /** A session was closed; `calmly` after faults had stopped, so that nothing could keep its release from the table. */
  | { readonly kind: "closed"; readonly id: string; readonly calmly: boolean }
  /** It did to itself what was planned. */
  | { readonly kind: "fault"; readonly fault: "work failed" }
  /** Something worth counting happened. */
  | { readonly kind: "event"; readonly event: string }
  /** Something happened that never may. */
  | { readonly kind: "surprise"; readonly what: string };
