import type { Draws } from "../world/chance.ts";
import type { Write } from "./rows.ts";
import * as act from "./acts.ts";
import { endSession, isOver, type Worker } from "./worker.ts";
import { deliver, faultIn, isValid, receive, send, type World } from "./world.ts";

/** More rounds than a worker needs to bury a session, to learn what became of its claims, and to claim. */
const ROUNDS = 6;

/**
 * Lets the faults stop: what is on its way arrives or is lost, every request is answered at once, and every worker does its duty.
 * Says what is wrong if nobody leads the shard after that.
 */
export function calm(world: World, draws: Draws): string | undefined {
  const workers = [...world.workers.values()].filter(({ alive }) => alive);
  if (workers.length === 0) return undefined;
  for (const message of world.network.splice(0)) {
    if (draws.happens(0.5)) deliver(world, message);
  }
  world.answers.length = 0;
  for (const w of workers) {
    w.opening = undefined;
    w.correcting = undefined;
    for (const one of w.claims) one.awaited = false;
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const w of workers) {
      serve(world, w);
      const wrong = faultIn(world);
      if (wrong !== undefined) return wrong;
    }
  }
  return workers.some((w) => w.leads !== undefined && isValid(world, w))
    ? undefined
    : "nobody leads the shard, for ever";
}

/** A worker opens its session, and nothing goes wrong. Others may look at its row before, in between and after. */
export function settleIn(world: World, w: Worker, draws: Draws): void {
  const glance = (): void => {
    for (const other of world.workers.values()) {
      if (other !== w && draws.happens(0.3)) act.readSession(world, other, w.id);
    }
  };
  glance();
  act.readSession(world, w, w.id);
  act.openSession(world, w);
  exchange(world);
  glance();
  if (w.session?.counts === true) return;
  act.correctSession(world, w);
  exchange(world);
  glance();
}

/** Sends what a worker has drawn up, and lets it hear the answer. */
function exchange(world: World): void {
  for (const message of world.network.splice(0)) receive(world, deliver(world, message));
}

/** A worker does all that is its to do. */
function serve(world: World, w: Worker): void {
  world.clock += 1;
  keepSession(world, w);
  if (!isValid(world, w)) return;
  for (const { write } of w.claims.slice()) {
    tell(world, w, { do: "abandon", claim: write.writeId });
    tell(world, w, { do: "void", claim: write });
  }
  for (const token of w.releasing.slice()) tell(world, w, { do: "release", token });
  act.readShard(world, w);
  const holder = w.shard?.row?.holder;
  if (holder !== undefined && holder !== w.id) buryIfDead(world, w, holder);
  if (holder === w.id) act.readSession(world, w, w.id);
  const waits = world.fault === "a claim waits until an unknown one is settled" && w.claims.length > 0;
  if (waits || w.leads !== undefined || !isOver(w, world.fault)) return;
  act.claim(world, w);
  exchange(world);
}

function tell(world: World, w: Worker, what: Parameters<typeof send>[2]): void {
  send<Write["do"]>(world, w, what);
  exchange(world);
}

function keepSession(world: World, w: Worker): void {
  if (
    w.session !== undefined &&
    (w.session.counts ? !isValid(world, w) : w.session.stamp <= world.over[w.id])
  )
    endSession(w, world.fault);
  if (w.session === undefined) {
    act.readSession(world, w, w.id);
    act.openSession(world, w);
    exchange(world);
  } else if (w.session.counts) {
    act.renewSession(world, w);
    exchange(world);
  }
  if (w.session?.counts !== false) return;
  act.correctSession(world, w);
  exchange(world);
}

/** Reads the session of the shard's holder, and buries it if nobody lives by it. */
function buryIfDead(world: World, w: Worker, holder: Worker["id"]): void {
  act.readSession(world, w, holder);
  const row = w.views[holder]?.row;
  const other = world.workers.get(holder);
  if (row?.held !== true || (other?.alive === true && other.session?.token === row.token)) return;
  act.prove(world, w, holder, row.stamp);
  act.bury(world, w, holder, row);
  exchange(world);
}
