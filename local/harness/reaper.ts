import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import { fileURLToPath } from "node:url";

/** What the reaper takes care of: a process, its group (as a negative number), or a folder. */
export type Left = `pid ${number}` | `dir ${string}`;

/**
 * Makes sure that nothing this process starts outlives it, also when it is killed with SIGKILL and also for
 * children that are stopped with SIGSTOP. What is to be ended or removed is listed with a reaper process (see
 * `reaper-process.ts`), which acts as soon as this process is gone. It runs while something is listed.
 *
 * Limits: killing the reaper together with its parent leaves orphans. So does a parent that dies in the instant
 * between starting a child and listing it, unless the child watches its own input or channel.
 */
class Reaper {
  readonly #listed = new Set<Left>();
  #process: ChildProcess | undefined;

  list(what: Left): void {
    this.#listed.add(what);
    this.#process ??= startReaper();
    this.#tell(`+${what}`);
  }

  /** Takes something off the list; resolves once no reaper runs in vain. */
  async strike(what: Left): Promise<void> {
    if (!this.#listed.delete(what)) return;
    this.#tell(`-${what}`);
    const reaper = this.#process;
    if (this.#listed.size > 0 || reaper === undefined) return;
    this.#process = undefined;
    reaper.ref();
    reaper.stdin?.end();
    if (reaper.exitCode === null && reaper.signalCode === null) await once(reaper, "exit");
  }

  #tell(line: string): void {
    this.#process?.stdin?.write(`${line}\n`);
  }
}

/** Starts the reaper in a session of its own: a signal to this process's group does not reach it. */
function startReaper(): ChildProcess {
  const program = fileURLToPath(new URL("./reaper-process.ts", import.meta.url));
  const child = spawn(process.execPath, [program], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  child.on("error", () => {});
  child.stdin?.on("error", () => {});
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return child;
}

/** The reaper of this process. */
export const reaper = new Reaper();
