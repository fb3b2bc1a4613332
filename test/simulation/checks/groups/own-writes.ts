import { sessionRow } from "../../../../lib/core/names.ts";
import type { LeaseRecord } from "../../../../lib/core/record.ts";
import { addressOf } from "../../address.ts";
import type { Checker } from "../../history.ts";
import { begunOf, digestOf, tamperedSince } from "../claims.ts";
import { type Executed, isOwn, onSession, onShard, termText } from "./replay.ts";
import { complaints } from "./sessions.ts";

/** What writes may change that leave a row to whoever has it, or to nobody. */
const CHANGES: Readonly<Partial<Record<Executed["write"]["kind"], readonly string[]>>> = {
  request: ["requestedBy", "requestedPriority"],
  ring: ["bell"],
  void: ["token", "ttl", "revision", "writeId"],
};

/** What a ring at one's own session may change besides: whoever leaves is no worker any more. */
const RETIRES: readonly string[] = ["weight", "maxShards"];

/** Writes that leave a shard vacant and say when its row may be deleted. */
const VACATES: ReadonlySet<Executed["write"]["kind"]> = new Set(["release", "abandon", "void"]);

/** Writes that are meant for rows of others. */
const FOR_OTHERS: ReadonlySet<Executed["write"]["kind"]> = new Set([
  "request",
  "revoke",
  "ring",
  "bury",
  "rewind",
]);

/**
 * I4 in a group: no write of one process ends, extends or alters another's term.
 *
 * Whoever loses a row, or the row of the session that it rests on, does not believe to lead at that very moment. Releases, abandons,
 * voids and renewals change only rows of their own process, requests and rings nothing but themselves. No write is applied twice, and
 * none but a claim gives a row a holder.
 */
export const groupOwnWrites: Checker = (history) => {
  const digest = digestOf(history);
  const found = complaints("I4-own-term-only");
  const applied = new Set<string>();
  const touched = new Set<string>();
  for (const event of history.events) {
    if (event.kind === "row" && event.by !== "operator-release") touched.add(event.lease);
    if (event.kind === "asked" && event.because === "row" && event.held) {
      if (tamperedSince(digest, begunOf(digest, event.term)) > event.at)
        found.add(
          event.at,
          `the row of ${termText(event.term)}, or of its session, was taken while it leads`,
        );
    }
    if (event.kind !== "executed" || event.after === undefined) continue;
    const { write, before, after, at, process } = event;
    const address = addressOf(write);
    const wrong = strayChange(event);
    if (wrong !== undefined) found.add(at, `a ${write.kind} of ${address} changes ${wrong} beside`);
    if (!write.beginsTerm && before?.holder === undefined && after.holder !== undefined)
      found.add(at, `a ${write.kind} of ${process} revives ${address}`);
    if (!FOR_OTHERS.has(write.kind) && !write.beginsTerm && !isOwn(process, before?.holder))
      found.add(at, `a ${write.kind} of ${process} changes ${address} of ${before?.holder}`);
    const again = applied.has(write.writeId) && write.piggybacks !== true;
    if (again && !touched.has(address)) found.add(at, `a ${write.kind} of ${address} is applied twice`);
    applied.add(write.writeId);
  }
  return found.all;
};

/** What a write changed that is none of its business. */
function strayChange({ write, before, after, process }: Executed): string | undefined {
  const changes = CHANGES[write.kind];
  if (changes === undefined || before === undefined) return undefined;
  const retires = write.kind === "ring" && isOwn(process, before.holder);
  const allowed = retires ? [...changes, ...RETIRES] : changes;
  const were: Readonly<Record<string, unknown>> = { ...before };
  const are: Readonly<Record<string, unknown>> = { ...after };
  const names = new Set([...Object.keys(were), ...Object.keys(are)]);
  return [...names].find((name) => !allowed.includes(name) && were[name] !== are[name]);
}

/** The rows of shards: a held one says no time and has no `ttl`, one that was vacated has. */
export const shardRows: Checker = (history) => {
  const found = complaints("shard-rows");
  for (const event of history.events) {
    if (event.kind !== "executed" || event.after === undefined) continue;
    const { write, after, at } = event;
    if (onShard(event)) {
      const wrong = after.holder === undefined && !VACATES.has(write.kind) ? undefined : wrongIn(after);
      if (wrong !== undefined) found.add(at, `${addressOf(write)} is ${wrong} after a ${write.kind}`);
    }
    if (onSession(event) && write.beginsTerm && write.row !== sessionRow(after.holder ?? ""))
      found.add(at, `${addressOf(write)} is not the row of ${after.holder}`);
  }
  return found.all;
};

function wrongIn({
  holder,
  expiresAt,
  durationMs,
  ttl,
  sessionToken,
  reservedFor,
}: LeaseRecord): string | undefined {
  if (holder === undefined) {
    if (ttl === undefined) return "vacant without a ttl";
    return reservedFor === undefined && expiresAt !== undefined ? "vacant until some time" : undefined;
  }
  if (sessionToken === undefined) return "held without a session";
  const timed = expiresAt !== undefined || (durationMs as number | undefined) !== undefined;
  if (timed) return "held with a time of its own";
  return ttl === undefined ? undefined : "held with a ttl";
}
