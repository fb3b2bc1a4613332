import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { spawnOwned } from "../../local/harness/processes.ts";
import { descendantsOf, remaining } from "./processes.ts";

/** What `npm start` starts. */
export const NPM_START = fileURLToPath(new URL("../../local/start.ts", import.meta.url));
/** What `npm run torture` starts. */
export const TORTURE = fileURLToPath(new URL("../torture/run.ts", import.meta.url));

/** Starts a program as a user would, with an engine and a folder for temporary files of its own. */
export async function start(program: string, ...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { LEASEHOLD_DYNAMODB_ENDPOINT: _, AWS_ENDPOINT_URL_DYNAMODB: __, ...env } = process.env;
  const { child, pid, gone } = await spawnOwned(process.execPath, [program, ...args], {
    // A runner may ask for colour of everything it starts; there is still none where there is no terminal.
    env: { ...env, FORCE_COLOR: "1", TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (child.stdout === null || child.stderr === null) throw new Error("the program has no output");
  const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
  /** What it is to its end: the exit code, and what was printed. */
  const ended = async () => {
    const [[stdout, stderr], { code, signal }] = await Promise.all([outputs, gone]);
    return { code, signal, stdout, stderr };
  };
  return {
    child,
    stdout: child.stdout,
    ended,
    /** The processes that it has started and that run now. */
    started: () => descendantsOf(pid),
    /** What is left of it: processes, temporary files, memory that libfaketime shared. */
    left: async (started: readonly number[], withinMs: number): Promise<readonly unknown[]> => {
      const running = await remaining(started, withinMs);
      const shared = existsSync("/dev/shm") ? readdirSync("/dev/shm") : [];
      const own = shared.filter((name) => started.some((one) => name.endsWith(`_${one}`)));
      return [...running, ...readdirSync(folder), ...own];
    },
  };
}
