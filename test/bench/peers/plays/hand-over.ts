import { setTimeout as delay } from "node:timers/promises";
import { type Arena, type Entrant, type Played, together, waiters, wired } from "../arena.ts";
import { type Spread, spreadOf } from "../../figures.ts";
import { totalOf } from "../wires/wire.ts";
import { within } from "./within.ts";

/** What it takes until one that waits has a lock that another releases. */
export interface HandOver extends Entrant {
  /** From the call of the release. */
  readonly ms: Spread;
  /** From both, the release included. */
  readonly requests: Spread;
}

/** One holds, another waits: so often, each at another point of its intervals. */
export async function playHandOver(arena: Arena): Promise<Played<HandOver>> {
  const { context } = arena;
  context.progress("peers: hand-over");
  return together(arena, waiters(arena), (entrant) => handOvers(arena, entrant));
}

async function handOvers({ context, settings }: Arena, entrant: Entrant): Promise<HandOver> {
  await using stack = new AsyncDisposableStack();
  const times = context.smoke ? 1 : 6;
  const samples = Array.from({ length: times }, async (_, nth) => {
    // They start spread over a duration, and release so, too.
    await delay((nth * settings.durationMs) / times);
    return handOver(stack, entrant, settings, `hand-over-${nth}`);
  });
  const measured = (await Promise.all(samples)).filter((sample) => sample !== undefined);
  return {
    ...entrant,
    ms: spreadOf(measured.map(({ ms }) => ms)),
    requests: spreadOf(measured.map(({ requests }) => requests)),
  };
}

async function handOver(
  stack: AsyncDisposableStack,
  entrant: Entrant,
  settings: Arena["settings"],
  name: string,
): Promise<{ readonly ms: number; readonly requests: number } | undefined> {
  const holder = await wired(stack, entrant, entrant.host, settings);
  const waiter = await wired(stack, entrant, entrant.host, settings);
  await holder.member.acquire(name);
  const acquiring = waiter.member.acquire(name);
  // It has settled in its wait, and is anywhere in it.
  await delay(settings.retryIntervalMs * (2 + Math.random()));
  for (const { wire } of [holder, waiter]) wire.take();
  const releasing = holder.member.release(name);
  const acquired = await within(settings.durationMs * 3, acquiring);
  if (acquired === undefined) return undefined;
  const { asked } = await releasing;
  const requests = totalOf(holder.wire.take()) + totalOf(waiter.wire.take());
  await waiter.member.release(name);
  return { ms: acquired.at - asked, requests };
}
