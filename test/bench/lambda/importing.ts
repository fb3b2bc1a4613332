import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { spawnOwned } from "../../../local/harness/processes.ts";

/** What a process imports: first the SDK, then what is measured. Paths of files. */
export interface Importing {
  readonly sdk: string;
  readonly module: string;
}

/** What an import took, beyond what was imported before it. */
export interface Imported {
  readonly wallMs: number;
  /** Of the main thread: what the import would take on a core of its own. */
  readonly cpuMs: number;
  /** After a collection of garbage before and after. */
  readonly heapKb: number;
  readonly rssKb: number;
}

const program = fileURLToPath(new URL("importing-process.ts", import.meta.url));

/** Imports in a fresh process. */
export function importFresh(importing: Importing): Promise<Imported> {
  return runFresh<Imported>(program, importing, ["--expose-gc"]);
}

/** Runs a program of this part in a fresh process that is told something, and gives what it prints as JSON. */
export async function runFresh<Result>(
  file: string,
  told: object,
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const { child, gone } = await spawnOwned(
    process.execPath,
    ["--no-warnings", ...flags, file, JSON.stringify(told)],
    { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env["PATH"], ...env } },
  );
  if (child.stdout === null || child.stderr === null) throw new Error(`${file} has no output`);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const { code } = await gone;
  if (code !== 0) throw new Error(`${file} ended with ${code}: ${err.slice(-1_000)}`);
  return JSON.parse(out) as Result;
}
