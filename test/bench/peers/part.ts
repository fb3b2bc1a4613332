import { setTimeout as delay } from "node:timers/promises";
import type { BenchContext, Part, Section } from "../part.ts";
import { type Arena, openArena } from "./arena.ts";
import { SELDOM, type Settings } from "./contender.ts";
import { CONTENDERS } from "./contenders.ts";
import { installPeers, NO_PEERS } from "./install.ts";
import { playCycles } from "./plays/cycles.ts";
import { playHandOver } from "./plays/hand-over.ts";
import { playLost } from "./plays/lost.ts";
import { playStandbys } from "./plays/standbys.ts";
import { playTakeover } from "./plays/takeover.ts";
import { type Figures, sectionsOf } from "./sections.ts";
import { startServers } from "./servers.ts";

/** What all are told alike. Short, so that a run is; a multiple of a second, since etcd counts in them. */
const SETTINGS: Settings = { durationMs: 6_000, renewIntervalMs: 2_000, retryIntervalMs: 500 };
const SMOKE: Settings = { ...SETTINGS, retryIntervalMs: 100 };

/** Until those that stand by have all begun to wait. */
const SETTLE_MS = 20_000;

/** Measures this package against what people would use instead. */
export const peers: Part = {
  name: "peers",
  about: "against dynamodb-lock-client, @deliveryhero/dynamodb-lock, Redlock and etcd",
  async run(context) {
    const { signal } = context;
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
    aborted.catch(() => undefined);
    await using stack = new AsyncDisposableStack();
    // Its processes end with the stack, and what was asked of them is given up.
    return await Promise.race([measure(stack, context), aborted]);
  },
};

async function measure(stack: AsyncDisposableStack, context: BenchContext): Promise<Section[]> {
  const { smoke, signal, progress } = context;
  const there = smoke ? NO_PEERS : await installPeers(progress, signal);
  progress("peers: starting servers and processes");
  const servers = await startServers(stack, "versions" in there);
  const settings = smoke ? SMOKE : SETTINGS;
  const contenders = smoke ? CONTENDERS.filter(({ id }) => id !== SELDOM) : CONTENDERS;
  const arena = await openArena(stack, context, contenders, { peers: there, servers, settings });
  return sectionsOf(arena, await play(arena));
}

/** What is timed is played while nothing else goes on, in a smoke run excepted. The rest is played at once: it waits, mostly. */
async function play(arena: Arena): Promise<Figures> {
  const { smoke, signal, progress } = arena.context;
  if (smoke) {
    const timed = Promise.all([playCycles(arena), playHandOver(arena), playTakeover(arena)]);
    const rest = Promise.all([playLost(arena), playStandbys(arena)]);
    const [[cycles, handOvers, takeovers], [lost, standbys]] = await Promise.all([timed, rest]);
    return { cycles, handOvers, takeovers, lost, standbys };
  }
  const cycles = await playCycles(arena);
  const handOvers = await playHandOver(arena);
  const takeovers = await playTakeover(arena);
  progress("peers: standbys for a minute, and lost answers meanwhile");
  const resting = playStandbys(arena);
  const losing = delay(SETTLE_MS, undefined, { signal }).then(() => playLost(arena));
  const [lost, standbys] = await Promise.all([losing, resting]);
  return { cycles, handOvers, takeovers, lost, standbys };
}
