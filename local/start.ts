/** `npm start`: runs the synthesized deployment on this machine. See `--help`. */
import { parseOptions } from "./options.ts";
import { run } from "./run.ts";
import { makeScreen } from "./screen.ts";

const options = parseOptions(process.argv.slice(2));
const screen = makeScreen(options.json ? process.stderr : process.stdout);
const interruption = new AbortController();

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  process.on(signal, () => {
    // A second one does not wait: the warden cleans up.
    if (interruption.signal.aborted) process.exit(code);
    process.exitCode = code;
    interruption.abort();
  });
}
// npm passes some signals to its shell only, which dies of them without a word: then the parent is another.
if (process.env["npm_lifecycle_event"] !== undefined) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent) interruption.abort();
  }, 250);
  watch.unref();
}

// Whoever reads the account has left: there is nobody to tell the rest to.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => interruption.abort());

try {
  const verdict = await run(options, screen, interruption.signal);
  if (options.json) process.stdout.write(`${JSON.stringify(verdict)}\n`);
  process.exitCode = verdict.ok ? 0 : 1;
} catch (error) {
  if (interruption.signal.aborted) {
    process.exitCode ??= 1;
    screen.line("Interrupted; nothing is left running.");
  } else {
    process.stderr.write(`${explain(error, options.logs)}\n`);
    process.exitCode = 1;
  }
}

/** What went wrong and what was underneath; with stack traces for those who look at logs. */
function explain(error: unknown, traces: boolean): string {
  if (!(error instanceof Error)) return String(error);
  const first = traces ? (error.stack ?? error.message) : `${error.name}: ${error.message}`;
  return error.cause === undefined ? first : `${first}\n  because of ${explain(error.cause, traces)}`;
}
