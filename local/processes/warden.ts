import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Sees to it that nothing this process starts outlives it, also when it is killed with SIGKILL and also for
 * children that are stopped with SIGSTOP: they are listed with a warden process (see `warden-process.ts`),
 * which sweeps as soon as this process is gone. The warden runs while there is something on the list.
 *
 * Limits: killing the warden itself together with its parent leaves orphans, and so does a parent that dies in
 * the instant between starting a child and listing it, unless the child watches its own input or channel.
 */
class Warden {
  readonly #listed = new Set<string>();
  #process: ChildProcess | undefined;

  list(kind: "pid" | "dir", value: string | number): void {
    this.#listed.add(`${kind} ${value}`);
    this.#tell(`+${kind} ${value}`);
  }

  /** Takes something off the list; resolves once no warden runs in vain. */
  async strike(kind: "pid" | "dir", value: string | number): Promise<void> {
    if (!this.#listed.delete(`${kind} ${value}`)) return;
    this.#tell(`-${kind} ${value}`);
    const process = this.#process;
    if (this.#listed.size > 0 || process === undefined) return;
    this.#process = undefined;
    process.ref();
    process.stdin?.end();
    if (process.exitCode === null && process.signalCode === null) await once(process, "exit");
  }

  #tell(line: string): void {
    this.#process ??= this.#start();
    this.#process.stdin?.write(`${line}\n`);
  }

  /** Starts the warden in a session of its own: a signal to this process's group does not reach it. */
  #start(): ChildProcess {
    const program = fileURLToPath(new URL("./warden-process.ts", import.meta.url));
    const child = spawn(process.execPath, [program], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    child.on("error", () => {});
    child.stdin?.on("error", () => {});
    child.unref();
    if (child.stdin instanceof Socket) child.stdin.unref();
    return child;
  }
}

const warden = new Warden();

/** How a process ended: its exit code, or the signal that ended it. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process that ends with this one. */
export interface OwnedProcess {
  readonly child: ChildProcess;
  /** Resolves when the process is gone. */
  readonly gone: Promise<Ending>;
  /** Ends it with SIGKILL, stopped or not, and resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

/**
 * Starts a process that does not outlive this one, however this one ends. With `detached`, that goes for the
 * processes that it starts, too.
 * @throws the operating system's error when the program cannot be started
 */
export async function spawnOwned(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<OwnedProcess> {
  const child = spawn(command, args, options);
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  const { pid } = child;
  if (pid === undefined) {
    await ended;
    throw new Error(`${command} did not start`);
  }
  // A negative number means the process group, which a detached process leads.
  const target = options.detached === true ? -pid : pid;
  warden.list("pid", target);
  const gone = ended.then(async (ending) => {
    await warden.strike("pid", target);
    return ending;
  });
  const kill = async (): Promise<void> => {
    child.ref();
    if (target > 0) child.kill("SIGKILL");
    else signalQuietly(target, "SIGKILL");
    await gone;
  };
  return { child, gone, kill };
}

/** A folder that is removed when it is disposed, or when this process is gone. */
export interface OwnedFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes a new empty folder under the system's folder for temporary files. */
export async function makeOwnedFolder(prefix: string): Promise<OwnedFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  warden.list("dir", path);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
      await warden.strike("dir", path);
    },
  };
}

/** Sends a signal to a process, or to a group when negative; one that is gone already is fine. */
export function signalQuietly(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch {
    // Gone already.
  }
}
