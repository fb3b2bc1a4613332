import type { LeaseRecord } from "./record.ts";
import type { EpochMs } from "./units.ts";
import type { LeaseWrite } from "./lease-write.ts";

/**
 * What became of a write. `unknown` (a timeout, a lost connection, a 5xx) is neither a win nor a loss and is
 * never treated as one. `servedAt` is the `Date` header of the response, in ms, where it had one.
 */
export type WriteOutcome =
  | {
      readonly kind: "written";
      /** The record as this write left it. */
      readonly record: LeaseRecord;
      /**
       * The token that it found: 0 for no record, `undefined` when it cannot be told (the response to the
       * attempt that was applied got lost, and a retry recognised it).
       */
      readonly tokenBefore: number | undefined;
      readonly servedAt: EpochMs | undefined;
    }
  | {
      readonly kind: "refused";
      /** The record that refused it; `undefined` when there is none. */
      readonly current: LeaseRecord | undefined;
      readonly servedAt: EpochMs | undefined;
    }
  | {
      readonly kind: "unknown";
      readonly cause: unknown;
      /** Whether the service answered, with what tells nothing: it throttled, failed, or was in a transaction. */
      readonly answered?: boolean | undefined;
      /** Of a paced write that was answered: whether it was surely not applied by this call. Whoever knows of no other may say so. */
      readonly unapplied?: boolean | undefined;
    };

/** What a strong read found. */
export interface ReadOutcome {
  readonly record: LeaseRecord | undefined;
  readonly servedAt: EpochMs | undefined;
}

/**
 * Judges a refusal: a record that carries the write's own id was made by it, so a retry was refused by the
 * success of an attempt whose response got lost.
 */
export function judgeRefusal(
  write: LeaseWrite,
  current: LeaseRecord | undefined,
  servedAt: EpochMs | undefined,
): WriteOutcome {
  return current?.writeId === write.writeId
    ? { kind: "written", record: current, tokenBefore: undefined, servedAt }
    : { kind: "refused", current, servedAt };
}
