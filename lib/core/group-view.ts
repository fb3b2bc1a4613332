import { evidenceOfExpiry, type Sighting } from "./evidence.ts";
import { AUXILIARY, shardOf } from "./names.ts";
import { type LeaseRecord, type LeaseState, stateOf } from "./record.ts";
import { type Member, sharesOf } from "./shares.ts";
import type { Timing } from "./timing.ts";
import type { Reading } from "./units.ts";

/** A session as a look showed it. */
export interface SessionView {
  readonly id: string;
  readonly record: LeaseRecord;
  /** `lasts`: nothing speaks against it. `dead`: there is evidence, and nobody has ended it yet. `closed`: its row says so. */
  readonly is: "lasts" | "dead" | "closed";
}

/** A group as a look showed it. */
export interface GroupView {
  readonly sessions: ReadonlyMap<string, SessionView>;
  readonly shards: ReadonlyMap<string, LeaseRecord>;
}

type EvidenceTiming = Pick<Timing, "graceMs" | "clockDriftRatio">;

/** Sorts what was read of a group. */
export function viewOf(seen: Iterable<Sighting>, at: Reading, timing: EvidenceTiming): GroupView {
  const sessions = new Map<string, SessionView>();
  const shards = new Map<string, LeaseRecord>();
  for (const sighting of seen) {
    const { record } = sighting;
    const shard = shardOf(record.row);
    if (shard !== undefined) shards.set(shard, record);
    if (record.row?.startsWith(AUXILIARY.session) !== true) continue;
    const id = record.row.slice(AUXILIARY.session.length);
    // A length that somebody edited away is no length of 0: such a row is for those to judge who read it alone.
    const saysHowLong = record.holder !== undefined && record.durationMs > 0;
    const isOver = saysHowLong && evidenceOfExpiry(sighting, at, timing) !== undefined;
    const is = record.holder === undefined ? "closed" : isOver ? "dead" : "lasts";
    sessions.set(id, { id, record, is });
  }
  return { sessions, shards };
}

/** The session that a held shard rests on, if it was seen and lasts, as far as is known. */
export function sessionBehind(
  view: GroupView,
  { holder, sessionToken }: LeaseRecord,
): SessionView | undefined {
  const session = holder === undefined ? undefined : view.sessions.get(holder);
  return session?.is === "lasts" && session.record.token === sessionToken ? session : undefined;
}

/** The workers whose sessions last, by id. */
export function membersOf(view: GroupView): readonly Member[] {
  return [...view.sessions.values()]
    .filter(({ is, record }) => is === "lasts" && record.weight !== undefined)
    .map(({ id, record: { weight = 1, maxShards = Infinity } }) => ({ id, weight, maxShards }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A shard, made presentable: how long it lasts is its session's to say. */
export function shardState(
  name: string,
  shard: string,
  record: LeaseRecord | undefined,
  view: GroupView,
): LeaseState {
  if (record?.holder === undefined) return stateOf(name, record, false, shard);
  const session = sessionBehind(view, record);
  const { expiresAt, renewedAt, lockDelayMs } = session?.record ?? {};
  return stateOf(
    name,
    { ...record, expiresAt, renewedAt: renewedAt ?? record.renewedAt, lockDelayMs },
    session === undefined,
    shard,
  );
}

/** A worker of a group, or another process that holds shards of it. */
export interface WorkerInfo {
  /** Its id: the holder of its shards. */
  readonly id: string;
  /** Whether it takes part in the assignment. Whoever only calls `tryAcquire`, `acquire` or `run` does not, nor does a worker that leaves by and by. */
  readonly isWorker: boolean;
  /** How large its share is, in proportion to others. */
  readonly weight: number;
  /** How many shards it leads at most; `undefined` for any number. */
  readonly maxShards: number | undefined;
  /** How many shards it leads. */
  readonly shards: number;
  /** How many it should lead, at least and at most; `undefined` for one that is no worker. */
  readonly share: { readonly floor: number; readonly ceiling: number } | undefined;
  /** Epoch ms, in service time, when its session ends unless renewed. */
  readonly expiresAt: number | undefined;
  /** Epoch ms when its session began. Informative. */
  readonly since: number | undefined;
}

/** Who leads what in a group. */
export interface GroupStatus {
  /** The group's name. */
  readonly name: string;
  /** Those whose sessions last, by id. */
  readonly workers: readonly WorkerInfo[];
  /** All shards, by name. */
  readonly shards: readonly LeaseState[];
  /** The names of those that nobody leads. */
  readonly unled: readonly string[];
  /**
   * Whether somebody works, every worker leads its share, and no shard is without a leader that one of them could take. Shards that none may
   * take, since each leads its `maxShards`, are in `unled` alone.
   */
  readonly balanced: boolean;
}

/**
 * Sums up a group. `wanted` names all shards that there should be: nobody may ever have led them, and the row of a shard that is none any
 * more counts only while somebody leads it.
 */
export function statusOf(name: string, view: GroupView, wanted?: readonly string[]): GroupStatus {
  const known = wanted && new Set(wanted);
  const shards = [...new Set([...view.shards.keys(), ...(wanted ?? [])])]
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .map((shard) => shardState(name, shard, view.shards.get(shard), view))
    .filter(({ kind, shard = "" }) => known === undefined || kind === "held" || known.has(shard));
  const led = new Map<string, number>();
  for (const { kind, holder } of shards)
    if (kind === "held" && holder !== undefined) led.set(holder, (led.get(holder) ?? 0) + 1);
  const members = membersOf(view);
  const unled = shards.filter(({ kind }) => kind !== "held").map(({ shard = "" }) => shard);
  // What outsiders hold is not shared.
  const shared = members.reduce((sum, { id }) => sum + (led.get(id) ?? 0), unled.length);
  const shares = sharesOf(members, shared);
  const workers = [...view.sessions.values()]
    .filter(({ is }) => is === "lasts")
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(
      ({ id, record }): WorkerInfo => ({
        id,
        isWorker: record.weight !== undefined,
        weight: record.weight ?? 0,
        maxShards: record.maxShards,
        shards: led.get(id) ?? 0,
        share: shares.get(id),
        expiresAt: record.expiresAt,
        since: record.acquiredAt,
      }),
    );
  return {
    name,
    workers,
    shards,
    unled,
    balanced:
      shares.size > 0 &&
      workers.every(
        ({ share, shards: leads, maxShards = Infinity }) =>
          // No floor is above maxShards.
          !share || (leads <= share.ceiling && leads >= (unled.length > 0 ? maxShards : share.floor)),
      ),
  };
}
