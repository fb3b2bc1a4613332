import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** How often to look whether a group is gone, in ms. */
const LOOK_MS = 25;

/** Sends a signal to a whole process group, if there is one. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // It is gone, or another user's.
  }
}

/** Asks a whole process group to end. One that is stopped goes on, so that it can. */
export function endGroup(group: number): void {
  signalGroup(group, "SIGTERM");
  signalGroup(group, "SIGCONT");
}

/** Whether a process group has a member that runs. One that has ended and only waits to be counted does not. */
export function groupLives(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch (error) {
    // There may be one that may not be signalled, such as one that has become another user's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return process.platform !== "linux" || statesOf(group).some((state) => state !== "Z");
}

/** The states of a group's processes, from `/proc`: where nobody counts orphans, a zombie stays for good. */
function statesOf(group: number): string[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      // The name, in brackets, may hold anything; behind it come the state, the parent and the group.
      const [state = "", , of] = readFileSync(`/proc/${entry}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      return Number(of) === group ? [state] : [];
    } catch {
      return []; // It has ended meanwhile.
    }
  });
}

/** Resolves once a process group has no member any more, or it is enough; whether it is gone. */
export async function groupGone(group: number, isEnough: () => boolean): Promise<boolean> {
  while (groupLives(group)) {
    if (isEnough()) return false;
    await sleep(LOOK_MS);
  }
  return true;
}
