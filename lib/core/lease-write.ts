import type { LeaseRecord } from "./record.ts";

/** What a write demands of the record it finds; all of it must hold, else nothing is written. */
export interface Expectation {
  /** There is no holder. */
  readonly vacant?: true;
  /** The lease is not reserved, or it is for one of these. */
  readonly openTo?: readonly string[];
  /** Nobody asked for a hand-over yet with this priority or a higher one. */
  readonly requestedBelow?: number;
  /** There is no token yet, or it is lower than this. */
  readonly tokenBelow?: number;
  /** There is no tick yet, or it sorts before this. */
  readonly tickBelow?: string;
  /** The last tick is this. */
  readonly tick?: string;
  /** The record's revision is this. */
  readonly revision?: number;
  /** The record's token is this. */
  readonly token?: number;
  /** The holder is this. */
  readonly holder?: string;
  /** The record was made by this write. */
  readonly writeId?: string;
}

/** The attributes that a write can set outright. */
export type Settable = Pick<
  LeaseRecord,
  | "holder"
  | "token"
  | "expiresAt"
  | "durationMs"
  | "acquiredAt"
  | "renewedAt"
  | "value"
  | "tick"
  | "ttl"
  | "priority"
  | "requestedBy"
  | "requestedPriority"
  | "lockDelayMs"
  | "reservedFor"
  | "sessionToken"
  | "bell"
  | "weight"
  | "maxShards"
>;

/** The attributes that a write can remove. */
export type Clearable = Exclude<
  keyof Settable,
  "token" | "acquiredAt" | "renewedAt" | "sessionToken" | "bell"
>;

/**
 * A conditional write as data: what it expects of the record, what it makes of it. A store executes it,
 * atomically, and adds 1 to `revision` (from 0 where there is none) in every one.
 *
 * Every write of this protocol undoes its own expectation, so that neither a retry nor a late duplicate of it
 * can be applied twice; a test holds them to it. One exception, without harm: a claim whose token a correction
 * has lowered may land again after the release, in a term that nobody was told of and that runs out by itself.
 */
export interface LeaseWrite {
  readonly kind:
    | "claim"
    | "take-over"
    | "resume"
    | "renew"
    | "correct"
    | "release"
    | "abandon"
    | "request"
    | "revoke"
    | "rewind"
    | "register"
    | "admit"
    | "bury"
    | "void"
    | "ring";
  readonly name: string;
  /**
   * Which row under the lease's name: an auxiliary row's sort key.
   * @default - the lease's own row
   */
  readonly row?: string;
  readonly writeId: string;
  readonly expects: Expectation;
  readonly set: Partial<Settable>;
  readonly clear: readonly Clearable[];
  /** Whether it begins a term: `transitions` grows by 1. */
  readonly beginsTerm: boolean;
  /** Whether it leaves `revision` and `writeId` as they are, so that it disturbs neither a holder nor who watches. */
  readonly piggybacks?: true;
}
