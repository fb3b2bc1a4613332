import type { LeaseRecord } from "../../../../lib/core/record.ts";
import type { Checker, History, HistoryEvent, MemberLog } from "../../history.ts";
import { heldAt, LATE_COPY_MS, latestOf, shardsOf } from "./leading.ts";
import { onSession, onShard, Replay } from "./replay.ts";
import { complaints } from "./sessions.ts";

/** How long it may take until what every worker can see has been acted upon, in retries and in ms. */
const SEEN_RETRIES = 8;
const SEEN_MS = 6_000;

/** When nobody has come or gone for a while, each worker leads its share by weight, rounded up or down, and no more than it may. */
export const balance: Checker = (history) => {
  const found = complaints("balance");
  const { events } = history;
  for (const [index, event] of events.entries()) {
    if (event.kind !== "at-rest" || !isDue(history, index)) continue;
    const members = membersAt(events, index);
    const shards = new Set(shardsOf(events).map((shard) => `${history.group?.name}/${shard}`));
    const counts = new Map<string, number>(members.map(({ id }) => [id, 0]));
    let others = 0;
    for (const [lease, { holder }] of latestOf(heldAt(events, index))) {
      const count = counts.get(holder);
      if (count !== undefined) counts.set(holder, count + 1);
      else if (shards.has(lease)) others += 1;
    }
    const quotas = quotasOf(members, shards.size - others);
    for (const { id } of members) {
      const count = counts.get(id) ?? 0;
      const quota = quotas.get(id) ?? 0;
      if (Math.abs(count - quota) < 1) continue;
      found.add(
        event.at,
        `${id} leads ${count} of ${shards.size - others} shards, and its share is ${quota.toFixed(2)}`,
      );
    }
  }
  return found.all;
};

/**
 * Whoever has not seen a change finds it within a minute. Where nothing goes wrong and all are workers, changes are seen at once: each
 * rings for the others.
 */
function isDue(history: History, index: number): boolean {
  const { events, calm } = history;
  if (calm && !events.some((one) => one.kind === "operation" && one.what === "hold")) return true;
  const at = events[index]?.at ?? 0;
  const stopped = events.find(({ kind }) => kind === "faults-stopped");
  return at - (stopped?.at ?? 0) >= LATE_COPY_MS && at >= unseenUntil(history, index);
}

/**
 * Until when the workers may not have acted upon the last shard that came to them from a process that is no worker, or went to one. It
 * rings for nobody, and its session goes on. So they find that with the look of the minute, or when somebody comes or goes.
 */
function unseenUntil({ events, timing, group }: History, index: number): number {
  const replay = new Replay(group?.name ?? "");
  const workers = new Set(events.flatMap((one) => (one.kind === "worker-joined" ? [one.member.id] : [])));
  const isOutside = ({ holder: id, sessionToken: token = 0 }: Partial<LeaseRecord> = {}): boolean =>
    id !== undefined && !workers.has(id) && replay.lasts({ id, token });
  const seenMs = SEEN_RETRIES * timing.retryIntervalMs + SEEN_MS;
  let openAt = 0;
  let until = 0;
  for (const event of events.slice(0, index)) {
    replay.note(event);
    if (event.kind !== "executed" || event.after === undefined) continue;
    const { at, before, after, write } = event;
    const comesOrGoes = write.beginsTerm || write.kind === "release" || write.kind === "bury";
    if (onSession(event) && comesOrGoes) until = Math.min(until, Math.max(at, openAt) + seenMs);
    if (!onShard(event) || after.holder === before?.holder) continue;
    if (!isOutside(before) && !isOutside(after)) continue;
    openAt = at + (after.reservedFor === undefined ? 0 : after.durationMs);
    until = openAt + LATE_COPY_MS + seenMs;
  }
  return until;
}

/** Who takes part: joined, and neither left, nor leaving, nor dead. */
export function membersAt(events: readonly HistoryEvent[], index: number): MemberLog[] {
  const members = new Map<string, MemberLog>();
  for (const event of events.slice(0, index)) {
    if (event.kind === "worker-joined") members.set(event.process, event.member);
    const gone = event.kind === "worker-left" || event.kind === "worker-leaving" || event.kind === "crashed";
    if (gone) members.delete(event.process);
  }
  return [...members.values()];
}

/** Each one's part: fills all vessels at the same pace by weight, until they or the shards are used up. */
function quotasOf(members: readonly MemberLog[], shards: number): Map<string, number> {
  const quotas = new Map(members.map(({ id }) => [id, 0]));
  let left = shards;
  let open = members.filter(({ maxShards }) => maxShards > 0);
  while (left > 1e-9 && open.length > 0) {
    const weights = open.reduce((sum, { weight }) => sum + weight, 0);
    const room = ({ id, maxShards }: MemberLog): number => maxShards - (quotas.get(id) ?? 0);
    // How far the water rises until the first vessel is full.
    const rise = Math.min(left / weights, ...open.map((one) => room(one) / one.weight));
    for (const { id, weight } of open) quotas.set(id, (quotas.get(id) ?? 0) + rise * weight);
    left -= rise * weights;
    open = open.filter((one) => room(one) > 1e-9);
  }
  return quotas;
}
