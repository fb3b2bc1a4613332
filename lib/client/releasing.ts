import type { LeaseRecord } from "../core/record.ts";
import { refusedRelease, type ReleaseResult } from "../core/term.ts";
import { type Sample, steadyServiceTime } from "../core/service-clock.ts";
import type { Reading } from "../core/units.ts";
import { release, ttlOf } from "../core/writes.ts";
import type { Candidacy } from "./candidacy.ts";

/** How often a release is sent unanswered before its outcome is called unknown. */
const UNANSWERED_TRIES = 2;
/** How often a release follows a revision that an unanswered renewal of the same handle had made. */
const FOLLOWING_TRIES = 3;

/** What a release says, and what it may end. */
export interface Release {
  /** The occurrence to mark as done. */
  readonly tick: string | undefined;
  /** For whom the lease is kept, and for how long in ms. */
  readonly kept: { readonly for: string; readonly ms: number } | undefined;
  /** What vouches for service time: without, the reservation says no time. */
  readonly vouchers: readonly Sample[];
  /** For an id whose next process may have gone on with the term: the record as last known. */
  readonly record?: LeaseRecord;
  /** Whether this handle may have made a record. */
  readonly isOwn?: (current: LeaseRecord) => boolean;
}

/** Vacates the row of a term, and says what became of that. Never rejects. */
export async function sendRelease(
  self: Candidacy,
  token: number,
  first: Reading,
  how: Release,
): Promise<ReleaseResult> {
  const { clock, random, settings, holder, timing } = self;
  const { tick, kept, isOwn, vouchers } = how;
  let revision = how.record?.revision;
  let unanswered = 0;
  let at = first;
  let cause: unknown;
  for (
    let tries = 0;
    unanswered < UNANSWERED_TRIES && tries < UNANSWERED_TRIES + FOLLOWING_TRIES;
    tries += 1
  ) {
    const now = steadyServiceTime(vouchers, at, timing);
    const ttl = ttlOf(now, kept?.ms ?? 0, settings.timing.retentionMs);
    const reserve = kept && { ...kept, now, timed: vouchers.length > 0 };
    const write = release({ ...self, token }, { writeId: random.id(), revision, ttl, tick, reserve });
    try {
      const { outcome } = await self.send(write);
      at = clock.now();
      if (outcome.kind === "written") return { kind: "released" };
      if (outcome.kind === "refused") {
        const { current } = outcome;
        const held = current?.token === token && current.holder === holder;
        if (!held) return refusedRelease(current, token);
        if (isOwn?.(current) !== true) return { kind: "superseded", by: holder, token };
        revision = current.revision;
        continue;
      }
      cause = outcome.cause;
    } catch (error) {
      at = clock.now();
      cause = error;
    }
    unanswered += 1;
  }
  return { kind: "unknown", cause };
}
