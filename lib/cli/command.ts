import type { Command } from "commander";
import { EXIT } from "./exit-codes.ts";
import { type CommonOptions, Session } from "./session.ts";

/**
 * Makes a commander action of a command's work: opens its session, closes it on every way out, and sets the exit code.
 *
 * The work is given its session, then its arguments and own options as commander passes them. It resolves with the exit code, or with
 * nothing for success.
 */
export function runs<Given extends unknown[]>(
  work: (session: Session, ...given: Given) => Promise<number | void>,
): (this: Command, ...given: Given) => Promise<void> {
  return async function run(...given) {
    await using session = new Session(this.optsWithGlobals<CommonOptions>());
    process.exitCode = (await work(session, ...given)) ?? EXIT.done;
  };
}

/** Adds examples to a command's help. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText("after", ["", "Examples:", ...examples.map((line) => `  ${line}`)].join("\n"));
}
