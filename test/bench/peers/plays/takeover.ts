import { setTimeout as delay } from "node:timers/promises";
import { monotonicMs } from "../../../../local/harness/link.ts";
import { type Arena, type Entrant, type Played, together, waiters, wired } from "../arena.ts";
import type { Settings } from "../contender.ts";
import { Host } from "../host.ts";
import { type Spread, spreadOf } from "../../figures.ts";
import { totalOf } from "../wires/wire.ts";
import { within } from "./within.ts";

/** Who takes over: one that has waited since before the crash, one that comes right after it, or when the lock is long over. */
export const SUCCESSORS = ["stays", "comes at once", "comes late"] as const;
export type Successor = (typeof SUCCESSORS)[number];

/** What it takes until somebody has the lock of a process that was killed. */
export interface Takeover extends Entrant {
  readonly by: Readonly<Record<Successor, Succession>>;
}

interface Succession {
  /** How many of the locks were had so. */
  readonly samples: number;
  readonly ms: Spread;
  readonly requests: Spread;
}

/** A smoke run has no time for a longer duration. */
const SMOKE: Settings = { durationMs: 1_500, renewIntervalMs: 400, retryIntervalMs: 100 };

interface Sample {
  readonly ms: number;
  readonly requests: number;
}

interface Play {
  readonly arena: Arena;
  readonly entrant: Entrant;
  readonly stack: AsyncDisposableStack;
  /** Resolves with the time of the crash, once it has happened. */
  readonly crash: Promise<number>;
}

/** Whoever comes at once comes so long after the crash, in ms. */
const AT_ONCE_MS = 100;
/** How many durations after the crash the late ones come. */
const LATE = 2;

/** Kills a process that holds locks, whose renewals are spread over their interval, and waits until each has a new holder. */
export async function playTakeover(given: Arena): Promise<Played<Takeover>> {
  const arena = given.context.smoke ? { ...given, settings: SMOKE } : given;
  arena.context.progress("peers: takeover after a crash");
  const able = waiters(arena).filter(({ contender }) => contender.noTakeover === undefined);
  return together(arena, able, (entrant) => takeovers(arena, entrant));
}

async function takeovers(arena: Arena, entrant: Entrant): Promise<Takeover> {
  await using stack = new AsyncDisposableStack();
  const { settings, context } = arena;
  const { durationMs, renewIntervalMs } = settings;
  const times = context.smoke ? 1 : 6;
  const victim = await Host.start(entrant.contender, stack);
  const holder = await victim.open(entrant.endpoint, settings);
  const crashing = Promise.withResolvers<number>();
  const play: Play = { arena, entrant, stack, crash: crashing.promise };
  const held = Array.from({ length: times }, async (_, nth) => {
    await delay((nth * renewIntervalMs) / times);
    await Promise.all(SUCCESSORS.map((by) => holder.acquire(`${by} ${nth}`)));
  });
  const samples = Promise.all(
    held.map(async (holding, nth) => {
      await holding;
      // Those that look once per duration are anywhere in it when the crash comes.
      await delay((nth * (durationMs - renewIntervalMs)) / times);
      return Promise.all(SUCCESSORS.map((by) => succeed(play, by, `${by} ${nth}`)));
    }),
  );
  samples.catch(() => undefined);
  await Promise.all(held);
  await delay((context.smoke ? 0 : durationMs) + renewIntervalMs * Math.random());
  await victim.kill();
  crashing.resolve(monotonicMs());
  const measured = await samples;
  const of = (nth: number): Succession => {
    const found = measured.map((sample) => sample[nth]).filter((sample) => sample !== undefined);
    return {
      samples: found.length,
      ms: spreadOf(found.map(({ ms }) => ms)),
      requests: spreadOf(found.map(({ requests }) => requests)),
    };
  };
  const by = Object.fromEntries(SUCCESSORS.map((successor, nth) => [successor, of(nth)]));
  return { ...entrant, by: by as Takeover["by"] };
}

/** One that waits for the lock; measured from the crash, or from when it comes if that is late. */
async function succeed(play: Play, by: Successor, name: string): Promise<Sample | undefined> {
  const { arena, entrant, stack, crash } = play;
  const { settings, context } = arena;
  const { durationMs } = settings;
  // A smoke run is over before it would be late.
  if (context.smoke && by === "comes late") return undefined;
  const { member, wire } = await wired(stack, entrant, entrant.host, settings);
  const acquiring = by === "stays" ? member.acquire(name) : undefined;
  let from = await crash;
  wire.take();
  if (by !== "stays") await delay(by === "comes at once" ? AT_ONCE_MS : LATE * durationMs);
  if (by === "comes late") from = monotonicMs();
  const acquired = await within(durationMs * 4, acquiring ?? member.acquire(name));
  // A machine too busy to renew in time has lost it before.
  if (acquired === undefined || acquired.at < from) return undefined;
  const requests = totalOf(wire.take());
  await member.release(name);
  return { ms: acquired.at - from, requests };
}
