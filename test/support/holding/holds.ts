import { fileURLToPath } from "node:url";
import { type OwnedProcess, spawnOwned } from "../../../local/harness/processes.ts";
import type { HolderOrder, HolderReport } from "./holder-process.ts";

const PROGRAM = fileURLToPath(new URL("holder-process.ts", import.meta.url));

/** Has a process of its own hold leases, and measure itself. The signal ends it. */
export async function holds(order: HolderOrder, signal?: AbortSignal): Promise<HolderReport> {
  signal?.throwIfAborted();
  const owned = await spawnOwned(
    process.execPath,
    ["--no-warnings", "--expose-gc", PROGRAM, JSON.stringify(order)],
    { stdio: ["ignore", "ignore", "inherit", "ipc"] },
  );
  const kill = (): void => void owned.kill();
  signal?.addEventListener("abort", kill);
  try {
    return await reportOf(owned);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", kill);
  }
}

async function reportOf({ child, gone }: OwnedProcess): Promise<HolderReport> {
  const told = new Promise<HolderReport>((resolve) => {
    child.once("message", (report) => resolve(report as HolderReport));
  });
  const failed = gone.then(({ code, signal }): never => {
    throw new Error(`the holder ended with ${signal ?? code} and told nothing`);
  });
  const report = await Promise.race([told, failed]);
  await gone;
  return report;
}
