import { setTimeout as delay } from "node:timers/promises";
import { monotonicMs } from "../../../../local/harness/link.ts";
import { type Arena, type Entrant, type Played, together, waiters, wired } from "../arena.ts";
import { HostError, type RemoteMember } from "../host.ts";
import { type Loss, totalOf, type Wire, WRITES } from "../wires/wire.ts";
import { within } from "./within.ts";

/** Whose answer is lost, and how. */
export const LOSSES = [
  { of: "acquire", how: "broken" },
  { of: "acquire", how: "silent" },
  { of: "release", how: "broken" },
  { of: "release", how: "silent" },
] as const;

/** What a contender does when the answer to a write of its own is lost. */
export interface Lost extends Entrant {
  readonly outcomes: readonly LostOutcome[];
}

export interface LostOutcome {
  readonly of: "acquire" | "release";
  readonly result: "done" | "failed" | "no answer";
  /** How long that took, in ms. */
  readonly ms: number;
  readonly requests: number;
  /** What it says. */
  readonly said: string;
  /** How long after that another waits for the lock, in ms; `undefined` where it is held, NaN where it never came. */
  readonly freeMs: number | undefined;
}

/** How many durations one has for its answer, and another for the lock after that. */
const PATIENCE = 2;
const PATIENCE_AFTER = 1.5;
/** An error is told in so many characters. */
const SAID = 120;

/** Loses the answer to one write of each contender. The write itself has arrived. */
export async function playLost(arena: Arena): Promise<Played<Lost>> {
  const { context } = arena;
  // Silence lasts too long for a smoke run.
  const losses = context.smoke ? LOSSES.filter(({ how }) => how === "broken") : LOSSES;
  return together(
    arena,
    waiters(arena),
    async (entrant) => ({
      ...entrant,
      outcomes: await Promise.all(losses.map((loss) => lose(arena, entrant, loss))),
    }),
    Infinity,
  );
}

async function lose(
  { settings }: Arena,
  entrant: Entrant,
  { of, how }: { readonly of: "acquire" | "release"; readonly how: Loss },
): Promise<LostOutcome> {
  await using stack = new AsyncDisposableStack();
  const name = `lost ${of} ${how}`;
  const { member, wire } = await wired(stack, entrant, entrant.host, settings);
  // Connected, and known to its server.
  await member.cycles(`${name} before`, 1);
  if (of === "release") await member.acquire(name);
  await delay(settings.retryIntervalMs / 2);
  const outcome = await outcomeOf({ member, wire }, entrant, { of, how, name }, settings.durationMs);
  if (outcome.result === "done" && of === "acquire") {
    await member.release(name);
    return { ...outcome, freeMs: undefined };
  }
  return { ...outcome, freeMs: await untilFree(entrant, name, settings) };
}

async function outcomeOf(
  { member, wire }: { readonly member: RemoteMember; readonly wire: Wire },
  { contender }: Entrant,
  { of, how, name }: { readonly of: "acquire" | "release"; readonly how: Loss; readonly name: string },
  durationMs: number,
): Promise<Omit<LostOutcome, "freeMs">> {
  wire.take();
  wire.loseNext(WRITES[contender.server], how);
  const begun = monotonicMs();
  const asked = of === "acquire" ? member.acquire(name) : member.release(name);
  const done = asked.then(
    (answer) => ({ result: "done" as const, at: answer.at, said: "said" in answer ? answer.said : "held" }),
    (error: unknown) => ({
      result: "failed" as const,
      at: error instanceof HostError ? error.at : monotonicMs(),
      said: String(error instanceof Error ? error.message : error).slice(0, SAID),
    }),
  );
  const { result, at, said } = (await within(durationMs * PATIENCE, done)) ?? {
    result: "no answer" as const,
    at: monotonicMs(),
    said: "",
  };
  return { of, result, said, ms: at - begun, requests: totalOf(wire.take()) };
}

/** How long a client that knows nothing of it waits for the lock. */
async function untilFree(
  { host, endpoint }: Entrant,
  name: string,
  settings: Arena["settings"],
): Promise<number> {
  const rival = await host.open(endpoint, settings);
  const begun = monotonicMs();
  const acquired = await within(settings.durationMs * PATIENCE_AFTER, rival.acquire(name));
  if (acquired === undefined) return Number.NaN;
  await rival.release(name);
  return acquired.at - begun;
}
