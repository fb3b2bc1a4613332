import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Engine, startOnFreePort } from "../../local/engine.ts";
import { spawnOwned } from "../../local/harness/processes.ts";

/** The npm package that carries Amazon's DynamoDB Local: 56 MB. */
const PACKAGE = "amplify-dynamodb-simulator@2.9.30";
const CACHE = fileURLToPath(new URL("../../.cache/", import.meta.url));
const HOME = join(CACHE, PACKAGE, "package", "emulator");

/**
 * Starts Amazon's DynamoDB Local in memory on a free loopback port; it ends with this process at the latest.
 * Its first run downloads it from the npm registry into the repository's `.cache/`.
 * @throws {Error} saying what is missing
 */
export async function startDynamoDBLocal(): Promise<Engine> {
  requireJava();
  await fetchOnce();
  const library = `-Djava.library.path=${join(HOME, "DynamoDBLocal_lib")}`;
  return startOnFreePort("DynamoDB Local", (port) =>
    spawnOwned("java", [library, "-jar", "DynamoDBLocal.jar", "-inMemory", "-port", String(port)], {
      cwd: HOME,
      stdio: "ignore",
    }),
  );
}

function requireJava(): void {
  const { error, status } = spawnSync("java", ["-version"], { stdio: "ignore" });
  if (error === undefined && status === 0) return;
  throw new Error("DynamoDB Local needs Java 17 or later, and there is no `java` on PATH that runs");
}

/** Downloads and unpacks beside its place, then moves it there: what is there is complete. */
async function fetchOnce(): Promise<void> {
  if (existsSync(join(HOME, "DynamoDBLocal.jar"))) return;
  process.stderr.write(`fetching ${PACKAGE} from the npm registry (56 MB, once, into .cache/)\n`);
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, "fetching-"));
  try {
    command("npm", ["pack", PACKAGE, "--silent", "--pack-destination", folder]);
    const tarball = join(folder, `${PACKAGE.replace("@", "-")}.tgz`);
    command("tar", ["-xzf", tarball, "-C", folder]);
    await rm(tarball);
    await rm(dirname(dirname(HOME)), { recursive: true, force: true });
    await rename(folder, dirname(dirname(HOME)));
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw cause;
  }
}

function command(program: string, args: readonly string[]): void {
  const { error, status, stderr } = spawnSync(program, args, { cwd: CACHE, encoding: "utf8" });
  if (error === undefined && status === 0) return;
  throw new Error(`${program} ${args[0]} failed: ${error?.message ?? stderr.trim()}`, { cause: error });
}
