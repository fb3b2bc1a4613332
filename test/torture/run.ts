/** `npm run torture`: real processes, a real engine, and everything that can go wrong with them. See `--help`. */
import { runCommand } from "../../local/harness/command.ts";
import { parseOptions } from "./options.ts";

const options = parseOptions(process.argv.slice(2));
await runCommand({ json: options.json, traces: true }, async (screen, signal) => {
  const { torture } = await import("./torture.ts");
  return torture(options, screen, signal);
});
