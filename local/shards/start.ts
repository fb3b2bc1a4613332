/** `npm run example:shards`: workers that share shards, and what happens when one is killed, joins or leaves. See `--help`. */
import { runCommand } from "../harness/command.ts";
import { parseOptions } from "./options.ts";

const options = parseOptions(process.argv.slice(2));
await runCommand({ json: options.json, traces: false }, async (screen, signal) => {
  // Loaded late: an interruption is heard from the first moment on.
  const { run } = await import("./run.ts");
  return run(options, screen, signal);
});
