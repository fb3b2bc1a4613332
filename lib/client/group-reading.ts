import { type GroupStatus, type GroupView, shardState, statusOf, viewOf } from "../core/group-view.ts";
import { isTrouble } from "../core/errors.ts";
import { sessionRow, shardRow } from "../core/names.ts";
import { sighted, type Sighting } from "../core/evidence.ts";
import type { LeaseState } from "../core/record.ts";
import type { ClientCore } from "./client-core.ts";

/**
 * What a worker decides by. To read all of ten thousand rows, what their leaders proclaim included, takes several times as long, and it
 * does so once a minute.
 */
export const LOOKED_AT = [
  "holder",
  "token",
  "revision",
  "writeId",
  "sessionToken",
  "expiresAt",
  "durationMs",
  "lockDelayMs",
  "reservedFor",
  "requestedBy",
  "requestedPriority",
  "bell",
  "weight",
  "maxShards",
] as const;

/**
 * Reads rows of a group, and remembers its sessions and reservations: who looks again and again gathers evidence. Held shards are not
 * remembered: they say no time. Where a `holder` looks on and on, what fails is told by an event as well.
 */
export async function lookAtGroup(
  core: ClientCore,
  name: string,
  prefix = "",
  holder?: string,
  attributes?: typeof LOOKED_AT,
): Promise<GroupView> {
  core.life.assertOpen();
  const { exchange, memory, clock, timing } = core;
  const pages = await exchange
    .rows(name, prefix, timing.requestTimeoutMs, attributes)
    .catch((error: unknown) => {
      if (holder !== undefined && isTrouble(error))
        core.emit("requestFailed", { lease: name, holder, ...exchange.trouble("look", error) });
      throw error;
    });
  const seen: Sighting[] = [];
  for (const { outcome, received } of pages) {
    const { records, servedAt } = outcome;
    for (const record of records) {
      const isTimed = record.sessionToken === undefined || record.reservedFor !== undefined;
      const sighting = isTimed ? memory.note(name, record, received, servedAt, record.row) : undefined;
      seen.push(sighting ?? sighted(undefined, record, received, servedAt));
    }
  }
  return viewOf(seen, clock.now(), timing);
}

/** Reads one shard; see `Group.get`. */
export async function readShard(core: ClientCore, name: string, shard: string): Promise<LeaseState> {
  core.life.assertOpen();
  const { exchange, memory, clock, timing } = core;
  const read = async (row: string): Promise<Sighting | undefined> => {
    const { outcome, received } = await exchange.read(name, timing.requestTimeoutMs, row);
    return memory.note(name, outcome.record, received, outcome.servedAt, row);
  };
  const seen = await read(shardRow(shard));
  const holder = seen?.record.holder;
  const session = holder === undefined ? undefined : await read(sessionRow(holder));
  const view = viewOf(session === undefined ? [] : [session], clock.now(), timing);
  return shardState(name, shard, seen?.record, view);
}

/** Reads all shards; see `Group.list`. */
export async function listShards(core: ClientCore, name: string): Promise<readonly LeaseState[]> {
  return (await groupStatus(core, name)).shards;
}

/** Reads who leads what; see `Group.status`. */
export async function groupStatus(
  core: ClientCore,
  name: string,
  wanted?: readonly string[],
): Promise<GroupStatus> {
  return statusOf(name, await lookAtGroup(core, name), wanted);
}
