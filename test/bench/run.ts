/** `npm run bench`: measures the package beside what it could be compared with. See `--help`. */
import { runCommand } from "../../local/harness/command.ts";
import { measure } from "./measure.ts";
import { parseOptions } from "./options.ts";

const options = parseOptions(process.argv.slice(2));
await runCommand({ json: options.json, traces: options.smoke }, (screen, signal) =>
  measure(options, screen, signal),
);
