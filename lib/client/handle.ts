import type { LeaseError } from "../core/errors.ts";
import type { LeaseRecord, LeaseState } from "../core/record.ts";
import type { LeaseEnd, ReleaseResult } from "../core/term.ts";
import type { EpochMs, Reading } from "../core/units.ts";
import type { Lease } from "./lease.ts";

/** A {@link Lease}, and the part of it that the client keeps to itself. */
export interface LeaseHandle extends Lease {
  /** The error of what needs a term that is over. */
  lost(): LeaseError;
  /** Says that its work is waited for: once its time to drain is up, the work is told to stop, and then released. */
  waitForWork(options?: { readonly handedOut?: boolean }): void;
  /** Aborts the work's signal, while the term goes on until the work has settled and is released. */
  askToStop(reason: LeaseError): void;
  /** Tells of a `Date` header that was received just now: one that proves the term over ends it. */
  heard(date: EpochMs, at: Reading): void;
  /** Whether the work has said that its occurrence is done. */
  readonly completed: boolean;
  /** The lease as its holder last wrote it. */
  readonly state: LeaseState;
  /** Resolves with what became of the release, once it was released. */
  readonly released: Promise<ReleaseResult>;
  /** Whether its release was asked for. */
  readonly releasing: boolean;
  /** Whether its hand-over has begun. */
  readonly isHandedOver: boolean;
  /** Ends the term because the session that it was held through has ended. */
  sessionOver(end: LeaseEnd): void;
  /** Tells what a look at its row has shown, that was sent after the term had begun. */
  seen(record: LeaseRecord | undefined): void;
  /**
   * Leaves its row to the release of the session, which frees it; returns whether it does. If not, its own release is to be asked for.
   */
  leave(): boolean;
  /** Tells what became of the session's release. */
  left(result: ReleaseResult): void;
  /**
   * Releases a term that nobody was told of: it was not held at all, so no minimum hold counts, but for that of a term of its
   * own that it went over.
   */
  releaseUnseen(): Promise<ReleaseResult>;
}

/** Told once of the end of the term with this token. Must not throw. */
export type OnEnd = (end: LeaseEnd, token: number) => void;
