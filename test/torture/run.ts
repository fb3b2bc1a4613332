/** `npm run torture`: real processes, a real engine, and everything that can go wrong with them. See `--help`. */
import { runCommand } from "../../local/harness/command.ts";
import { parseOptions } from "./options.ts";
import { torture } from "./torture.ts";

const options = parseOptions(process.argv.slice(2));
await runCommand({ json: options.json, traces: true }, (screen, signal) => torture(options, screen, signal));
