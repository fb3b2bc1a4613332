/** What a worker does, one request or one decision at a time. */
import type { Id, Version } from "./rows.ts";
import { endSession, type Remembered, seeShard, type Worker } from "./worker.ts";
import { send, start, type World } from "./world.ts";

/** Reads the shard's row, and so learns whether an operator has ended its term. */
export function readShard(world: World, w: Worker): void {
  const { shard } = world.table;
  seeShard(w, shard, world.fault);
  if (w.leads !== undefined && (shard?.holder !== w.id || shard.token !== w.leads)) w.leads = undefined;
}

/** Reads a session's row, by a request that is sent after all that the worker has received. */
export function readSession(world: World, w: Worker, id: Id): void {
  w.views[id] = { row: world.table.sessions[id], afterShard: w.shard !== undefined };
}

/** Comes by evidence against a row: whatever rests on it, or on one before it, is over. */
export function prove(world: World, w: Worker, id: Id, stamp: number): void {
  w.proof[id] = stamp;
  world.over[id] = Math.max(world.over[id], stamp);
}

/** Vacates the row of a session that there is evidence against. */
export function bury(world: World, w: Worker, whose: Id, { token, revision }: Version): void {
  send(world, w, { do: "bury", whose, of: { token, revision } });
}

/** Opens a session, over whatever row there is of the worker's id, since nobody else lives by it. */
export function openSession(world: World, w: Worker): void {
  const row = w.views[w.id]?.row;
  const now = world.clock + w.offset + w.wallOffset;
  if (row === undefined || (!row.held && row.token < now)) {
    w.opening = send(world, w, { do: "open", token: now, over: undefined });
    return;
  }
  const keeps = world.fault === "a session is taken over without a higher token";
  const token = keeps ? row.token : Math.max(row.token + 1, now);
  w.opening = send(world, w, { do: "open", token, over: { token: row.token, revision: row.revision } });
}

/** Corrects what a claim by a wrong clock has written. The token of a session never falls. */
export function correctSession(world: World, w: Worker): void {
  const { session } = w;
  if (session === undefined) return;
  const now = world.clock + w.offset;
  const lowers = world.fault === "a correction lowers the token of a session";
  const { token, revision } = session;
  const to = lowers ? now : Math.max(token, now);
  const write = send(world, w, { do: "correct", of: { token, revision }, token: to });
  w.correcting = write;
  session.sent.add(write.writeId);
}

export function renewSession(world: World, w: Worker): void {
  const { session } = w;
  if (session === undefined) return;
  const { token, revision } = session;
  session.sent.add(send(world, w, { do: "renew", of: { token, revision } }).writeId);
}

/** Ends the session in memory, and only then in the table. */
export function closeSession(world: World, w: Worker, token: number): void {
  endSession(w, world.fault);
  send(world, w, { do: "close", token });
}

/** Claims the shard: as a vacancy, blindly if nothing was seen yet, or by compare-and-set. */
export function claim(world: World, w: Worker): void {
  const row = w.shard?.row;
  const now = world.clock + w.offset;
  const sessionToken = w.session?.token ?? 0;
  const isVacant = row === undefined || (row.holder === undefined && row.token < now);
  const keeps = world.fault === "a take-over of a shard keeps its token";
  const write = isVacant
    ? send(world, w, { do: "claim", token: now, sessionToken, over: undefined })
    : send(world, w, {
        do: "claim",
        token: keeps ? row.token : Math.max(row.token + 1, now),
        sessionToken,
        over: { token: row.token, revision: row.revision },
      });
  w.claims.push({ write, awaited: true });
}

/** The request's deadline has passed: its outcome is unknown, and an answer that still comes does not count. */
export function giveUp({ fault }: World, w: Worker, one: Remembered): void {
  if (fault === "an unknown claim is forgotten at once") w.claims = w.claims.filter((other) => other !== one);
  one.awaited = false;
}

/** Ends a term in memory, and only then in the table. */
export function giveBack(world: World, w: Worker, token: number): void {
  w.leads = undefined;
  if (world.fault !== "a release that is not answered is not sent again") w.releasing.push(token);
  send(world, w, { do: "release", token });
}

/** Another process of the same, declared-stable id begins when the first is gone. */
export function restart(world: World, { id, life }: Worker): void {
  const next = start(world, id, life + 1);
  if (world.fault !== "a session is resumed by the next process of its id") return;
  const { sessions, shard } = world.table;
  const row = sessions[id];
  if (row?.held !== true || row.stamp <= world.over[id]) return;
  const { token, revision, stamp } = row;
  next.session = { token, revision, stamp, counts: true, sent: new Set([row.writeId]) };
  if (shard?.holder === id && shard.sessionToken === token) next.leads = shard.token;
}
