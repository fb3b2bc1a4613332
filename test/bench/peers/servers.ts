import { accessSync, constants } from "node:fs";
import { connect } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { engineClient, startEngine, startOnFreePort } from "../../../local/engine.ts";
import { freePort } from "../../../local/harness/ports.ts";
import { makeOwnedFolder, spawnOwned } from "../../../local/harness/processes.ts";
import type { ServerName } from "./contender.ts";
import { createTables } from "./tables.ts";

/** A server that answers, or why there is none. */
export type Server = { readonly endpoint: string } | { readonly missing: string };

/** The servers of a run, each on a loopback port with what it stores in a folder of its own. */
export type Servers = Readonly<Record<ServerName, Server>>;

/** Debian puts servers here, which is not on the path of every user. */
const FOLDERS = ["/usr/sbin", "/usr/bin"];
const PATIENCE_MS = 10_000;

/**
 * Starts the engine, and those of the others that are installed. They end with `stack`, or with this process at the latest.
 */
export async function startServers(stack: AsyncDisposableStack, others: boolean): Promise<Servers> {
  const { endpoint } = stack.use(await startEngine());
  const client = engineClient(endpoint);
  await createTables(client).finally(() => client.destroy());
  if (!others) {
    const missing = "left out of a smoke run";
    return { engine: { endpoint }, redis: { missing }, "redis-always": { missing }, etcd: { missing } };
  }
  return {
    engine: { endpoint },
    redis: await startRedis(stack, []),
    "redis-always": await startRedis(stack, ["--appendonly", "yes", "--appendfsync", "always"]),
    etcd: await startEtcd(stack),
  };
}

/** Redis as it is without a configuration (a snapshot now and then, nothing else on disk), and `settings`. */
async function startRedis(stack: AsyncDisposableStack, settings: readonly string[]): Promise<Server> {
  const program = findProgram("redis-server");
  if (program === undefined) return notInstalled("redis-server");
  const folder = stack.use(await makeOwnedFolder("leasehold-bench-redis-"));
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder.path, ...settings];
  const { kill } = await spawnOwned(program, args, { stdio: "ignore" });
  stack.defer(kill);
  await untilPong(port);
  return { endpoint: `redis://127.0.0.1:${port}` };
}

/** One etcd, a cluster of itself, with its defaults. */
async function startEtcd(stack: AsyncDisposableStack): Promise<Server> {
  const program = findProgram("etcd");
  if (program === undefined) return notInstalled("etcd-server");
  const folder = stack.use(await makeOwnedFolder("leasehold-bench-etcd-"));
  const peers = `http://127.0.0.1:${await freePort()}`;
  const { endpoint, stop } = await startOnFreePort("etcd", (port) => {
    const clients = `http://127.0.0.1:${port}`;
    const urls = {
      "listen-client-urls": clients,
      "advertise-client-urls": clients,
      "listen-peer-urls": peers,
      "initial-advertise-peer-urls": peers,
      "initial-cluster": `default=${peers}`,
      "data-dir": join(folder.path, String(port)),
    };
    const args = Object.entries(urls).map(([name, value]) => `--${name}=${value}`);
    return spawnOwned(program, args, { stdio: "ignore" });
  });
  stack.defer(stop);
  return { endpoint };
}

function notInstalled(debian: string): Server {
  return { missing: `${debian} is not installed: \`apt-get install ${debian}\` on Debian` };
}

function findProgram(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function untilPong(port: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    if (await answersPing(port)) return;
    await delay(20);
  }
  throw new Error("redis-server does not answer");
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    socket.once("data", (bytes) => {
      resolve(bytes.toString().startsWith("+PONG"));
      socket.destroy();
    });
    socket.once("error", () => resolve(false));
  });
}
