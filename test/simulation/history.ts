import type { LeaseRecord } from "../../lib/core/record.ts";
import type { LeaseEnd } from "../../lib/core/term.ts";
import type { Timing } from "../../lib/core/timing.ts";
import type { LeaseWrite } from "../../lib/core/lease-write.ts";
import type { GroupCheckerName, GroupLog, MemberLog, SessionName } from "./group-history.ts";
import type { FaultKind } from "./world/faults.ts";

export type { GroupCheckerName, GroupLog, MemberLog } from "./group-history.ts";

/** How a term is kept from others and handed over: what its holder asked for, in ms. */
export interface TenureLog {
  /** Whether it is of a candidate that stands for the lease: it has one id for many terms. */
  readonly stands: boolean;
  /** Whether that id is declared stable. */
  readonly stable: boolean;
  readonly priority: number;
  readonly minTermMs: number;
  readonly holdAtLeastMs: number;
  readonly lockDelayMs: number;
  readonly reserveForMs: number;
  /** The label that it shares with others, and for how long a release keeps the lease for it. */
  readonly affinity: string | undefined;
  readonly affinityMs: number;
}

/** One term that a candidate was told of, as the world names it. */
export interface TermLog {
  readonly id: number;
  readonly process: string;
  readonly lease: string;
  readonly holder: string;
  readonly token: number;
  readonly tick: string | undefined;
  readonly atMostOnce: boolean;
  readonly manual: boolean;
  readonly tenure: TenureLog;
  /** Of a shard: which one of its group. `lease` is its address then, see `addressOf`. */
  readonly shard?: string;
  /** Of a shard: the session that its claim named. */
  readonly session?: SessionName;
}

/** Who changed a row besides candidates. Only `ttl` is part of what the protocol promises to stand. */
export type RowHand = "operator-delete" | "operator-restore" | "operator-release" | "ttl";

/** What a request came to, as its sender learnt it; `failed` surely did nothing. */
export type AnswerKind = "written" | "refused" | "unknown" | "failed" | "read" | "read-failed";

/** What an operation of the public surface came to. */
export type OperationEnd = "acquired" | "refused" | "tick-done" | "unavailable" | "other";

/**
 * Which operation of the public surface. `stand` is a candidate's `run` or `campaign`, `operate` an operator's, `work` a
 * worker's `run`; `hold` and `permit` are calls of a group and of a semaphore.
 */
export type OperationKind =
  | "acquire"
  | "tryAcquire"
  | "run"
  | "stand"
  | "operate"
  | "work"
  | "hold"
  | "permit";

/** What happened, by kind. Checkers read nothing else. */
export type Happening =
  | {
      readonly kind: "joined";
      readonly process: string;
      readonly host: string;
      readonly wallErrorMs: number;
    }
  /** What a process's candidates share with others, for all of its host's life. */
  | { readonly kind: "labelled"; readonly host: string; readonly affinity: string }
  | { readonly kind: "paused"; readonly process: string; readonly how: FaultKind }
  | { readonly kind: "thawed"; readonly process: string }
  | { readonly kind: "crashed"; readonly process: string }
  | { readonly kind: "wall-stepped"; readonly process: string; readonly byMs: number }
  | {
      readonly kind: "sent";
      readonly process: string;
      /** The operation that it serves; 0 for what a lease does by itself, -1 for renewals asked for. */
      readonly operation: number;
      readonly request: number;
      /** `undefined` for a read. */
      readonly write: LeaseWrite | undefined;
      /** Whether it reads who stands, and not the lease. */
      readonly listing: boolean;
      /** In a group: the sort key that a read is of, or the prefix that a listing has. */
      readonly of?: string;
      /** How far its process had run ahead of the world by then, in ms; left out for not at all. */
      readonly lagMs?: number;
    }
  | {
      readonly kind: "executed";
      readonly process: string;
      readonly request: number;
      /** Whether the network made this copy of the request. */
      readonly copy: boolean;
      readonly write: LeaseWrite;
      readonly before: LeaseRecord | undefined;
      /** `undefined` when the condition refused it. */
      readonly after: LeaseRecord | undefined;
    }
  | {
      /** As `executed`, on a row beside the lease's. */
      readonly kind: "auxiliary";
      readonly process: string;
      readonly request: number;
      readonly copy: boolean;
      readonly write: LeaseWrite;
      readonly before: LeaseRecord | undefined;
      readonly after: LeaseRecord | undefined;
    }
  | {
      readonly kind: "answered";
      readonly process: string;
      readonly request: number;
      readonly answer: AnswerKind;
      /** Whether the answer carried a `Date` header. */
      readonly dated: boolean;
    }
  | {
      readonly kind: "row";
      readonly by: RowHand;
      readonly lease: string;
      readonly before: LeaseRecord | undefined;
      readonly after: LeaseRecord | undefined;
    }
  | {
      readonly kind: "operation";
      readonly process: string;
      readonly operation: number;
      readonly what: OperationKind;
      readonly lease: string;
      readonly tick: string | undefined;
      readonly atMostOnce: boolean;
    }
  | {
      readonly kind: "operation-ended";
      readonly process: string;
      readonly operation: number;
      readonly end: OperationEnd;
    }
  | { readonly kind: "began"; readonly term: TermLog }
  | {
      readonly kind: "asked";
      readonly term: TermLog;
      readonly held: boolean;
      readonly because: "overlap" | "thaw" | "row" | "closing";
    }
  | {
      readonly kind: "heard";
      readonly term: TermLog;
      /** Whether the handle's signal was aborted by then, asked without reading the clocks. */
      readonly aborted: boolean;
    }
  | { readonly kind: "work-done"; readonly term: TermLog }
  | { readonly kind: "release-asked"; readonly term: TermLog; readonly completed: boolean }
  | { readonly kind: "release-answered"; readonly term: TermLog; readonly result: string }
  | {
      readonly kind: "ended";
      readonly term: TermLog;
      readonly end: LeaseEnd | undefined;
      readonly aborted: boolean;
    }
  | {
      readonly kind: "fenced";
      readonly term: TermLog;
      /** Which storage: one that keeps the highest token that it saw, or one that checks the lease's row. */
      readonly by: "high-water-mark" | "row-check";
      readonly accepted: boolean;
    }
  | {
      /** An operation of a candidate that stands began: who it is. */
      readonly kind: "stands";
      readonly process: string;
      readonly operation: number;
      readonly id: string;
      /** How long it campaigns at most; infinite for as long as it takes. */
      readonly timeoutMs: number;
    }
  | { readonly kind: "notified"; readonly process: string }
  /** What a candidate's listeners were told. */
  | {
      readonly kind: "elected";
      readonly process: string;
      readonly operation: number;
      readonly candidate: number;
      readonly token: number;
    }
  | { readonly kind: "lost"; readonly process: string; readonly candidate: number; readonly end: LeaseEnd }
  /** A leader wants to hand over by itself. */
  | { readonly kind: "step-down-asked"; readonly term: TermLog; readonly to: string | undefined }
  | {
      /** A leader was told that it is to hand over. */
      readonly kind: "handover";
      readonly term: TermLog;
      readonly to: string | undefined;
      /** How far its process had run ahead of the world by then. */
      readonly lagMs: number;
    }
  /** Somebody was told who stands. */
  | { readonly kind: "listed"; readonly process: string; readonly ids: readonly string[] }
  /** A worker of a group begins to take part, is told to leave, and has left. */
  | { readonly kind: "worker-joined"; readonly process: string; readonly member: MemberLog }
  | { readonly kind: "worker-leaving"; readonly process: string; readonly id: string }
  | { readonly kind: "worker-left"; readonly process: string; readonly id: string }
  /** The work of a shard is over: it returned or threw by itself, or because it was told to stop. */
  | {
      readonly kind: "work-over";
      readonly term: TermLog;
      readonly how: "returned" | "threw" | "told";
      /** As of `sent`. */
      readonly lagMs?: number;
    }
  /** An operation begins to wait for one shard, and waits no more: it leads it, or has given up. */
  | { readonly kind: "waits"; readonly process: string; readonly operation: number; readonly lease: string }
  | { readonly kind: "waited"; readonly process: string; readonly operation: number; readonly lease: string }
  /** Which shards a group has changed. */
  | { readonly kind: "shards-are"; readonly shards: readonly string[] }
  /** Nobody has come or gone for so long that all should be led, and shared. */
  | { readonly kind: "at-rest" }
  | { readonly kind: "surprise"; readonly process: string; readonly error: string }
  | { readonly kind: "faults-stopped"; readonly left: readonly string[] };

/** A happening and its instant, ms since the history began, by the world's own true clock. */
export type HistoryEvent = Happening & { readonly at: number };

/** All that happened in one history, and what it was played with. */
export interface History {
  readonly scenario: string;
  readonly seed: number;
  /** The common service clock at the history's beginning. */
  readonly epochMs: number;
  readonly timing: Timing;
  readonly events: readonly HistoryEvent[];
  readonly endedAt: number;
  /** Whether the world was free of every fault. */
  readonly calm: boolean;
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** The group that it was about, if it was about one. */
  readonly group?: GroupLog;
}

/** One breach of an invariant. */
export interface Violation {
  /** The checker that found it. */
  readonly by: CheckerName;
  readonly at: number;
  readonly message: string;
}

/** The checkers by name. */
export type CheckerName =
  | "I1-tokens-rise"
  | "I2-one-leader"
  | "I3-fencing"
  | "I4-own-term-only"
  | "I5-recovery"
  | "I6-ends-explained"
  | "outcomes"
  | "ticks"
  | "hand-over"
  | "reservations"
  | "minimum-hold"
  | "lock-delay"
  | "resumption"
  | "announcements"
  | "listing"
  | "standby-reads"
  | "request-budget"
  | "surprises"
  | GroupCheckerName;

/** Reads a history and tells what is wrong with it. */
export type Checker = (history: History) => Violation[];
