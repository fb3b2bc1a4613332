import type { Command } from "commander";
import { runs } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandFailure, lineOf, misused } from "../failure.ts";
import type { Output } from "../output.ts";
import { Teller } from "../run/teller.ts";

/** The options of `run`, as commander gives them. */
export interface RunOptions {
  readonly once?: boolean;
  readonly keep?: boolean;
  readonly grace: string;
  readonly duration: string;
  readonly id?: string;
  readonly priority?: string;
  readonly tick?: string;
  readonly atMostOnce?: boolean;
  readonly quiet?: boolean;
}

/** `leasehold run NAME -- COMMAND…`: runs a command while leading. */
export function addRun(program: Command): void {
  program
    .command("run")
    .description("wait until this machine leads, and run a command while it does")
    .argument("<name>", "the lease's name")
    .argument("<command...>", "after --: the program and its arguments")
    .usage("[options] <name> -- <command...>")
    .option("--once", "try once; exit with 75 when someone else leads")
    .option("--keep", "after a loss wait and run the command again, until it ends by itself")
    .option("--grace <time>", "from SIGTERM to SIGKILL when leadership is lost", "10s")
    .option("--duration <time>", "how long a term lasts without renewal", "15s")
    .option("--tick <period|instant>", "run each occurrence of a schedule once, such as 1h for cron")
    .option("--at-most-once", "with --tick: an occurrence that failed is not tried again")
    .option("--priority <number>", "stronger candidates take the lease from weaker ones")
    .option("--id <id>", "a stable id: a restarted process goes on with its term")
    .option("--quiet", "say nothing of what goes as it should")
    .action(
      runs(async (session, name: string, given: string[], options: RunOptions) => {
        try {
          const command = commandOf(program, given);
          const { executeRun } = await import("../run/execute.ts");
          return await executeRun(session, name, command, options);
        } catch (error) {
          throw failed(session.output, name, error);
        }
      }),
    )
    .addHelpText("after", ENDINGS);
}

/** What ends leasehold itself: with `--json` it is told as an event, as all else is. */
function failed(output: Output, lease: string, error: unknown): CommandFailure {
  const isOwn = error instanceof CommandFailure && error.exitCode >= EXIT.notRun;
  const code = isOwn ? error.exitCode : EXIT.notRun;
  const cause = lineOf(error);
  const { json: isTold } = output;
  if (isTold) new Teller(output, lease, false).warn({ event: "failed", cause, code }, cause);
  return new CommandFailure(cause, code, { cause: error, isTold });
}

/**
 * The command: what is behind `--`. Without it, an option that is meant for the command would be taken for one of leasehold's. A name
 * that begins with a hyphen needs a `--` of its own before it, so the second one then is before the command.
 */
function commandOf(program: Command, given: readonly string[]): readonly string[] {
  const { rawArgs } = program as Command & { readonly rawArgs: readonly string[] };
  const at = rawArgs.indexOf("--");
  const behind = at < 0 ? 0 : rawArgs.length - at - 1;
  if (behind === given.length) return given;
  const [first, ...rest] = given;
  if (behind === given.length + 1 && first === "--" && rest.length > 0) return rest;
  throw misused('put the command behind "--": leasehold run NAME -- COMMAND ARGUMENTS…');
}

const ENDINGS = `
The command finds LEASEHOLD_NAME, LEASEHOLD_TOKEN and LEASEHOLD_HOLDER in its environment.
Exits as the command does (128+n when signal n ended it), or with
   75  someone else leads, or has done the occurrence: the command was not run
   76  leadership was lost or handed over, and the command was ended
  125  leasehold itself failed, or was called wrongly
  126  the command cannot be executed
  127  there is no such command`;
