/** `npm start`: runs the synthesized deployment on this machine. See `--help`. */
import { runCommand } from "./harness/command.ts";
import { parseOptions } from "./options.ts";
import { run } from "./run.ts";

const options = parseOptions(process.argv.slice(2));
await runCommand({ json: options.json, traces: options.logs }, (screen, signal) =>
  run(options, screen, signal),
);
