import { createInterface } from "node:readline";
import { spawnOwned } from "../../local/harness/processes.ts";
import { cliCommand, cliEnvironment, type CliSettings } from "./cli.ts";

/** Starts `leasehold watch` without a terminal, looking ten times a second, and gives its lines as they come. */
export async function watchingCli(settings: CliSettings, ...args: string[]) {
  const [file, argv] = cliCommand("watch", ...args, "--interval", "100ms");
  const env = cliEnvironment(settings);
  const { child, gone } = await spawnOwned(file, argv, { env, stdio: ["ignore", "pipe", "pipe"] });
  if (child.stdout === null || child.stderr === null) throw new Error("the program has no output");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaints = "";
  child.stderr.on("data", (data) => (complaints += String(data)));
  const next = async (): Promise<string> => String((await lines.next()).value);
  return {
    child,
    next,
    /** All lines up to the first that matches, without their times. */
    until: async (what: RegExp): Promise<string[]> => {
      const seen: string[] = [];
      while (!what.test(seen.at(-1) ?? "")) seen.push((await next()).replace(/^\S+Z /, ""));
      return seen;
    },
    end: async (signal: NodeJS.Signals) => {
      child.kill(signal);
      const { code } = await gone;
      const rest: string[] = [];
      for await (const line of lines) rest.push(line);
      return { code, complaints, rest };
    },
  };
}
