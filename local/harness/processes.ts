import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Left, reaper } from "./reaper.ts";

/** How a process ended: its exit code, or the signal that ended it. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process that ends with this one. */
export interface OwnedProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves when the process is gone. */
  readonly gone: Promise<Ending>;
  /** Stops it where it is with SIGSTOP, as a suspended machine or a frozen function would. */
  readonly freeze: () => void;
  /** Lets it go on. */
  readonly thaw: () => void;
  /** Sends it a message, if it has a channel and still listens. */
  readonly tell: (message: object) => void;
  /** Ends it with SIGKILL, stopped or not, and resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

/**
 * Starts a process that does not outlive this one, however this one ends. With `detached`, the same holds for the
 * processes that it starts.
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
  const listed: Left = `pid ${target}`;
  reaper.list(listed);
  // A failed message or signal says that the process is about to be gone, which `gone` tells.
  child.on("error", () => {});
  const gone = ended.then(async (ending) => {
    await reaper.strike(listed);
    return ending;
  });
  const signal = (name: NodeJS.Signals): void => {
    if (child.exitCode === null && child.signalCode === null) signalQuietly(target, name);
  };
  return {
    child,
    pid,
    gone,
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    tell: (message) => {
      if (child.connected) child.send(message, () => {});
    },
    async kill() {
      child.ref();
      signal("SIGKILL");
      await gone;
    },
  };
}

/** A folder that is removed when it is disposed, or when this process is gone. */
export interface OwnedFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes a new empty folder under the system's folder for temporary files. */
export async function makeOwnedFolder(prefix: string): Promise<OwnedFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  reaper.list(`dir ${path}`);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
      await reaper.strike(`dir ${path}`);
    },
  };
}

function signalQuietly(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch {
    // Gone already.
  }
}
