/** `npm run example:service`: two copies of a service, one of which leads and is killed. See `--help`. */
import { Command } from "commander";
import { runCommand } from "../harness/command.ts";

const { once } = new Command("npm run example:service --")
  .description(
    "Starts two copies of examples/service.ts on this machine, kills the one that leads, and shows how the other follows. " +
      "It takes about 25 s. On a terminal the other then goes on until Ctrl-C.",
  )
  .option("--once", "end when the other leads, as without a terminal", false)
  .allowExcessArguments(false)
  .parse()
  .opts<{ readonly once: boolean }>();

await runCommand({ json: false, traces: false }, async (screen, signal) => {
  // Loaded late: an interruption is heard from the first moment on.
  const { run } = await import("./run.ts");
  return run({ stays: !once && process.stdout.isTTY }, screen, signal);
});
