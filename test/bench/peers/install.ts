import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { spawnOwned } from "../../../local/harness/processes.ts";

const folder = import.meta.dirname;

/** The peers' packages: their versions, or why they are not there. */
export type Peers = { readonly versions: Readonly<Record<string, string>> } | { readonly missing: string };

/** The peers of a run that has none. */
export const NO_PEERS: Peers = { missing: "left out of a smoke run" };

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}

/**
 * Installs what this package is compared with into this folder, unless it is there: the very versions of its lock file, by
 * `npm ci`, without their scripts. No other command needs them.
 */
export async function installPeers(progress: (text: string) => void, signal: AbortSignal): Promise<Peers> {
  const wanted = lockedIn("package-lock.json");
  if (wanted === undefined) throw new Error(`${folder} has no lock file`);
  if (!isInstalled(wanted)) {
    progress("peers: npm ci in test/bench/peers, once");
    const failure = await npmCi(signal);
    if (failure !== undefined)
      return { missing: `\`npm ci\` in test/bench/peers failed: ${failure.trim().slice(-300)}` };
  }
  const names = Object.keys(wanted.packages).filter((path) => path !== "");
  return {
    versions: Object.fromEntries(
      names.map((path) => [path.replace(/^.*node_modules\//, ""), wanted.packages[path]?.version ?? "?"]),
    ),
  };
}

/** Whether npm has put just these packages there. */
function isInstalled(wanted: Lock): boolean {
  const there = lockedIn("node_modules/.package-lock.json");
  if (there === undefined) return false;
  const optional = (lock: Lock): string =>
    JSON.stringify(Object.entries(lock.packages).map(([path, { version }]) => [path, version]));
  const { "": _, ...packages } = wanted.packages;
  return optional({ packages }) === optional(there);
}

function lockedIn(file: string): Lock | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, file), "utf8")) as Lock;
  } catch {
    return undefined;
  }
}

/** Runs `npm ci`; resolves with what it says where it fails. */
async function npmCi(signal: AbortSignal): Promise<string | undefined> {
  signal.throwIfAborted();
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = await spawnOwned("npm", args, {
    cwd: folder,
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const { stderr } = npm.child;
  const stop = (): void => void npm.kill();
  signal.addEventListener("abort", stop, { once: true });
  const [{ code }, said] = await Promise.all([npm.gone, stderr === null ? "" : text(stderr)]);
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  return code === 0 ? undefined : said || `exit code ${code}`;
}
