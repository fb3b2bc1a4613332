import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../local/start.ts", import.meta.url));

/** Starts what `npm start` starts, with an engine of its own. */
export function npmStart(...args: string[]) {
  const { LEASEHOLD_DYNAMODB_ENDPOINT: _, AWS_ENDPOINT_URL_DYNAMODB: __, ...env } = process.env;
  return spawn(process.execPath, [program, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs it to its end. */
export async function runNpmStart(
  ...args: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = npmStart(...args);
  const exit = once(child, "exit");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await exit;
  return { code: child.exitCode, stdout, stderr };
}
