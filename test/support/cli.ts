import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { inject } from "vitest";
import { spawnOwned } from "../../local/harness/processes.ts";

/** What a program's process is given besides its arguments. */
export interface CliSettings {
  /** The engine's endpoint; none for commands that send nothing. */
  readonly endpoint?: string | undefined;
  readonly table?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

/** The environment of a command: the engine's credentials, the table, and nothing of whoever runs the tests. */
export function cliEnvironment({ endpoint, table, env }: CliSettings): Record<string, string> {
  const { PATH = "", HOME = "/" } = process.env;
  return {
    PATH,
    HOME,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_EC2_METADATA_DISABLED: "true",
    // Node compiles it once for all processes.
    NODE_COMPILE_CACHE: join(dirname(inject("cli")), "cache"),
    ...(endpoint === undefined ? {} : { AWS_ENDPOINT_URL_DYNAMODB: endpoint }),
    ...(table === undefined ? {} : { LEASE_TABLE_NAME: table }),
    ...env,
  };
}

/** The command line of `leasehold`, to be started by whoever needs a terminal of its own. */
export function cliCommand(...args: string[]): [file: string, args: string[]] {
  return [process.execPath, [inject("cli"), ...args]];
}

/** Starts `leasehold` as a process of its own, without a terminal. */
export async function startCli(settings: CliSettings, ...args: string[]) {
  const [file, argv] = cliCommand(...args);
  const { child, pid, gone } = await spawnOwned(file, argv, {
    env: cliEnvironment(settings),
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (child.stdout === null || child.stderr === null) throw new Error("the program has no output");
  const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
  return {
    child,
    pid,
    /** What it was to its end. */
    ended: async () => {
      const [[stdout, stderr], { code, signal }] = await Promise.all([outputs, gone]);
      return { code, signal, stdout, stderr };
    },
  };
}

/** Runs `leasehold` to its end. */
export async function runCli(settings: CliSettings, ...args: string[]) {
  return (await startCli(settings, ...args)).ended();
}

/**
 * Writes a profile of AWS's configuration files that sends requests to other places, and returns the variables that name it. No option
 * and no variable says then that it is not AWS.
 */
export function profileFor(file: string, services: Readonly<Record<string, string>>): Record<string, string> {
  const places = Object.entries(services).map(([name, url]) => `${name} =\n  endpoint_url = ${url}\n`);
  const keys = "aws_access_key_id = local\naws_secret_access_key = local\n";
  writeFileSync(file, `[profile elsewhere]\nservices = places\n${keys}[services places]\n${places.join("")}`);
  return {
    AWS_CONFIG_FILE: file,
    AWS_PROFILE: "elsewhere",
    AWS_ACCESS_KEY_ID: "",
    AWS_SECRET_ACCESS_KEY: "",
  };
}
