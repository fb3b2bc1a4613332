import type { BenchContext } from "../part.ts";
import type { Contender, Settings } from "./contender.ts";
import { Host, type RemoteMember } from "./host.ts";
import type { Peers } from "./install.ts";
import type { Server, Servers } from "./servers.ts";
import { shuffled } from "../figures.ts";
import { openWire, type Wire } from "./wires/wire.ts";

/** A contender that can be measured: it is installed, and its server answers. */
export interface Entrant {
  readonly contender: Contender;
  /** As tables show it, with its version. */
  readonly label: string;
  readonly endpoint: string;
  /** Its process for all that does not crash. */
  readonly host: Host;
}

/** A contender that is not there, and why. */
export interface Absent {
  readonly contender: Contender;
  readonly label: string;
  readonly why: string;
}

/** What the plays of one run share. */
export interface Arena {
  readonly context: BenchContext;
  readonly entrants: readonly Entrant[];
  readonly absent: readonly Absent[];
  /** What all are told alike where nothing else is said. */
  readonly settings: Settings;
}

/** Starts a process for each contender that can be measured; they end with `stack`. */
export async function openArena(
  stack: AsyncDisposableStack,
  context: BenchContext,
  contenders: readonly Contender[],
  there: { readonly peers: Peers; readonly servers: Servers; readonly settings: Settings },
): Promise<Arena> {
  const { peers, servers, settings } = there;
  const absent: Absent[] = [];
  const entrants: Entrant[] = [];
  for (const contender of contenders) {
    const label = labelOf(contender, peers);
    const server = servers[contender.server];
    const why = whyAbsent(contender, peers, server);
    if (why !== undefined) absent.push({ contender, label, why });
    else if ("endpoint" in server) {
      context.signal.throwIfAborted();
      const host = await Host.start(contender, stack);
      entrants.push({ contender, label, endpoint: server.endpoint, host });
    }
  }
  return { context, entrants, absent, settings };
}

function labelOf({ label, package: name, server }: Contender, peers: Peers): string {
  const version = name !== undefined && "versions" in peers ? peers.versions[name] : undefined;
  const versioned = version === undefined ? label : label.replace(name ?? "", `${name} ${version}`);
  return server === "redis-always" ? `${versioned}, \`appendfsync always\`` : versioned;
}

function whyAbsent({ package: name }: Contender, peers: Peers, server: Server): string | undefined {
  if (name !== undefined && "missing" in peers) return `not installed: ${peers.missing}`;
  return "missing" in server ? `not measured: ${server.missing}` : undefined;
}

/** Those that take part in more than cycles. */
export function waiters({ entrants }: Arena): Entrant[] {
  return entrants.filter(({ contender }) => contender.cyclesOnly !== true);
}

/** A client with a wire of its own; `stack` closes both. */
export async function wired(
  stack: AsyncDisposableStack,
  { contender, endpoint }: Entrant,
  host: Host,
  settings: Settings | undefined,
): Promise<{ readonly member: RemoteMember; readonly wire: Wire }> {
  const wire = stack.use(await openWire(contender.server, endpoint));
  const member = await host.open(wire.endpoint, settings);
  stack.defer(() => member.close());
  return { member, wire };
}

/** What came of a play: what was measured, and with whom it failed. */
export interface Played<T> {
  readonly measured: readonly T[];
  readonly failed: readonly Absent[];
}

/** How many contenders play at once what waits, mostly: it has to be so few that none of them is late. */
const AT_ONCE = 6;

/** Plays with some at once, and then with the next. Whoever fails is told of in its row, and stops nobody. */
export async function together<T>(
  { context: { signal, smoke } }: Arena,
  entrants: readonly Entrant[],
  play: (entrant: Entrant) => Promise<T>,
  atOnce = AT_ONCE,
): Promise<Played<T>> {
  const left = smoke ? [...entrants] : shuffled(entrants);
  const measured: T[] = [];
  const failed: Absent[] = [];
  while (left.length > 0) {
    signal.throwIfAborted();
    const now = left.splice(0, atOnce);
    const played = await Promise.allSettled(now.map((entrant) => play(entrant)));
    for (const [nth, result] of played.entries()) {
      const { contender, label } = now[nth] as Entrant;
      if (result.status === "fulfilled") measured.push(result.value);
      else failed.push({ contender, label, why: `failed: ${String(result.reason).slice(0, 200)}` });
    }
  }
  return { measured, failed };
}
