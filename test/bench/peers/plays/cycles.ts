import { setTimeout as delay } from "node:timers/promises";
import { type Arena, type Entrant, wired } from "../arena.ts";
import { type Spread, shuffled, spreadOf } from "../../figures.ts";
import { readsOf, totalOf } from "../wires/wire.ts";

/** What a contender's cycles cost: a lock acquired, and released at once. */
export interface Cycle extends Entrant {
  /** Per cycle. */
  readonly requests: number;
  readonly reads: number;
  readonly ms: Spread;
}

const NAME = "cycle";
const COUNTED = 5;
/** For what a contender sends in the background. */
const SETTLE_MS = 50;

/** Counts the requests of some cycles, then times many without anything in between: in turns, in a new order each time. */
export async function playCycles(arena: Arena): Promise<Cycle[]> {
  const { context, settings } = arena;
  const entrants = arena.entrants.filter(({ contender }) => contender.notInCycles !== true);
  const [rounds, count] = context.smoke ? [1, 2] : [10, 30];
  const counted = new Map<Entrant, { readonly requests: number; readonly reads: number }>();
  const timed = new Map<Entrant, number[]>();
  const direct = new Map<Entrant, Awaited<ReturnType<Entrant["host"]["open"]>>>();
  for (const entrant of entrants) {
    context.signal.throwIfAborted();
    counted.set(entrant, await countCycles(entrant, settings));
    const member = await entrant.host.open(entrant.endpoint, settings);
    await member.cycles(NAME, count);
    direct.set(entrant, member);
    timed.set(entrant, []);
  }
  for (let round = 1; round <= rounds; round += 1) {
    context.progress(`peers: cycles, round ${round} of ${rounds}`);
    for (const entrant of shuffled(entrants)) {
      context.signal.throwIfAborted();
      timed.get(entrant)?.push(...((await direct.get(entrant)?.cycles(NAME, count)) ?? []));
    }
  }
  const cycles: Cycle[] = [];
  for (const entrant of entrants) {
    const { requests, reads } = counted.get(entrant) ?? { requests: Number.NaN, reads: Number.NaN };
    cycles.push({ ...entrant, requests, reads, ms: spreadOf(timed.get(entrant) ?? []) });
  }
  return cycles;
}

async function countCycles(entrant: Entrant, settings: Arena["settings"]) {
  await using stack = new AsyncDisposableStack();
  const { member, wire } = await wired(stack, entrant, entrant.host, settings);
  // The first cycle connects, and has Redis learn its scripts.
  await member.cycles(NAME, 1);
  await delay(SETTLE_MS);
  wire.take();
  await member.cycles(NAME, COUNTED);
  await delay(SETTLE_MS);
  const counts = wire.take();
  return { requests: totalOf(counts) / COUNTED, reads: readsOf(counts) / COUNTED };
}
