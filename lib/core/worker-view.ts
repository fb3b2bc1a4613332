import type { ShardView } from "./standings.ts";
import { WORKER_PRIORITY } from "./auxiliary-writes.ts";
import { evidenceOfExpiry, type Sighting } from "./evidence.ts";
import { type GroupView, sessionBehind } from "./group-view.ts";
import type { LeaseRecord } from "./record.ts";
import { byText } from "./shares.ts";
import type { Timing } from "./timing.ts";
import type { Reading } from "./units.ts";

/** Since which look a shard is free, under which revision. */
export interface FreeSince {
  readonly writeId: string | undefined;
  readonly look: number;
}

/** What a worker knows of its own, besides what it saw. */
export interface OwnShards {
  readonly id: string;
  /** The shards that it leads. */
  readonly leads: (shard: string) => boolean;
  /** The shards that it does not want for now: it works on them still, or has just given them up. */
  readonly avoids: (shard: string) => boolean;
  /** The number of this look: those at the sessions alone count as well. */
  readonly look: number;
}

/** Who asked a holder for a shard, as a worker: an operator's request, or a candidate's, is the term's to judge. */
export function askerOf({ requestedBy, requestedPriority = 0 }: LeaseRecord): string | undefined {
  return requestedPriority < 0 ? requestedBy || undefined : undefined;
}

/** With what priority a worker asks: above whoever asked before on this term. */
export const askingPriority = ({ requestedPriority }: LeaseRecord): number =>
  requestedPriority === undefined ? WORKER_PRIORITY : requestedPriority + 1;

/** A worker that wants nothing of a shard takes it for one that somebody outside holds. */
const NOBODY_HERE = "";

/**
 * The shards of a group, as the assignment takes them. What rests on a session that is over is free, whatever its row says; what this
 * worker leads is its own, whatever the look has shown.
 */
export function shardViews(
  wanted: readonly string[],
  view: GroupView,
  own: OwnShards,
  free: Map<string, FreeSince>,
  reserved: (record: LeaseRecord) => boolean,
): ShardView[] {
  return wanted.map((shard): ShardView => {
    const record = view.shards.get(shard);
    const holder = own.leads(shard) ? own.id : record && sessionBehind(view, record)?.id;
    if (holder !== undefined && (holder !== own.id || own.leads(shard))) {
      free.delete(shard);
      return { shard, holder, freeLooks: 0, askedBy: record && askerOf(record) };
    }
    const before = free.get(shard);
    const writeId = record?.writeId;
    // A look that did not show it is one of those in a row: whoever had led it meanwhile would have left another revision.
    const since = before !== undefined && before.writeId === writeId ? before : { writeId, look: own.look };
    free.set(shard, since);
    if (own.avoids(shard)) return { shard, holder: NOBODY_HERE, freeLooks: 0 };
    const reservedFor = record !== undefined && reserved(record) ? record.reservedFor : undefined;
    return {
      shard,
      holder: undefined,
      freeLooks: own.look - since.look + 1,
      lastHolder: record?.holder,
      reservedFor,
    };
  });
}

/** Whether a vacancy is kept for somebody still. */
export function isReserved(
  sighting: Sighting,
  at: Reading,
  timing: Pick<Timing, "graceMs" | "clockDriftRatio">,
): boolean {
  return sighting.record.reservedFor !== undefined && evidenceOfExpiry(sighting, at, timing) === undefined;
}

/** What a change of a group's membership changes: who is there, with which share, and whether somebody calls for a look. */
export function membershipOf(view: GroupView, self: string): string {
  const present = [...view.sessions.values()].filter(({ is }) => is !== "closed");
  const changing = present
    .sort((a, b) => byText(a.id, b.id))
    .map(({ id, is, record: { token, weight, maxShards, bell } }) => {
      return [id, is, token, weight, maxShards, id === self ? "" : bell];
    });
  return JSON.stringify(changing);
}
