import { Chance, type Draws } from "../world/chance.ts";
import { calm, settleIn } from "./calm.ts";
import type { Fault } from "./faults.ts";
import { Menu, type Move } from "./menu.ts";
import { offerMoves } from "./moves.ts";
import { begin, faultIn, type World } from "./world.ts";

/** A walk that ended in a violation: what happened, step by step, and what was wrong. */
export interface Found {
  readonly seed: number;
  readonly fault: Fault | undefined;
  readonly steps: readonly string[];
  readonly wrong: string;
}

/** What chooses the next move; `undefined` ends the walk. */
type Choice = (moves: readonly Move[]) => Move | undefined;

/** Walks at random from a seed. Returns what it found, or nothing. */
export function walk(seed: number, fault?: Fault): Found | undefined {
  const draws = new Chance(seed).of("steps");
  let left = Math.round(draws.spread(15, 200));
  return follow(seed, fault, (moves) => {
    left -= 1;
    return left < 0 ? undefined : pick(moves, draws);
  });
}

/** The same violation in fewer steps: leaves out whatever it can do without. */
export function shorten(found: Found): Found {
  let best = found;
  for (let size = Math.ceil(found.steps.length / 2); size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0) {
    for (let at = 0; at < best.steps.length; ) {
      const fewer = [...best.steps.slice(0, at), ...best.steps.slice(at + size)];
      const again = replay(best, fewer);
      if (again?.wrong === best.wrong && again.steps.length < best.steps.length) best = again;
      else at += size;
    }
  }
  return best;
}

/** Takes these steps, as far as they can be taken. */
function replay({ seed, fault }: Found, steps: readonly string[]): Found | undefined {
  const left = steps.slice();
  return follow(seed, fault, (moves) => {
    for (let says = left.shift(); says !== undefined; says = left.shift()) {
      const move = moves.find((one) => one.says() === says);
      if (move !== undefined) return move;
    }
    return undefined;
  });
}

function follow(seed: number, fault: Fault | undefined, choose: Choice): Found | undefined {
  const chance = new Chance(seed);
  const menu = new Menu(chance);
  const world: World = begin(
    chance.of("ids").happens(0.7) ? ["A", "B"] : ["A", "B", "C"],
    chance.of("lives"),
    fault,
  );
  // Most of what can go wrong begins when sessions are open.
  const early = chance.of("early");
  for (const w of world.workers.values()) {
    if (early.happens(0.7)) settleIn(world, w, early);
  }
  const steps: string[] = [];
  for (;;) {
    world.clock += 1;
    offerMoves(world, menu);
    const move = choose(menu.take());
    if (move === undefined) break;
    steps.push(move.says());
    move.go();
    const wrong = faultIn(world);
    if (wrong !== undefined) return { seed, fault, steps, wrong };
  }
  const wrong = calm(world, chance.of("calm"));
  return wrong === undefined ? undefined : { seed, fault, steps: [...steps, "all is calm"], wrong };
}

function pick(moves: readonly Move[], draws: Draws): Move | undefined {
  let left = moves.reduce((sum, { weight }) => sum + weight, 0) * draws.fraction();
  return moves.find(({ weight }) => (left -= weight) < 0) ?? moves[0];
}
