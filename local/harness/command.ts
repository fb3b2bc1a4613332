import { InvalidArgumentError } from "commander";
import { fold, makeScreen, type Screen } from "./screen.ts";

/** The largest seed: they are whole numbers from 0 to 2^31 - 1. */
export const LARGEST_SEED = 2 ** 31 - 1;

/** Reads a whole number from `min` to `max` for commander, which prints the error otherwise. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** What came of a run: what `--json` prints, and the lines for people. */
export interface Finding {
  readonly summary: { readonly ok: boolean };
  readonly lines: readonly string[];
}

/** How a program is run. */
export interface CommandOptions {
  /** Whether one JSON object goes to stdout and everything else to stderr. */
  readonly json: boolean;
  /** Whether errors are shown with their stack traces. */
  readonly traces: boolean;
}

/**
 * A second signal within this time, in ms, is the same one: npm passes on the Ctrl-C of a terminal, which every process
 * of the terminal gets by itself, too.
 */
const ONE_SIGNAL_MS = 1_000;

/**
 * Runs a program to its end, or until a signal interrupts it: SIGINT, SIGTERM, SIGHUP, the end of npm above it, or
 * the end of whoever reads its output. It then says so. The exit code is 0 if all is well and 1 if not; after a
 * signal it is the one that shells use. What the program owns is gone when it settles. A second signal does not
 * wait for that: the reaper cleans up, and that is said, too.
 */
export async function runCommand(
  { json, traces }: CommandOptions,
  program: (screen: Screen, signal: AbortSignal) => Promise<Finding>,
): Promise<void> {
  const screen = makeScreen(json ? process.stderr : process.stdout);
  const interruption = interrupted(screen);
  try {
    const { summary, lines } = await program(screen, interruption);
    interruption.throwIfAborted();
    for (const line of lines) screen.line(line);
    if (json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    process.exitCode ??= summary.ok ? 0 : 1;
  } catch (error) {
    process.exitCode ??= 1;
    // A terminal's Ctrl-C ends the engine, too, and whoever was just asking it fails.
    if (interruption.aborted) screen.line("Interrupted; nothing is left running.");
    else process.stderr.write(`${traces ? explain(error, traces) : fold(explain(error, traces))}\n`);
  }
}

/** Aborted by whatever ends a program early. */
function interrupted(screen: Screen): AbortSignal {
  const interruption = new AbortController();
  let at = 0;
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    process.on(signal, () => {
      if (!interruption.signal.aborted) {
        at = performance.now();
        process.exitCode = code;
        screen.progress("interrupted, ending what runs ...");
        interruption.abort();
      } else if (performance.now() - at > ONE_SIGNAL_MS) {
        screen.line("Interrupted twice; what still runs is ended by the reaper.");
        process.exit(code);
      }
    });
  }
  // npm passes some signals to its shell only, which dies of them without a word: then the parent is another.
  if (process.env["npm_lifecycle_event"] !== undefined) {
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) interruption.abort();
    }, 250).unref();
  }
  // Whoever reads the output has left: there is nobody to tell the rest to.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => interruption.abort());
  return interruption.signal;
}

/** What went wrong and what was underneath. */
function explain(error: unknown, traces: boolean): string {
  if (!(error instanceof Error)) return String(error);
  const first = traces ? (error.stack ?? error.message) : `${error.name}: ${error.message}`;
  return error.cause === undefined ? first : `${first}\n  because of ${explain(error.cause, traces)}`;
}
