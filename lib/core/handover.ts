import { OPERATOR_PRIORITY } from "./auxiliary-writes.ts";
import type { Affinity } from "./options.ts";
import type { LeaseRecord } from "./record.ts";
import type { Handover } from "./term.ts";
import { reservedForAll } from "./names.ts";

/** What a holder knows of itself when it decides about a request to hand over. */
export interface Incumbent {
  readonly priority: number;
  /** How long it has led, in ms. */
  readonly ledMs: number;
  /** How long it leads at least before it accepts a higher priority, in ms. */
  readonly minTermMs: number;
  /** Its minimum hold, in ms: before that is over the lease would be kept for nobody. */
  readonly holdAtLeastMs: number;
}

/**
 * Whether a holder accepts the request that piggybacks on its record: an operator's at once, a stronger candidate's
 * once the term has lasted `minTermMs`, and neither within its minimum hold, as nobody could lead for the rest of it. So a
 * strong candidate that keeps failing cannot take the lease from the others oftener than that, and equals never request a
 * transfer of each other.
 */
export function accepts({ requestedBy, requestedPriority = 0 }: LeaseRecord, incumbent: Incumbent): boolean {
  if (requestedBy === undefined || incumbent.ledMs < incumbent.holdAtLeastMs) return false;
  if (requestedPriority >= OPERATOR_PRIORITY) return true;
  return requestedPriority > incumbent.priority && incumbent.ledMs >= incumbent.minTermMs;
}

/** Whether a candidate that sees a held lease has reason to request a transfer: it is stronger, and no stronger one did. */
export function shouldRequest(
  { holder, priority = 0, requestedPriority }: LeaseRecord,
  own: number,
): boolean {
  return (
    holder !== undefined && own > priority && (requestedPriority === undefined || requestedPriority < own)
  );
}

/** What decides whom a vacated lease is kept for. */
export interface Departure {
  readonly holdAtLeastMs: number;
  /** The label that the lease is kept for after a release, and for how long. */
  readonly affinity: Affinity | undefined;
  /** The hand-over that has begun, if one has. */
  readonly handover: Handover | undefined;
  readonly reserveForMs: number;
  /** How long the term has lasted, in ms. */
  readonly ledMs: number;
}

/**
 * Whom a vacated lease is kept for, and for how long in ms: nobody before its minimum hold is over; then the
 * successor that it is handed to; else whoever shares its affinity.
 */
export function reservationOf(
  departure: Departure,
): { readonly for: string; readonly ms: number } | undefined {
  const { holdAtLeastMs, affinity, handover, reserveForMs, ledMs } = departure;
  const holdMs = Math.ceil(holdAtLeastMs - ledMs);
  if (holdMs > 0) return { for: "", ms: holdMs };
  if (handover === undefined) return affinity && { for: reservedForAll(affinity.label), ms: affinity.forMs };
  if (handover.to === undefined || reserveForMs === 0) return undefined;
  return { for: handover.to, ms: reserveForMs };
}
