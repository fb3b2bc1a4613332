import type { Command } from "commander";
import { runs } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandFailure, lineOf, misused } from "../failure.ts";

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
      runs(async (session, name: string, command: string[], options: RunOptions) => {
        try {
          checkSeparator(program, command);
          const { executeRun } = await import("../run/execute.ts");
          return await executeRun(session, name, command, options);
        } catch (error) {
          const own = error instanceof CommandFailure && error.exitCode >= EXIT.notRun;
          throw own ? error : new CommandFailure(lineOf(error), EXIT.notRun, { cause: error });
        }
      }),
    )
    .addHelpText("after", ENDINGS);
}

/** Without `--`, an option that is meant for the command would be taken for one of leasehold's. */
function checkSeparator(program: Command, command: readonly string[]): void {
  const { rawArgs } = program as Command & { readonly rawArgs: readonly string[] };
  const at = rawArgs.indexOf("--");
  if (at >= 0 && rawArgs.length - at - 1 === command.length) return;
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
