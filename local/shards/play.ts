import { setTimeout as delay } from "node:timers/promises";
import { monotonicMs } from "../harness/link.ts";
import type { Screen } from "../harness/screen.ts";
import type { Fleet } from "./fleet.ts";
import type { Journal, Stage } from "./journal.ts";

/** What is played. */
export interface Play {
  readonly fleet: Fleet;
  readonly journal: Journal;
  readonly shards: number;
  /** How long it waits for the workers to settle before it gives up, in ms. */
  readonly patienceMs: number;
  /** How long it looks on when they have settled, in ms. */
  readonly restMs: number;
  /** Is told of each stage, as it begins and as it is over. */
  readonly onStage: (stage: Stage, is: "beginning" | "over") => void;
  readonly screen: Screen;
}

const POLL_MS = 20;

/** Four workers begin; one of them is killed, a fifth joins, another leaves. */
export async function play(on: Play): Promise<void> {
  const { fleet } = on;
  const first = ["a", "b", "c", "d"];
  await Promise.all([...first, "e"].map((name) => fleet.start(name)));
  await stage(on, "start", undefined, first, async () => {
    fleet.go(...first);
    return undefined;
  });
  await stage(on, "kill", "b", ["a", "c", "d"], async () => {
    await fleet.kill("b");
    return undefined;
  });
  await stage(on, "join", "e", ["a", "c", "d", "e"], async () => {
    fleet.go("e");
    return undefined;
  });
  await stage(on, "leave", "c", ["a", "d", "e"], () => fleet.leave("c"));
}

/** Does something to a worker, and waits until all shards are led again, each worker leading its share. */
async function stage(
  { fleet, journal, shards, patienceMs, restMs, onStage, screen }: Play,
  what: Stage["what"],
  worker: string | undefined,
  workers: readonly string[],
  strike: () => Promise<number | undefined>,
): Promise<void> {
  const { signal } = fleet;
  const at = monotonicMs();
  const now: Stage = { what, worker, at, workers, goneAt: undefined, settledAt: undefined };
  journal.stages.push(now);
  onStage(now, "beginning");
  now.goneAt = await strike();
  while (!journal.isSettled(workers, shards) && monotonicMs() - at < patienceMs) {
    const led = [...journal.counts().values()].reduce((sum, count) => sum + count, 0);
    screen.progress(`${led} of ${shards} shards are led`);
    await delay(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  if (journal.isSettled(workers, shards)) now.settledAt = monotonicMs();
  onStage(now, "over");
  await delay(restMs, undefined, { signal }).catch(() => signal.throwIfAborted());
}
