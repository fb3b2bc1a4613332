import { Command, CommanderError } from "commander";
import { withExamples } from "./command.ts";
import { addCandidates } from "./commands/candidates.ts";
import { addCompletion } from "./commands/completion.ts";
import { addCost } from "./commands/cost.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addGet } from "./commands/get.ts";
import { addGroup } from "./commands/group.ts";
import { addList } from "./commands/list.ts";
import { addRelease } from "./commands/release.ts";
import { addRun } from "./commands/run.ts";
import { addStepDown } from "./commands/step-down.ts";
import { addTable } from "./commands/table.ts";
import { addTick } from "./commands/tick.ts";
import { addWatch } from "./commands/watch.ts";
import { EXIT } from "./exit-codes.ts";
import { CommandFailure, exitCodeOf, lineOf } from "./failure.ts";
import { endWithNpx } from "./npx.ts";
import type { CommonOptions } from "./session.ts";
import { guardStreams } from "./streams.ts";
import { printable } from "./text.ts";
import { VERSION } from "./version.ts";

const COMMANDS: readonly ((program: Command) => void)[] = [
  addCandidates,
  addCompletion,
  addCost,
  addDoctor,
  addGet,
  addGroup,
  addList,
  addRelease,
  addRun,
  addStepDown,
  addTable,
  addTick,
  addWatch,
];

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
    // What is wrong with a command line is told once, by `main`.
    .configureOutput({ outputError: () => {} })
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError();
  withExamples(program, ["leasehold list --table leases", "leasehold get nightly-close --json"]);
  for (const add of COMMANDS) add(program);
  return program;
}

/**
 * Runs the command line. Sets `process.exitCode`, and writes at most one line about an error, without a stack trace unless
 * `--debug` asks for it.
 */
export async function main(argv: readonly string[]): Promise<void> {
  guardStreams();
  endWithNpx();
  const program = makeProgram();
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? misuse(program, argv, error) : failure(error);
    if (process.exitCode !== EXIT.done && program.opts<CommonOptions>().debug)
      process.stderr.write(`${traceOf(error).split("\n").map(printable).join("\n")}\n`);
  }
}

function failure(error: unknown): number {
  if (!(error instanceof CommandFailure && error.isTold))
    process.stderr.write(`leasehold: ${lineOf(error)}\n`);
  return exitCodeOf(error);
}

/** Help and the version are told by way of an error, too. `run` keeps the low numbers for its command. */
function misuse(program: Command, argv: readonly string[], error: CommanderError): number {
  if (error.exitCode === 0) return EXIT.done;
  const named = namedIn(program, argv);
  const text = error.message.replace(/^error: /, "").replace(/\.$/, "");
  // Without any command, commander has shown the help.
  if (error.code !== "commander.help")
    process.stderr.write(`leasehold: ${lineOf(text)}; see ${["leasehold", ...named, "--help"].join(" ")}\n`);
  return named[0] === "run" ? EXIT.notRun : EXIT.usage;
}

/**
 * The commands that a command line names which cannot be read: none, one, or one with a command of its own. Commander knows no command
 * behind an option that it does not know.
 */
function namedIn({ args, commands }: Command, argv: readonly string[]): string[] {
  const words = args.length > 0 ? args : argv;
  const isNamed = (word: string): boolean => commands.some((command) => command.name() === word);
  const at = words[0]?.startsWith("-") === true ? words.findIndex(isNamed) : 0;
  const command = commands.find((one) => one.name() === words[at]);
  if (command === undefined) return [];
  return [command.name(), ...namedIn(command, words.slice(at + 1))];
}

function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${traceOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
