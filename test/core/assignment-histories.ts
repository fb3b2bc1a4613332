import { type Member, sharesOf } from "../../lib/core/shares.ts";
import { fewestMoves, unbalanced } from "./assignment-checks.ts";
import { SeededRandom } from "../../lib/testing/seeded-random.ts";
import {
  type Happening,
  LOOK,
  RULES,
  type Rules,
  type Scenario,
  SILENCE,
  type Tally,
} from "./assignment-scenario.ts";
import { World } from "./assignment-world.ts";

/** Which workers a history has. */
export type Kind = "equal" | "weights" | "caps" | "weights and caps";
export const KINDS: readonly Kind[] = ["equal", "weights", "caps", "weights and caps"];

/** Bounds after the last change of membership, in looks. */
export const BOUND = {
  /** For how long one shard is free. */
  led: 5,
  /** Until everybody has his share, and nothing happens any more. */
  settled: 12,
  /** Until all shards are led of which some were for a member to claim who does not look. */
  overdue: 9,
};

/** What a history came to. */
export interface Outcome {
  /** What should not be, one sentence each. */
  readonly faults: string[];
  readonly tally: Tally;
  /** For how many looks one shard was free after the last change of membership, beyond what old views take. */
  readonly led: number;
  /** Looks from then until nothing happened any more, beyond what old views and drains take. */
  readonly looks: number;
  /** How many moves there were beyond the share of who joined; of one who leaves or comes back, how many. */
  readonly beyond?: number;
}

interface Chance {
  readonly below: (limit: number) => number;
  readonly random: () => number;
}

function chanceOf(seed: number): Chance {
  const source = new SeededRandom(seed);
  const random = (): number => source.fraction();
  for (let i = 0; i < 3; i += 1) random();
  return { random, below: (limit) => Math.floor(random() * limit) };
}

function memberOf(id: string, kind: Kind, { below }: Chance): Member {
  const weight = kind.startsWith("weights") ? ([1, 1, 2, 3, 0.4, 7.3][below(6)] as number) : 1;
  const maxShards = kind.endsWith("caps") ? ([2, 5, 9, Infinity, Infinity][below(5)] as number) : Infinity;
  return { id: `worker-${id}`, weight, maxShards };
}

/** Members of which several come, go, stop, come back and doze in waves, and who see what is old. */
export function waves(seed: number, kind: Kind, rules: Rules = RULES): Outcome {
  const chance = chanceOf(seed);
  const { below, random } = chance;
  const script: Happening[] = [];
  const ids: string[] = [];
  const join = (at: number): void => {
    const member = memberOf(String(script.length), kind, chance);
    ids.push(member.id);
    script.push({ at, what: "join", member });
  };
  for (let i = below(6); i >= 0; i -= 1) join(below(2) * below(20));
  let at = 0;
  for (let wave = below(4); wave > 0; wave -= 1) {
    at += 1 + below(2) * below(150);
    for (let i = below(4); i >= 0; i -= 1) {
      const what = (["join", "leave", "crash", "restart", "nap"] as const)[below(5)] as Happening["what"];
      const id = ids[below(ids.length)] as string;
      if (what === "join") join(at + below(6));
      else if (what === "nap") script.push({ at, what, id, ticks: below(40) });
      else script.push({ at: at + below(6), what, id });
    }
  }
  const scenario = {
    shards: 1 + below(32),
    staleTicks: below(2) * below(14),
    drainTicks: below(2) * below(20),
    reserves: below(2) === 0,
    bells: below(4) > 0,
    together: false,
    script,
    random,
  };
  const world = new World(scenario, rules);
  world.run(at + 8);
  return settle(world, scenario);
}

/** Runs on from when the script is over, and judges. */
function settle(world: World, scenario: Scenario): Outcome {
  const { tally } = world;
  world.run(SILENCE + 2 * LOOK);
  const slack = 2 * (scenario.staleTicks + scenario.drainTicks);
  while (world.now - tally.lastChange < BOUND.settled * LOOK + slack) world.run(LOOK);
  const acted = tally.lastAct;
  const before = world.holders;
  const faults = [...tally.wrong, ...unbalanced(world)];
  world.run(6 * LOOK);
  const sinceChange = (tick: number): number => Math.max(0, (tick - tally.lastChange - slack) / LOOK);
  const led = Math.max(0, tally.longestFree - scenario.staleTicks) / LOOK;
  const looks = sinceChange(acted);
  if (led > BOUND.led) faults.push(`shards are led by nobody for ${led} looks`);
  if (looks > BOUND.settled) faults.push(`it does not come to rest for ${looks} looks`);
  if (tally.lastAct !== acted) faults.push("something happens after it came to rest");
  if (world.holders.some((holder, i) => holder !== before[i])) faults.push("a shard moves without a cause");
  return { faults, tally, led, looks };
}

/** Members that have come to rest; then one joins, leaves or comes back, and all see it at once. */
export function change(seed: number, kind: Kind, rules: Rules = RULES): Outcome {
  const chance = chanceOf(seed);
  const { below, random } = chance;
  const what = (["join", "join", "leave", "leave", "restart"] as const)[below(5)] as
    | "join"
    | "leave"
    | "restart";
  const script: Happening[] = [];
  const first = 2 + below(7);
  for (let i = 0; i < first; i += 1)
    script.push({ at: i * below(2) * 4, what: "join", member: memberOf(String(i), kind, chance) });
  for (let i = below(3); i > 0; i -= 1) script.push({ at: 60 + i, what: "leave", id: `worker-${i}` });
  const shards = 1 + below(64);
  const scenario = {
    ...CALM,
    shards,
    drainTicks: below(2) * 20,
    reserves: below(2) === 0,
    bells: below(4) > 0,
    script,
    random,
  };
  const world = new World(scenario, rules);
  world.run(200);
  const { moves, asks } = world.tally;
  const before = world.holders;
  const someone = world.members[below(world.members.length)] as Member;
  const joiner = memberOf("new", kind, chance);
  world.happen(what === "join" ? { at: 0, what, member: joiner } : { at: 0, what, id: someone.id });
  const fewest = fewestMoves(world);
  const ceiling = sharesOf(world.members, shards).get(joiner.id)?.ceiling ?? 0;
  const { faults, ...outcome } = settle(world, scenario);
  const tally = { ...outcome.tally, moves: outcome.tally.moves - moves, asks: outcome.tally.asks - asks };
  if (tally.refused > 0) faults.push(`${tally.refused} claims are refused`);
  if (tally.asks !== fewest) faults.push(`${tally.asks} requests where ${fewest} do`);
  if (tally.moves !== fewest) faults.push(`${tally.moves} moves where ${fewest} do`);
  if (what === "restart" && world.holders.some((holder, i) => holder !== before[i]))
    faults.push("who has come back has other shards than before");
  return { ...outcome, faults, tally, beyond: tally.moves - (what === "join" ? ceiling : 0) };
}

const CALM = { staleTicks: 0, drainTicks: 0, reserves: false, bells: true, together: false };

/** All begin together, and several stop at once; all look in the same ticks and see the same. */
export function together(seed: number, kind: Kind, rules: Rules = RULES): Outcome {
  const chance = chanceOf(seed);
  const { below, random } = chance;
  const script: Happening[] = [];
  for (let i = 1 + below(12); i >= 0; i -= 1)
    script.push({ at: 0, what: "join", member: memberOf(String(i), kind, chance) });
  for (let i = below(script.length); i > 0; i -= 1) script.push({ at: 60, what: "crash", id: `worker-${i}` });
  const scenario = { ...CALM, shards: 1 + below(64), staleTicks: 1, together: true, script, random };
  const world = new World(scenario, rules);
  world.run(70);
  const outcome = settle(world, scenario);
  const faults = [...outcome.faults];
  if (outcome.tally.refused > 0) faults.push(`${outcome.tally.refused} claims are refused`);
  if (outcome.led > 1) faults.push(`shards are led by nobody for ${outcome.led} looks`);
  return { ...outcome, faults };
}

/** Some leave, and some join who never look: they count as members, and what is theirs to claim is led by nobody at first. */
export function dozing(seed: number, kind: Kind, rules: Rules = RULES): Outcome {
  const chance = chanceOf(seed);
  const { below, random } = chance;
  const script: Happening[] = [];
  const first = 2 + below(7);
  const sleepers = 1 + below(4);
  for (let i = 0; i < first + sleepers; i += 1) {
    const member = memberOf(String(i), kind, chance);
    script.push({ at: i < first ? 0 : 79, what: "join", member });
    if (i >= first) script.push({ at: 79, what: "nap", id: member.id, ticks: 30 * LOOK });
  }
  for (let i = below(first - 1); i >= 0; i -= 1) script.push({ at: 80, what: "leave", id: `worker-${i}` });
  const scenario = {
    ...CALM,
    shards: 1 + below(64),
    staleTicks: below(2) * 8,
    script,
    random,
  };
  const world = new World(scenario, rules);
  world.run(80 + 27 * LOOK);
  const led = (world.tally.lastFree - 80 - 2 * scenario.staleTicks) / LOOK;
  const outcome = settle(world, scenario);
  if (led > BOUND.overdue) outcome.faults.push(`shards are left to those who doze for ${led} looks`);
  return { ...outcome, led };
}

export const PLAYS = { waves, change, together, dozing };
