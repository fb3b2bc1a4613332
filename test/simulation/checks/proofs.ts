import type { LeaseRecord } from "../../../lib/core/record.ts";
import type { History, HistoryEvent } from "../history.ts";

type Executed = Extract<HistoryEvent, { kind: "executed" }>;

/** A write that began a term over what somebody else had closed. */
export interface Opening {
  readonly event: Executed;
  readonly before: LeaseRecord;
  readonly after: LeaseRecord;
  /** When the state that it found was made. */
  readonly madeAt: number;
  /** The process whose write made it; `undefined` for a hand. */
  readonly maker: string | undefined;
}

/** Every beginning of a term over a record, with when that record was made. Rows that a hand touched are left out. */
export function openingsOf({ events }: History): Opening[] {
  const openings: Opening[] = [];
  const made = new Map<string, { readonly at: number; readonly by: string } | undefined>();
  for (const event of events) {
    if (event.kind === "row") made.set(event.lease, undefined);
    if (event.kind !== "executed" || event.after === undefined) continue;
    const { write, before, after, at, process } = event;
    const maker = made.get(write.name);
    if (write.beginsTerm && before !== undefined && maker !== undefined) {
      openings.push({ event, before, after, madeAt: maker.at, maker: maker.by });
    }
    if (write.kind === "revoke") made.set(write.name, undefined);
    else if (write.kind !== "request") made.set(write.name, { at, by: process });
  }
  return openings;
}

/**
 * Whether a record that was closed until `expiresAt`, and for `laterMs` more, can have been proven open by then: by a
 * header, or by a watch of `durationMs` and as much more. In true time, with no more than δ and the drift to spare.
 */
export function canBeProven(history: History, { event, before, madeAt }: Opening, laterMs: number): boolean {
  const { timing, epochMs } = history;
  const { expiresAt, durationMs } = before;
  const served = epochMs + event.at + timing.serviceClockErrorMs;
  if (expiresAt !== undefined && served >= expiresAt + timing.graceMs + laterMs) return true;
  return event.at - madeAt >= (durationMs + laterMs) / (1 - timing.clockDriftRatio) - 1;
}
