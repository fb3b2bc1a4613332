import type { LeaseEventName, LeaseEvents } from "./events.ts";
import type { TermSettings } from "./options.ts";
import type { WriteOutcome } from "./outcome.ts";
import type { LeaseRecord } from "./record.ts";
import type { Sample } from "./service-clock.ts";
import type { Handover, LeaseEnd, ReleaseResult } from "./term.ts";
import type { Timing } from "./timing.ts";
import type { EpochMs, Instant, Reading } from "./units.ts";
import type { Allowance, Validity } from "./validity.ts";
import type { LeaseWrite } from "./lease-write.ts";

/** A term that has begun, before anyone was told of it. */
export interface NewTerm {
  readonly record: LeaseRecord;
  readonly validity: Validity;
  /** The samples that the validity rests on. */
  readonly vouchers: readonly Sample[];
  /** The term's limit, counted from when the candidate began to try. */
  readonly limit: Allowance;
  /** Whether it went over a term of this candidate's own, whose lock-delay or minimum hold may last. */
  readonly overOwn: boolean;
}

/** What stays the same for as long as a term lasts: who leads, and by which settings. */
export interface TermRules {
  readonly name: string;
  /** Which row under the name; the lease's own where it is left out. */
  readonly row?: string | undefined;
  /**
   * Whether it lasts for as long as a session: a shard. It then has no bounds of its own but its limit, says no time on its row, and ends
   * with `session-over` at the latest.
   */
  readonly throughSession?: boolean | undefined;
  /** What a worker's session says of it. */
  readonly worker?:
    | { readonly weight?: number | undefined; readonly maxShards?: number | undefined }
    | undefined;
  readonly holder: string;
  /** Whether its id is declared stable. */
  readonly stable: boolean;
  readonly priority: number;
  /** How old the term has to be before a higher priority is accepted, in ms. */
  readonly minTermMs: number;
  /** What all clients of the table share. */
  readonly timing: Timing;
  readonly settings: TermSettings;
}

/** Whether the holder leads, and what only a holder that leads has. */
export type Lead =
  | {
      readonly is: "on";
      readonly validity: Validity;
      /** When the clocks are read next, by the monotonic clock: at the end of the validity, or sooner; `undefined` where the session's are. */
      readonly lookAt: Instant | undefined;
      /** When it is renewed next; `undefined` where nothing is planned. */
      readonly renewAt: Instant | undefined;
    }
  | { readonly is: "over"; readonly end: LeaseEnd };

/** What the work has been told. */
export type Work =
  | { readonly is: "on" }
  /** It was asked to come to an end. `until` is when its time is up; `undefined` once it is. */
  | { readonly is: "draining"; readonly handover: Handover; readonly until: Instant | undefined }
  /** Its signal was aborted while the term goes on. */
  | { readonly is: "told"; readonly handover: Handover | undefined };

/** The renewal that nobody has answered yet. There is one at most: two would compare-and-set against each other. */
export type Renewal =
  | { readonly is: "none" }
  | {
      readonly is: "in-flight";
      readonly writeId: string;
      /** The reading that it was made at. */
      readonly sent: Reading;
      /** The length that it asked for, in ms. */
      readonly durationMs: number;
      readonly expiresAt: EpochMs | undefined;
      readonly order: RenewalAsked;
      /** How many writes there were for this one order. */
      readonly tries: number;
    };

/** What was asked of a renewal. */
export interface RenewalAsked {
  /** Whether nobody but the timer asked. Such a renewal is tried again when it fails. */
  readonly byTimer: boolean;
  /** What to proclaim with it; left out for a plain renewal. */
  readonly value?: { readonly is: unknown } | undefined;
}

/** What a release leaves on the row. */
export interface Farewell {
  /** The occurrence to mark as done. */
  readonly tick: string | undefined;
  /** For whom the lease is kept, and for how long in ms. */
  readonly kept: { readonly for: string; readonly ms: number } | undefined;
}

/** What has become of the row. */
export type Row =
  | { readonly is: "held" }
  /** It was left to the release of the session, which frees all that is held through it. */
  | { readonly is: "left" }
  /** Its release waits for the answer to a renewal: a stable id's release compares the revision, too. */
  | { readonly is: "waiting"; readonly farewell: Farewell }
  | {
      readonly is: "releasing";
      readonly farewell: Farewell;
      readonly writeId: string;
      /** How many releases have been sent. */
      readonly tries: number;
      /** How many of them nobody answered. */
      readonly unanswered: number;
      /** What the latest of those failed with. It is passed on and never looked at. */
      readonly cause: unknown;
    }
  | { readonly is: "released"; readonly result: ReleaseResult };

/**
 * One term, as its holder knows it: plain data, which can be logged, compared and replayed. What was proclaimed and what
 * requests failed with is passed on as it came.
 *
 * It can be stored to look at it. A term that was stored must never lead again: its readings belong to the process that took
 * them.
 */
export interface Term {
  /** When its holder was told of it. */
  readonly began: Reading;
  /** The record as last known. */
  readonly record: LeaseRecord;
  /** The samples that vouch for the last write. */
  readonly vouchers: readonly Sample[];
  /** How long the term may last at most; nothing where there is no limit. */
  readonly limit: Validity;
  /** The ids of renewals that nobody knows the outcome of. */
  readonly unanswered: readonly string[];
  /** Whether the last request was answered, and what it failed with; see `LeaseEnd`. */
  readonly contact: { readonly storeReachable: boolean; readonly cause?: unknown };
  readonly reserveForMs: number;
  readonly holdAtLeastMs: number;
  /** Whether it went over a term of this candidate's own. */
  readonly overOwn: boolean;
  /** Whether its work is waited for: once its time to drain is up it is told to stop, and the release is its taker's. */
  readonly waitsForWork: boolean;
  readonly lead: Lead;
  readonly work: Work;
  readonly renewal: Renewal;
  readonly row: Row;
}

/** What came of a write: its outcome, or an error that says that it surely was not applied. */
export type Answered = WriteOutcome | { readonly kind: "failed"; readonly error: unknown };

/** What happens to a term. */
export type TermEvent =
  /** The timer has run out. */
  | { readonly on: "time" }
  /** Somebody asks whether it is held. Nothing else that is due happens for that: it would be done in the asker's name. */
  | { readonly on: "look" }
  /** A response to this process had this `Date` header. */
  | { readonly on: "heard"; readonly date: EpochMs }
  /** A renewal has its turn. */
  | { readonly on: "renew"; readonly order: RenewalAsked }
  | {
      readonly on: "renewed";
      readonly writeId: string;
      readonly answered: Answered;
      /** Taken before the request was sent, and what the answer told of service time; `undefined` where it failed. */
      readonly sent: Reading | undefined;
      readonly sample: Sample | undefined;
    }
  /** Its work is waited for from here on. */
  | { readonly on: "work" }
  /** The holder wants to hand over: to somebody, or to whoever comes first. */
  | {
      readonly on: "step-down";
      readonly to: string | undefined;
      readonly reserveForMs: number;
      readonly drainMs: number;
    }
  /** The work is to stop, while the term goes on until it has. */
  | { readonly on: "stop"; readonly reason: unknown }
  /**
   * The row is to be vacated: asked for, or its turn has come. `done` says whether the occurrence is, `unseen` that nobody
   * was told of the term.
   */
  | { readonly on: "release"; readonly done: boolean; readonly unseen: boolean }
  | { readonly on: "released"; readonly writeId: string; readonly answered: Answered }
  /** The session that it rests on has ended. */
  | { readonly on: "session-over"; readonly end: LeaseEnd }
  /** Its row was read again; `undefined` where it is gone. */
  | { readonly on: "seen"; readonly record: LeaseRecord | undefined }
  /** The session is about to be released, and frees this shard with it. */
  | { readonly on: "leave" }
  /** What became of that. */
  | { readonly on: "left"; readonly result: ReleaseResult };

/** What the edge knows when something happens. */
export interface Facts {
  /** The reading that the step goes by. */
  readonly at: Reading;
  /** A fresh id. Read at most once, and only by a step that sends. */
  readonly writeId: string;
  /** What responses have told of service time. */
  readonly samples: readonly Sample[];
}

/** An event of a term to publish, without what the candidate adds: the lease and the holder. */
export type Told = {
  [N in LeaseEventName & ("renewed" | "renewalFailed" | "handover" | "lost")]: {
    readonly event: N;
    readonly details: Omit<LeaseEvents[N], "lease" | "holder">;
  };
}["renewed" | "renewalFailed" | "handover" | "lost"];

/** What came of a renewal, for whoever asked for it. */
export type RenewalEnd =
  | { readonly is: "renewed" }
  /** The term is over. */
  | { readonly is: "over" }
  /** Nobody can say, or it surely was not applied (`error`); the term goes on. */
  | {
      readonly is: "failed";
      readonly remainingMs: number;
      readonly cause: unknown;
      readonly error: unknown;
    };

/** What is to be done, in this order, once the step's state is in force. */
export type Effect =
  | { readonly do: "send"; readonly as: "renewal" | "release"; readonly write: LeaseWrite }
  /** Abort the work's signal: the term is over, it is to hand over, or somebody asked for it. */
  | { readonly do: "abort"; readonly because: "over" | "handed-over" }
  | { readonly do: "abort"; readonly because: "told"; readonly reason: unknown }
  /** Tell whoever leads by it that the term has ended. */
  | { readonly do: "end"; readonly end: LeaseEnd }
  /** The row needs no release any more when the client closes. */
  | { readonly do: "forget" }
  | ({ readonly do: "tell" } & Told)
  /** Resolve the promise of the hand-over. */
  | { readonly do: "hand-over"; readonly handover: Handover }
  /** Ask for a renewal by timer, which waits its turn. */
  | { readonly do: "renew" }
  /** Ask for the release, of an occurrence that is not done. */
  | { readonly do: "release" }
  /** Settle the renewal that has the turn. */
  | { readonly do: "answer"; readonly how: RenewalEnd }
  /** Refuse a step-down to somebody: within a minimum hold, that lasts this much longer, the lease is kept for nobody. */
  | { readonly do: "refuse"; readonly heldMs: number; readonly to: string }
  /** Settle the release. */
  | { readonly do: "settle"; readonly result: ReleaseResult };

/** A term after a step, and what is to be done about it. */
export interface Step {
  readonly term: Term;
  readonly effects: readonly Effect[];
}
