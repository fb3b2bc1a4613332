import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { spawnOwned } from "../../local/harness/processes.ts";
import { descendantsOf, remaining } from "./processes.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

/** Starts what an npm script starts, with an engine and a folder for temporary files of its own. */
export async function start(
  script: "start" | "torture" | "example:service" | "example:shards",
  ...args: string[]
) {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { LEASEHOLD_DYNAMODB_ENDPOINT: _, AWS_ENDPOINT_URL_DYNAMODB: __, ...env } = process.env;
  const scripts: Record<string, string> = JSON.parse(
    readFileSync(join(REPOSITORY, "package.json"), "utf8"),
  ).scripts;
  const [, program = ""] = /^(?:exec )?node (.*)$/.exec(scripts[script] ?? "") ?? [];
  const { child, pid, gone } = await spawnOwned(process.execPath, [...program.split(" "), ...args], {
    cwd: REPOSITORY,
    // A runner may ask for colour of everything it starts; there is still none where there is no terminal. Node warns
    // of both together.
    env: { ...env, FORCE_COLOR: "1", NO_COLOR: "1", TMPDIR: folder },
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
