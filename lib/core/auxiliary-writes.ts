import { AUXILIARY, risen } from "./names.ts";
import type { LeaseRecord } from "./record.ts";
import { type EpochMs, plusMs } from "./units.ts";
import type { LeaseWrite } from "./lease-write.ts";
import { conditional, OF_A_TERM, piggybacking, ttlOf } from "./writes.ts";

/** The priority of an operator's first request: above every candidate's. Each further one goes above the last. */
export const OPERATOR_PRIORITY: number = 2 ** 52;

/** The priority of a worker's first request for a shard: below every candidate's. Each further one on the same term goes above the last. */
export const WORKER_PRIORITY: number = -(2 ** 52);

/** How long the row of a candidate that is registered no more is kept, in ms. */
const KEPT_MS = 3_600_000;

/**
 * Asks the holder of the term that was seen to hand over. It piggybacks on the record and leaves `revision` and
 * `writeId` alone, so it makes no renewal fail and no watch begin anew; the holder sees it in its next renewal.
 * The strongest request stays; another term's holder never sees it.
 */
export function requestTransfer(
  { name, row, holder = "", token, requestedPriority = 0 }: LeaseRecord,
  request: { readonly writeId: string; readonly by: string; readonly priority: number },
): LeaseWrite {
  const { writeId, by } = request;
  // An operator's later word goes before an earlier one, and a late copy of that does not bring it back.
  const priority =
    request.priority < OPERATOR_PRIORITY
      ? request.priority
      : Math.max(OPERATOR_PRIORITY, risen(name, "requestedPriority", requestedPriority));
  const expects = { holder, token, requestedBelow: priority };
  return piggybacking("request", { name, row, writeId }, expects, {
    requestedBy: by,
    requestedPriority: priority,
  });
}

/** Vacates the term that was seen, whoever holds it, or lifts the reservation: an operator's last resort. */
export function revoke({ name, row, holder, token, revision }: LeaseRecord, writeId: string): LeaseWrite {
  const expects = holder === undefined ? ({ vacant: true, token, revision } as const) : { holder, token };
  return conditional("revoke", { name, row, writeId }, expects, {}, OF_A_TERM);
}

/**
 * Sets the last tick back, so that occurrences after `to` can be led again: an operator's repair. `to` must sort before the tick
 * that was seen; without it there is no last tick any more.
 *
 * It piggybacks on the record: neither a holder nor who watches is disturbed, and no part of it is what a term rests on (I2, I4). Only
 * this write lowers a tick, and only a write that raises the revision sets a higher one. So the state that it expects never comes
 * back once it was applied, and no late copy of it can undo what was done since.
 */
export function rewind(
  { name, row, token, revision }: LeaseRecord,
  request: { readonly writeId: string; readonly from: string; readonly to: string | undefined },
): LeaseWrite {
  const { writeId, from, to } = request;
  // 0 stands for none: a row that somebody wrote by hand.
  const expects = { tick: from, ...(token === 0 ? {} : { token }), ...(revision === 0 ? {} : { revision }) };
  const place = { name, row, writeId };
  if (to === undefined) return piggybacking("rewind", place, expects, {}, ["tick"]);
  return piggybacking("rewind", place, expects, { tick: to });
}

/** What a candidate says of itself while it is registered. */
export interface Entry {
  readonly writeId: string;
  readonly id: string;
  readonly priority: number;
  /** Rises with every registration of the id, so that a late duplicate of an earlier one is refused. */
  readonly sequence: number;
  readonly now: EpochMs;
  /** For how long this says so; 0 or less for a candidate that has left. */
  readonly forMs: number;
  readonly since: EpochMs;
}

/** Registers a candidate beside the lease that it campaigns for, for a bounded time. */
export function register(name: string, entry: Entry): LeaseWrite {
  const { writeId, id, priority, sequence, now, forMs, since } = entry;
  const place = { name, row: `${AUXILIARY.candidate}${id}`, writeId };
  return conditional(
    "register",
    place,
    { tokenBelow: sequence },
    {
      token: sequence,
      holder: id,
      priority,
      durationMs: Math.max(0, forMs),
      expiresAt: plusMs(now, forMs),
      renewedAt: now,
      acquiredAt: since,
      ttl: ttlOf(now, Math.max(0, forMs), KEPT_MS),
    },
  );
}

/**
 * Raises a resource's high-water mark to a term's token, unless a later term has raised it further. The same
 * token is admitted again and again.
 */
export function admit(resource: string, writeId: string, token: number): LeaseWrite {
  const place = { name: resource, row: AUXILIARY.fence, writeId };
  return conditional("admit", place, { tokenBelow: token + 1 }, { token });
}
