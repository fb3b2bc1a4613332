import type { LeaseRecord } from "./record.ts";
import { type Sample, steadyServiceTime } from "./service-clock.ts";
import type { Timing } from "./timing.ts";
import type { Reading } from "./units.ts";
import { boundsOf, remainingOf, type Validity } from "./validity.ts";
import type { LeaseWrite } from "./lease-write.ts";
import { renew } from "./writes.ts";

/** What a renewal rests on. */
export interface Renewable {
  /** The record as last known. */
  readonly record: LeaseRecord;
  /** The samples that vouch for the last write. */
  readonly vouchers: readonly Sample[];
  /** How long the term may last at most. */
  readonly limit: Validity;
}

/** What a renewal asks for. */
export interface RenewalOrder {
  readonly writeId: string;
  /** The length to ask for, unless the limit leaves less, in ms. */
  readonly durationMs: number;
  readonly retentionMs: number;
  /** What to proclaim with it; none for a plain renewal. */
  readonly value: { readonly is: unknown } | undefined;
}

/**
 * A renewal of a term, and the bounds that it puts to the validity before it is sent: it may land though its answer is
 * lost, and promise less than what there was. Where nothing vouched for the last write, nobody could check this one
 * either, and it sets no `expiresAt`.
 */
export function renewalOf(
  { record, vouchers, limit }: Renewable,
  { writeId, durationMs: fullMs, retentionMs, value }: RenewalOrder,
  at: Reading,
  timing: Timing,
): { readonly write: LeaseWrite; readonly bounds: Validity } {
  const durationMs = Math.max(1, Math.min(fullMs, Math.floor(remainingOf(limit, at))));
  const { lockDelayMs = 0 } = record;
  const timed = vouchers.length > 0;
  const now = steadyServiceTime(vouchers, at, timing);
  const write = renew(record, { writeId, now, durationMs, lockDelayMs, timed, retentionMs, value });
  // Bounded by what it sets: the lock-delay is in both, and the holder stops that much earlier.
  const grant = {
    sent: at,
    durationMs: durationMs + lockDelayMs,
    lockDelayMs,
    expiresAt: write.set.expiresAt,
  };
  return { write, bounds: boundsOf(grant, vouchers, at, timing) };
}
