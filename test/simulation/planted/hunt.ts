import { Worker } from "node:worker_threads";
import type { Catch } from "./worker.ts";

/** Hunts one planted bug, in a thread of its own since planting changes what modules say. */
export function hunt(name: string): Promise<Catch> {
  const worker = new Worker(new URL("worker.ts", import.meta.url), { workerData: name });
  return new Promise((resolve, reject) => {
    worker.once("message", (caught: Catch) => resolve(caught));
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the hunt for "${name}" ended with ${code}`)));
  });
}
