import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { misused } from "./failure.ts";

/** The option that names all shards that there should be. */
export const WANT = [
  "--want <file>",
  "names of all shards that there should be, a line each; - reads standard input",
] as const;

/** Reads the names that `--want` was given, a line each; `undefined` where it was not given. */
export async function wantedOf(file: string | undefined): Promise<string[] | undefined> {
  if (file === undefined) return undefined;
  const read = file === "-" ? text(process.stdin) : readFile(file, "utf8");
  const names = await read.catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw misused(`--want ${file} cannot be read: ${why}`, { cause });
  });
  const wanted = names.split(/\r?\n/).filter((name) => name !== "");
  // What was to write the names has failed, more likely than not. With none, nothing would lack a leader.
  if (wanted.length === 0) throw misused(`--want ${file} names no shard; write the name of each on a line`);
  return wanted;
}
