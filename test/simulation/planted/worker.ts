import { parentPort, workerData } from "node:worker_threads";
import type { History, Violation } from "../history.ts";
import { plant } from "./loader.ts";
import { plantNamed } from "./plants.ts";

/** What became of a planted bug. */
export interface Catch {
  readonly name: string;
  /** How many histories were played until it was caught; `undefined` when it survived. */
  readonly histories: number | undefined;
  readonly seed: number | undefined;
  /** All checkers that complained about that history. */
  readonly by: readonly string[];
  readonly first: Violation | undefined;
}

/** Plays histories with a planted bug until its checker complains, or its budget is used up. */
async function hunt(name: string): Promise<Catch> {
  Error.stackTraceLimit = 0;
  const bug = plantNamed(name);
  if (bug.replace !== undefined) await plant(bug.replace);
  // Only what is imported from here on sees the planted module.
  const { scenarioNamed } = await import("../scenarios.ts");
  const { historyOf } = await import("../world/history-of.ts");
  const { playOne } = await import("../world/drive.ts");
  const { violationsOf } = await import("../checks/all.ts");
  const tamper = {
    store: bug.tamper?.store ?? ((store) => store),
    clock: bug.tamper?.clock ?? ((clock) => clock),
  } satisfies Parameters<typeof historyOf>[2];
  const { from = 1, budget } = bug;
  for (let seed = from; seed < from + budget; seed += 1) {
    const history: History = await playOne(historyOf(scenarioNamed(bug.scenario), seed, tamper));
    const violations = violationsOf(history);
    const first = violations.find(({ by }) => by === bug.caughtBy);
    if (first === undefined) continue;
    return {
      name,
      histories: seed - from + 1,
      seed,
      by: [...new Set(violations.map(({ by }) => by))],
      first,
    };
  }
  return { name, histories: undefined, seed: undefined, by: [], first: undefined };
}

if (parentPort !== null) {
  const port = parentPort;
  await hunt(workerData as string).then((caught) => port.postMessage(caught));
}
