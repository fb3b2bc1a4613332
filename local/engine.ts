import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { freePort } from "./harness/ports.ts";
import { type Ending, type OwnedProcess, spawnOwned } from "./harness/processes.ts";

/** A running DynamoDB engine. */
export interface Engine extends AsyncDisposable {
  /** Where it answers, for example `http://127.0.0.1:41234`. */
  readonly endpoint: string;
  /** Resolves when its process has ended, and with how. Never for one that was found running. */
  readonly gone: Promise<Ending>;
  /** Ends it, unless it was found running; resolves when no process of it is left. Its tables are gone. */
  readonly stop: () => Promise<void>;
}

/** The region and the made-up credentials that local programs sign with. The engine checks neither. */
export const LOCAL_AWS = {
  region: "eu-central-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
} as const;

/** The environment in which a program of its own reaches a local engine: nothing of whoever starts it but PATH. */
export function localEnvironment(endpoint: string): Record<string, string | undefined> {
  return {
    PATH: process.env["PATH"],
    AWS_REGION: LOCAL_AWS.region,
    AWS_ACCESS_KEY_ID: LOCAL_AWS.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_AWS.credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  };
}

/** Java on a busy machine takes more than ten seconds. */
const START_TIMEOUT_MS = 60_000;
const START_ATTEMPTS = 5;

/**
 * Starts an embedded DynamoDB engine with no tables on a loopback port and waits until it answers. It
 * ends with this process at the latest. An endpoint in the environment is used as it is, whatever it holds.
 * @param port a free one where none is named
 * @throws {Error} when no engine is found, saying how to get one, or when none answers
 */
export async function startEngine(env: NodeJS.ProcessEnv = process.env, port?: number): Promise<Engine> {
  const given = env["LEASEHOLD_DYNAMODB_ENDPOINT"] || env["AWS_ENDPOINT_URL_DYNAMODB"];
  if (given) {
    await answering(given, () => false);
    return engine(given, new Promise(() => {}), async () => {});
  }
  const program = findProgram(env);
  const start = (on: number): Promise<OwnedProcess> =>
    spawnOwned(program, ["--host", "127.0.0.1", "--port", String(on)], { stdio: "ignore" });
  return startOnFreePort(program, start, port);
}

/**
 * Starts a DynamoDB engine on a free loopback port, or on the one that is wanted, and waits until it answers.
 * @throws {Error} naming it, when none answers
 */
export async function startOnFreePort(
  name: string,
  start: (port: number) => Promise<OwnedProcess>,
  wanted?: number,
): Promise<Engine> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(wanted);
    const owned = await start(port);
    owned.child.unref();
    let ended = false;
    void owned.gone.then(() => (ended = true));
    const endpoint = `http://127.0.0.1:${port}`;
    try {
      await answering(endpoint, () => ended);
      return engine(endpoint, owned.gone, owned.kill);
    } catch (cause) {
      // Somebody else may have taken the port in between: another port, another try.
      await owned.kill();
      if (attempt === START_ATTEMPTS) throw new Error(`${name} does not start`, { cause });
    }
  }
}

/** A client for a local engine, with made-up credentials. The caller destroys it. */
export function engineClient(endpoint: string): DynamoDBClient {
  return new DynamoDBClient({ endpoint, ...LOCAL_AWS });
}

function engine(endpoint: string, gone: Promise<Ending>, stop: () => Promise<void>): Engine {
  return { endpoint, gone, stop, [Symbol.asyncDispose]: stop };
}

function findProgram(env: NodeJS.ProcessEnv): string {
  const name = `@dynoxide/${process.platform}-${process.arch}`;
  const candidates = (env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "dynoxide"));
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    candidates.unshift(join(manifest, "..", "dynoxide"));
  } catch {
    // Not installed for this platform: PATH may have it.
  }
  const program = candidates.find(isExecutable);
  if (program !== undefined) return program;
  throw new Error(
    `No DynamoDB engine found: neither the package ${name} (an optional dependency, see local/package.json) nor ` +
      "a program `dynoxide` on PATH. Install one of them, or start any DynamoDB-compatible engine and put its " +
      "address into LEASEHOLD_DYNAMODB_ENDPOINT, for example http://127.0.0.1:8000",
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Resolves when something answers HTTP there, whatever it says. */
async function answering(endpoint: string, ended: () => boolean): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  let cause: unknown;
  while (performance.now() < deadline && !ended()) {
    try {
      const response = await fetch(endpoint, { signal: AbortSignal.timeout(1_000) });
      await response.arrayBuffer();
      if (!ended()) return;
    } catch (error) {
      cause = error;
    }
    await delay(10);
  }
  throw new Error(`no DynamoDB engine answers at ${endpoint}`, { cause });
}
