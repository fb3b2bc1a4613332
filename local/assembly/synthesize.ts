import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { text } from "node:stream/consumers";
import { spawnOwned } from "../harness/processes.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Runs `cdk synth` of this repository into a folder, with the Node that runs this process.
 * @throws {Error} with the output of the command, when it fails or the signal aborts
 */
export async function synthesize(
  folder: string,
  context: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const settings = Object.entries(context).flatMap(([key, value]) => ["--context", `${key}=${value}`]);
  const args = [cdkProgram(), "synth", "--quiet", "--output", folder, ...settings];
  // The app is started by the command `node`: let it find this one.
  const path = [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);
  const cdk = await spawnOwned(process.execPath, args, {
    cwd: repository,
    // What it leaves behind when it is killed is removed with the folder.
    env: { ...process.env, PATH: path, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, since it starts processes of its own.
    detached: true,
  });
  const stop = (): void => void cdk.kill();
  signal.addEventListener("abort", stop, { once: true });
  const { stdout, stderr } = cdk.child;
  const [output, problems, ending] = await Promise.all([
    stdout === null ? "" : text(stdout),
    stderr === null ? "" : text(stderr),
    cdk.gone,
  ]);
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  if (ending.code !== 0) throw new Error(`cdk synth failed:\n${output}${problems}`);
}

function cdkProgram(): string {
  return join(createRequire(import.meta.url).resolve("aws-cdk/package.json"), "..", "bin", "cdk");
}
