/**
 * A model of leases that are held through a session: up to three workers, one shard, and a network that delivers each write late,
 * more than once, or never. It knows no time but this: once there is evidence against a write of a session's row, every validity that
 * rests on that write, or on one before it, is over. That is I2 of docs/protocol.md, for the session as the lease that it is.
 */
import type { Draws } from "../world/chance.ts";
import type { Fault } from "./faults.ts";
import { type Answer, apply, type Id, type Table, type Write } from "./rows.ts";
import { hear, type Worker, worker } from "./worker.ts";

/** A write on its way. */
export interface Message {
  readonly write: Write;
  /** How many rows had been deleted when it was last applied; `undefined` before that. */
  appliedAt: number | undefined;
}

/** Everything there is at one instant. */
export interface World {
  readonly fault: Fault | undefined;
  /** Chance for what differs from process to process. */
  readonly lives: Draws;
  readonly table: Table;
  readonly workers: Map<Id, Worker>;
  network: Message[];
  readonly answers: Answer[];
  /** The latest write of each session's row that there is evidence against. */
  readonly over: Record<Id, number>;
  /** Terms of the shard that an operator has ended. Until its holder hears of it, I2 does not hold. */
  readonly revoked: Set<number>;
  /** Service time. Writes take their place in the order of all writes from it, too. */
  clock: number;
  writes: number;
  deletions: number;
  /** The token of the last term that was handed out. */
  handedOut: number;
  /** What must never happen and was seen while it happened. */
  violation: string | undefined;
}

/** A world before anything has happened. */
export function begin(ids: readonly Id[], draws: Draws, fault: Fault | undefined): World {
  const world: World = {
    fault,
    lives: draws,
    table: { sessions: { A: undefined, B: undefined, C: undefined }, shard: undefined },
    workers: new Map(),
    network: [],
    answers: [],
    over: { A: 0, B: 0, C: 0 },
    revoked: new Set(),
    clock: 100,
    writes: 0,
    deletions: 0,
    handedOut: 0,
    violation: undefined,
  };
  for (const id of ids) start(world, id, 0);
  return world;
}

/** Starts a process of an id, in place of the one that there was. */
export function start(world: World, id: Id, life: number): Worker {
  const { lives } = world;
  const offset = Math.round(lives.between(-4, 4));
  const fresh = worker(id, life, offset, lives.pick([0, 25, -25, 5_000]));
  world.workers.set(id, fresh);
  return fresh;
}

/** Whether a worker's session is valid by its own reckoning. */
export function isValid({ over }: World, { id, session }: Worker): boolean {
  return session?.counts === true && session.stamp > over[id];
}

type Unsent<W> = W extends Write ? Omit<W, "by" | "life" | "writeId"> : never;

/** Draws up a write of a worker, and puts it on its way. */
export function send<D extends Write["do"]>(
  world: World,
  w: Worker,
  what: Unsent<Write> & { readonly do: D },
): Write & { readonly do: D } {
  world.writes += 1;
  const write = { by: w.id, life: w.life, writeId: world.writes, ...what } as unknown as Write & { do: D };
  world.network.push({ write, appliedAt: undefined });
  return write;
}

/** The table meets a write: once more, if it has met it before. */
export function deliver(world: World, message: Message): Answer {
  world.clock += 1;
  const { write } = message;
  const before = world.table.shard;
  const answer = apply(world.table, write, world.clock, world.fault);
  if (!answer.written) return answer;
  if (message.appliedAt === world.deletions && write.do !== "ring")
    world.violation ??= "a write is applied twice";
  message.appliedAt = world.deletions;
  if (write.do === "revoke" && before !== undefined) world.revoked.add(before.token);
  return answer;
}

/** A worker receives an answer. */
export function receive(world: World, answer: Answer): void {
  const w = world.workers.get(answer.to.by);
  if (w === undefined || answer.to.do === "revoke") return;
  const led = w.leads;
  const wrong = hear(w, answer, () => isValid(world, w), world.over[w.id], world.fault);
  world.violation ??= wrong;
  if (w.leads === undefined || w.leads === led) return;
  if (world.revoked.has(w.leads)) return;
  if (w.leads <= world.handedOut) world.violation ??= "the token of a new term is not higher";
  world.handedOut = Math.max(world.handedOut, w.leads);
}

/** A day or a month goes by: every request is given up, and what was held has long been over. */
export function passLongTime(world: World): void {
  world.clock += 1_000;
  world.deletions += 1;
  for (const w of world.workers.values()) {
    w.opening = undefined;
    w.correcting = undefined;
    for (const claim of w.claims) claim.awaited = false;
  }
}

/** TTL takes the row of a session that has been over for long. */
export function deleteSession(world: World, id: Id): void {
  const row = world.table.sessions[id];
  if (row === undefined) return;
  if (world.fault !== "TTL deletes a live session") {
    passLongTime(world);
    world.over[id] = Math.max(world.over[id], row.stamp);
  }
  world.table.sessions[id] = undefined;
}

/** Whether a session's row may be deleted: nobody has renewed it for a day, and its token is not of a time to come. */
export function isLongOver(world: World, id: Id): boolean {
  const row = world.table.sessions[id];
  const w = world.workers.get(id);
  if (row === undefined) return false;
  if (world.fault === "TTL deletes a live session") return true;
  const isAhead = row.token > world.clock;
  if (isAhead && world.fault !== "TTL deletes a session whose token is ahead of the time") return false;
  return !(w !== undefined && isValid(world, w)) && w?.session?.token !== row.token;
}

/** What is wrong with a world; `undefined` while nothing is. */
export function faultIn(world: World): string | undefined {
  if (world.violation !== undefined) return world.violation;
  const { table, revoked } = world;
  let leader: Worker | undefined;
  for (const w of world.workers.values()) {
    if (!w.alive || !isValid(world, w)) continue;
    const row = table.sessions[w.id];
    if (row?.held !== true || row.token !== w.session?.token) return "a valid session is not in its row";
    const memory = forgotten(world, w);
    if (memory !== undefined) return memory;
    if (w.leads === undefined || revoked.has(w.leads)) continue;
    if (leader !== undefined) return "two workers lead the shard";
    leader = w;
  }
  if (leader === undefined) return undefined;
  if (table.shard?.holder === leader.id && table.shard.sessionToken !== leader.session?.token)
    return "a worker leads by a term that rests on another session";
  const isInRow = table.shard?.holder === leader.id && table.shard.token === leader.leads;
  return isInRow ? undefined : "a worker leads whose writes a fence refuses";
}

/** A shard that a live session holds and that nobody leads, or will give back, is closed for ever. */
function forgotten({ table: { shard } }: World, w: Worker): string | undefined {
  if (shard?.holder !== w.id || shard.sessionToken !== w.session?.token || w.leads === shard.token)
    return undefined;
  const isRemembered =
    w.claims.some(({ write }) => write.writeId === shard.writeId) || w.releasing.includes(shard.token);
  return isRemembered ? undefined : "a live session holds the shard and has forgotten it";
}
