import { setTimeout as delay } from "node:timers/promises";
import { type Arena, type Entrant, type Played, together, waiters } from "../arena.ts";
import type { Settings } from "../contender.ts";
import { type Counts, openWire, readsOf, totalOf } from "../wires/wire.ts";

/** How many wait at once. */
export const STANDBYS = [1, 10] as const;

/** What a number of processes that wait send in a minute while nothing happens. */
export interface Standby extends Entrant {
  readonly equal: readonly PerMinute[];
  readonly defaults: readonly PerMinute[];
}

export interface PerMinute {
  readonly standbys: number;
  readonly requests: number;
  readonly reads: number;
}

const MINUTE_MS = 60_000;
const PATIENCE_MS = 30_000;

/** Has a leader stay, and others wait: all with the same settings, and all with their defaults. */
export async function playStandbys(arena: Arena): Promise<Played<Standby>> {
  const { settings, context } = arena;
  // With the same settings everything that recurs does so within a duration; with defaults, within a minute.
  const windowMs = context.smoke ? settings.durationMs / 4 : 2 * settings.durationMs;
  const counts = context.smoke ? [1] : STANDBYS;
  const minuteMs = context.smoke ? settings.durationMs / 4 : MINUTE_MS;
  return together(
    arena,
    waiters(arena),
    async (entrant) => {
      const [equal, defaults] = await Promise.all([
        Promise.all(counts.map((count) => wait(arena, entrant, { count, settings, windowMs }))),
        Promise.all(
          counts.map((count) => wait(arena, entrant, { count, settings: undefined, windowMs: minuteMs })),
        ),
      ]);
      return { ...entrant, equal, defaults };
    },
    Infinity,
  );
}

interface Group {
  readonly count: number;
  readonly settings: Settings | undefined;
  readonly windowMs: number;
}

async function wait(
  arena: Arena,
  entrant: Entrant,
  { count, settings, windowMs }: Group,
): Promise<PerMinute> {
  const { server } = entrant.contender;
  const name = `standby-${count}-${settings === undefined ? "defaults" : "equal"}`;
  await using stack = new AsyncDisposableStack();
  const wire = stack.use(await openWire(server, entrant.endpoint));
  const leader = await entrant.host.open(entrant.endpoint, settings);
  await leader.acquire(name);
  const spreadMs = arena.settings.retryIntervalMs * 2;
  for (let nth = 0; nth < count; nth += 1) {
    const member = await entrant.host.open(wire.endpoint, settings);
    // What cannot be ended by that ends with the process.
    stack.defer(() => member.close());
    void delay((nth * spreadMs) / count).then(() => member.acquire(name).catch(() => undefined));
  }
  // All of them have been refused once, and wait.
  const deadline = performance.now() + PATIENCE_MS;
  for (let seen = 0; seen < count; seen += totalOf(wire.take())) {
    if (performance.now() > deadline) throw new Error(`only ${seen} of ${count} stand by`);
    await delay(spreadMs);
  }
  await delay(spreadMs * 2);
  const counts = await countFor(windowMs, () => wire.take());
  const scale = MINUTE_MS / windowMs;
  await leader.release(name);
  return { standbys: count, requests: totalOf(counts) * scale, reads: readsOf(counts) * scale };
}

async function countFor(windowMs: number, take: () => Counts): Promise<Counts> {
  take();
  await delay(windowMs);
  return take();
}
