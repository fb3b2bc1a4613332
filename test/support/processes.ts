import { execFileSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

interface Listed {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

function listProcesses(): Listed[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat="], { encoding: "utf8" }).trim().split("\n");
  return lines.map((line) => {
    const [pid, parent, state = ""] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), state };
  });
}

/** The processes below one, its children's children included. */
export function descendantsOf(pid: number): number[] {
  const all = listProcesses();
  const found = [pid];
  // The list grows while it is walked: children join behind their parents.
  for (const parent of found) for (const one of all) if (one.parent === parent) found.push(one.pid);
  return found.slice(1);
}

/** Those of the given processes that still run; a zombie does not, it only waits to be counted. */
export function stillRunning(pids: readonly number[]): number[] {
  const running = listProcesses().filter(({ state }) => !state.startsWith("Z"));
  return pids.filter((pid) => running.some((one) => one.pid === pid));
}

/** Resolves to those of the given processes that still run after at most `withinMs`. */
export async function remaining(pids: readonly number[], withinMs: number): Promise<number[]> {
  const deadline = performance.now() + withinMs;
  while (stillRunning(pids).length > 0 && performance.now() < deadline) await delay(20);
  return stillRunning(pids);
}
