import type { LeaseError } from "../core/errors.ts";
import type { LeaseRecord, LeaseState } from "../core/record.ts";
import type { LeaseEnd, ReleaseResult } from "../core/term.ts";
import type { EpochMs, Reading } from "../core/units.ts";
import type { LeaseWrite } from "../core/lease-write.ts";
import type { Contender } from "./contender.ts";
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
  /**
   * The earliest `Date` header that would change something, in epoch ms: minus infinity where any would, infinity where none would.
   */
  readonly hearsFrom: number;
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

/** Who else has to know of a term. Terms that are held through one session share theirs. */
export interface TermHooks {
  /** Told of its end. */
  readonly onEnd?: OnEnd | undefined;
  /** Called when it needs no release any more. */
  readonly forget: (handle: LeaseHandle) => void;
  /** The term of the session that it is held through. */
  readonly session?: { remainingMs(): number; renew(): Promise<void> } | undefined;
  /** Called when the bell of its row has changed. */
  readonly onBell?: (() => void) | undefined;
  /** Told of the earliest `Date` header that would change something; see `hearsFrom`. */
  readonly onHears?: ((from: number) => void) | undefined;
  /** Told of a release that nobody answered: nothing but a release ends what is held through a session that goes on. */
  readonly onUnreleased?: ((self: Contender, write: LeaseWrite) => void) | undefined;
  /** Waited for after its release: what was held for its sake alone may be given up, too. */
  readonly afterRelease?: (() => Promise<unknown>) | undefined;
}
