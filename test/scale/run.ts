/** `npm run scale`: measures what groups have to reach, on the embedded engine. See `--help`. */
import { runCommand } from "../../local/harness/command.ts";
import { parseOptions } from "./options.ts";

const options = parseOptions(process.argv.slice(2));
await runCommand({ json: options.json, traces: false }, async (screen, signal) => {
  const { measure } = await import("./measure.ts");
  return measure(options, screen, signal);
});
