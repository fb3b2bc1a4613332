import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../local/start.ts", import.meta.url));

/** Starts what `npm start` starts, with an engine of its own. */
export function npmStart(...args: string[]) {
  const { LEASEHOLD_DYNAMODB_ENDPOINT: _, AWS_ENDPOINT_URL_DYNAMODB: __, ...env } = process.env;
  // A runner may ask for colour of everything it starts; the account still gives none where there is no terminal.
  return spawn(process.execPath, [program, ...args], {
    env: { ...env, FORCE_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
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
