/** `npm run torture`: real processes, a real engine, and everything that can go wrong with them. See `--help`. */
import { makeScreen } from "../../local/screen.ts";
import { parseOptions } from "./options.ts";
import { summaryLines } from "./report.ts";
import { torture } from "./torture.ts";

const INTERRUPTED = "Interrupted; nothing is left running.";

const given = parseOptions(process.argv.slice(2));
const options = { ...given, seed: given.seed ?? Math.floor(Math.random() * 2 ** 31) };
const screen = makeScreen(options.json ? process.stderr : process.stdout);
const interruption = new AbortController();

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  process.on(signal, () => {
    // A second one does not wait: what is left is swept up behind this process.
    if (interruption.signal.aborted) process.exit(code);
    process.exitCode = code;
    interruption.abort();
  });
}
// Whoever reads the report has left: there is nobody to tell the rest to.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => interruption.abort());

try {
  const verdict = await torture(options, screen, interruption.signal);
  if (verdict === undefined) screen.line(INTERRUPTED);
  else {
    for (const line of summaryLines(verdict, screen.colors)) screen.line(line);
    if (options.json) process.stdout.write(`${JSON.stringify(verdict)}\n`);
    process.exitCode = verdict.ok ? 0 : 1;
  }
} catch (error) {
  process.exitCode ??= 1;
  // A terminal's Ctrl-C ends the engine too, and whoever was just asking it fails.
  if (interruption.signal.aborted) screen.line(INTERRUPTED);
  else process.stderr.write(`torture: ${error instanceof Error ? error.stack : String(error)}\n`);
}
