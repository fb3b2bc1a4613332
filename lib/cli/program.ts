import { Command, CommanderError } from "commander";
import { addGet } from "./commands/get.ts";
import { addList } from "./commands/list.ts";
import { EXIT } from "./exit-codes.ts";
import { exitCodeOf, lineOf } from "./failure.ts";
import type { CommonOptions } from "./session.ts";
import { VERSION } from "./version.ts";

/** Builds the command line: every command, and the options that all of them take. */
export function makeProgram(): Command {
  const program = new Command("leasehold")
    .description("Looks at and operates the leases of a Leasehold table.")
    .version(VERSION)
    .option("--table <name>", "name or ARN of the lease table (or LEASE_TABLE_NAME)")
    .option("--region <region>", "AWS region (or AWS_REGION, or the profile's)")
    .option("--endpoint <url>", "send to this endpoint instead of AWS, such as http://localhost:8000")
    .option("--profile <name>", "profile of the AWS configuration files (or AWS_PROFILE)")
    .option("--json", "print JSON for programs")
    .option("--debug", "show where an error comes from")
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError("(see --help)");
  for (const add of [addList, addGet]) add(program);
  return program;
}

/**
 * Runs the command line. Sets `process.exitCode`, and writes at most one line about an error, without a stack trace unless
 * `--debug` asks for it.
 */
export async function main(argv: readonly string[]): Promise<void> {
  const program = makeProgram();
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has said what is wrong.
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
      return;
    }
    process.exitCode = exitCodeOf(error);
    process.stderr.write(`leasehold: ${lineOf(error)}\n`);
    if (program.opts<CommonOptions>().debug) process.stderr.write(`${traceOf(error)}\n`);
  }
}

function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${traceOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
