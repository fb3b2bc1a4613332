import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * The processes of a command. It leads a session of its own, and all that it starts is in that session, unless it leaves it (`setsid`).
 * A program may be in another group of the session: `timeout` makes one, and so does a shell with job control. Signals that are passed
 * on go to the command's own group, as those of a terminal do. What ends the command goes to every group of its session, as far as the
 * system tells of them: `/proc` of Linux does.
 */

/** How often to look whether a command is gone, in ms. */
const LOOK_MS = 25;

/** Sends a signal to a process group, if there is one. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // It is gone, or another user's.
  }
}

/** Asks all that a command has started to end. What is stopped goes on, so that it can. */
export function endCommand(session: number): void {
  for (const group of groupsOf(session)) {
    signalGroup(group, "SIGTERM");
    signalGroup(group, "SIGCONT");
  }
}

/** Kills all that a command has started. */
export function killCommand(session: number): void {
  // Looked at twice: a group may have been made after the first look.
  for (const _ of [1, 2]) for (const group of groupsOf(session)) signalGroup(group, "SIGKILL");
}

/** Whether anything that a command has started still runs. What has ended and only waits to be counted does not. */
export function commandLives(session: number): boolean {
  const running = runningGroups(session);
  if (running !== undefined && running.size > 0) return true;
  try {
    process.kill(-session, 0);
    return running === undefined;
  } catch (error) {
    // There may be one that may not be signalled, such as one that has become another user's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The groups of a session, its own always among them. */
function groupsOf(session: number): Iterable<number> {
  return new Set([session, ...(runningGroups(session) ?? [])]);
}

/** The groups of a session that have a process which runs, from `/proc`; `undefined` where there is none to read. */
function runningGroups(session: number): Set<number> | undefined {
  const entries = entriesOfProc();
  if (entries === undefined) return undefined;
  const groups = new Set<number>();
  for (const entry of entries) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      // The name, in brackets, may hold anything; behind it come the state, the parent, the group and the session.
      const [state = "", , group, of] = readFileSync(`/proc/${entry}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      // Where nobody counts orphans, a zombie stays for good.
      if (Number(of) === session && state !== "Z" && state !== "X") groups.add(Number(group));
    } catch {
      // It has ended meanwhile.
    }
  }
  return groups;
}

function entriesOfProc(): string[] | undefined {
  try {
    return process.platform === "linux" ? readdirSync("/proc") : undefined;
  } catch {
    return undefined;
  }
}

/** Resolves once nothing of a command runs any more, or it is enough; whether it is gone. */
export async function commandGone(session: number, isEnough: () => boolean): Promise<boolean> {
  while (commandLives(session)) {
    if (isEnough()) return false;
    await sleep(LOOK_MS);
  }
  return true;
}
