import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Errand, Progress } from "./explore-worker.ts";

/** What to explore, all workers together. */
export interface Expedition {
  readonly scenarios: readonly string[];
  readonly firstSeed: number;
  /** How many histories; infinite to go by time alone. */
  readonly histories: number;
  readonly forMs: number;
  /** @default - one a core */
  readonly workers?: number | undefined;
}

/** Explores on all cores, and reports as it goes. Ends when the number is reached or the time is up. */
export async function exploreAbroad(
  { scenarios, firstSeed, histories, forMs, workers = availableParallelism() }: Expedition,
  report: (progress: Progress) => void,
): Promise<void> {
  const errands = Array.from({ length: workers }, (_, index): Errand => {
    const share = Math.ceil(Math.min(histories, Number.MAX_SAFE_INTEGER) / workers);
    return { scenarios, firstSeed: firstSeed + index, stride: workers, histories: share, forMs };
  });
  await Promise.all(errands.map((errand) => send(errand, report)));
}

function send(errand: Errand, report: (progress: Progress) => void): Promise<void> {
  const worker = new Worker(new URL("explore-worker.ts", import.meta.url), {
    workerData: errand,
    // Histories are short-lived objects by the million: a roomy nursery halves the collector's work.
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  });
  return new Promise((resolve, reject) => {
    worker.on("message", report);
    worker.on("error", reject);
    worker.on("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a worker of the simulation ended with ${code}`));
    });
  });
}
