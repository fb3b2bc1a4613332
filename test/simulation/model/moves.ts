import * as act from "./acts.ts";
import type { Fault } from "./faults.ts";
import { answersArrive, longTimes, writesArrive } from "./deliveries.ts";
import type { Menu } from "./menu.ts";
import type { Id } from "./rows.ts";
import { endSession, isOver, type Worker } from "./worker.ts";
import { isValid, send, type World } from "./world.ts";

/** How seldom a worker reads what it knows already. */
const NOTHING_NEW = 0.03;

/** Offers all that may happen next. */
export function offerMoves(world: World, menu: Menu): void {
  for (const w of world.workers.values()) {
    if (w.alive) {
      reads(world, w, menu);
      if (w.session === undefined) openings(world, w, menu);
      else sessions(world, w, w.session, menu);
      shards(world, w, menu);
      settlements(world, w, menu);
      menu.offer(
        "crash",
        0.02,
        () => `${w.id} crashes`,
        () => void (w.alive = false),
      );
    }
    if (w.id !== "A" || w.life > 2) continue;
    const says = (): string => "A is followed by another process of its id";
    menu.offer("restart", w.alive ? 0.03 : 1, says, () => act.restart(world, w));
  }
  writesArrive(world, menu);
  answersArrive(world, menu);
  longTimes(world, menu);
}

function reads(world: World, w: Worker, menu: Menu): void {
  const { id } = w;
  menu.offer(
    "read shard",
    w.leads !== undefined || w.shard?.row === world.table.shard ? NOTHING_NEW : 1,
    () => `${id} reads the shard`,
    () => act.readShard(world, w),
  );
  for (const whose of world.workers.keys()) {
    menu.offer(
      "read session",
      curiosity(world, w, whose),
      () => `${id} reads the session of ${whose}`,
      () => act.readSession(world, w, whose),
    );
    const row = w.views[whose]?.row;
    if (whose === id || row?.held !== true) continue;
    const says = (): string => `${id} has evidence against the session of ${whose}`;
    const isJudged = w.proof[whose] === row.stamp;
    if (isJudged)
      menu.offer(
        "bury",
        0.6,
        () => `${id} buries the session of ${whose}`,
        () => act.bury(world, w, whose, row),
      );
    else
      menu.offer("evidence", isDead(world, whose, row.token) ? 1 : 0.2, says, () =>
        act.prove(world, w, whose, row.stamp),
      );
    menu.offer(
      "ring",
      0.05,
      () => `${id} rings at the session of ${whose}`,
      () => {
        send(world, w, { do: "ring", whose, token: row.token });
      },
    );
  }
}

/** How much a worker wants to read a session: most of all its own before it opens one, and that of the shard's holder. */
function curiosity(world: World, w: Worker, whose: Id): number {
  const view = w.views[whose];
  const isNew = view === undefined || view.row !== world.table.sessions[whose];
  const isOwn = whose === w.id;
  if (isOwn && (w.session !== undefined || w.opening !== undefined)) return NOTHING_NEW;
  const matters = isOwn || (w.shard?.row?.holder === whose && w.leads === undefined);
  if (matters && !isOwn && view?.afterShard !== true) return 1.5;
  return isNew ? (matters ? 1.5 : 0.25) : NOTHING_NEW;
}

function isDead(world: World, id: Id, token: number): boolean {
  const w = world.workers.get(id);
  return w?.alive !== true || w.session?.token !== token;
}

function openings(world: World, w: Worker, menu: Menu): void {
  const { id } = w;
  if (w.opening !== undefined) {
    const giveUp = (): void => void (w.opening = undefined);
    menu.offer("give up opening", 0.15, () => `${id} gives up the opening of its session`, giveUp);
  } else if (w.views[id] !== undefined) {
    menu.offer(
      "open",
      2,
      () => `${id} opens a session`,
      () => act.openSession(world, w),
    );
  }
}

function sessions(
  world: World,
  w: Worker,
  { counts, token }: NonNullable<Worker["session"]>,
  menu: Menu,
): void {
  const { id } = w;
  const isOn = isValid(world, w);
  if (!counts)
    menu.offer(
      "correct",
      1,
      () => `${id} corrects its session`,
      () => act.correctSession(world, w),
    );
  if (isOn)
    menu.offer(
      "renew",
      0.2,
      () => `${id} renews its session`,
      () => act.renewSession(world, w),
    );
  menu.offer(
    "expire",
    isOn ? 0.05 : 1,
    () => `${id}'s session ends by its own clock`,
    () => {
      endSession(w, world.fault);
    },
  );
  menu.offer(
    "close",
    0.07,
    () => `${id} closes its session`,
    () => act.closeSession(world, w, token),
  );
}

function shards(world: World, w: Worker, menu: Menu): void {
  const { id, leads } = w;
  if (isValid(world, w) && mayClaim(w, world.fault) && isOver(w, world.fault))
    menu.offer(
      "claim",
      3,
      () => `${id} claims the shard`,
      () => act.claim(world, w),
    );
  if (leads !== undefined)
    menu.offer(
      "give back",
      0.15,
      () => `${id} gives the shard back`,
      () => act.giveBack(world, w, leads),
    );
  const row = w.shard?.row;
  if (row?.holder === undefined || row.holder === id) return;
  const { holder, token } = row;
  menu.offer(
    "revoke",
    0.02,
    () => `an operator revokes the shard of ${holder}`,
    () => {
      send(world, w, { do: "revoke", holder, token });
    },
  );
}

function mayClaim({ leads, claims }: Worker, fault: Fault | undefined): boolean {
  const waits = fault === "a claim waits until an unknown one is settled";
  return leads === undefined && !claims.some(({ awaited }) => awaited || waits);
}

/** What a worker does about writes whose outcome it does not know. */
function settlements(world: World, w: Worker, menu: Menu): void {
  const { id } = w;
  for (const one of w.claims) {
    const { write } = one;
    if (one.awaited) {
      menu.offer(
        "give up claim",
        0.2,
        () => `${id} gives its claim up`,
        () => act.giveUp(world, w, one),
      );
      continue;
    }
    menu.offer(
      "abandon",
      0.5,
      () => `${id} abandons its claim`,
      () => {
        send(world, w, { do: "abandon", claim: write.writeId });
      },
    );
    menu.offer(
      "void",
      0.5,
      () => `${id} voids its claim`,
      () => {
        send(world, w, { do: "void", claim: write });
      },
    );
  }
  for (const token of w.releasing) {
    menu.offer(
      "release again",
      0.5,
      () => `${id} releases the shard again`,
      () => {
        send(world, w, { do: "release", token });
      },
    );
  }
}
