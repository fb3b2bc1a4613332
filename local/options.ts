import { Command, Option } from "commander";
import { LARGEST_SEED, wholeNumber } from "./harness/command.ts";

/** What the command line asks for. */
export interface Options {
  /** Ticks to play, 2 to 500. */
  readonly ticks: number;
  /** What faults and duplicates follow from, 0 to 2^31 - 1. */
  readonly seed: number;
  readonly json: boolean;
  readonly elected: boolean;
  /** Whether to show what the functions print. */
  readonly logs: boolean;
}

const MOST_TICKS = 500;
const DEFAULT_TICKS = 16;
/** Duplicates alone break the job without an election, and at once. */
const DEFAULT_TICKS_UNELECTED = 5;

/** Reads the command line. Prints help or what is wrong, and exits, as commander does. */
export function parseOptions(argv: readonly string[]): Options {
  const defaults = `(default: ${DEFAULT_TICKS}; ${DEFAULT_TICKS_UNELECTED} without election)`;
  const { withoutElection, ticks, ...given } = new Command("npm start --")
    .description("Runs the synthesized deployment on this machine, faults included, and judges the result.")
    .option("--json", "print one JSON object at the end and nothing else; the rest goes to stderr", false)
    .option("--without-election", "run the same job without election and fence, to see it break", false)
    .addOption(
      new Option("--ticks <n>", `scheduled occurrences to play, 2 to ${MOST_TICKS} ${defaults}`).argParser(
        wholeNumber(2, MOST_TICKS),
      ),
    )
    .addOption(
      new Option("--seed <n>", `what faults and duplicates follow from, 0 to ${LARGEST_SEED}`)
        .argParser(wholeNumber(0, LARGEST_SEED))
        .default(1),
    )
    .option("--logs", "show on stderr what the functions print", false)
    .allowExcessArguments(false)
    .parse([...argv], { from: "user" })
    .opts<Omit<Options, "elected" | "ticks"> & { withoutElection: boolean; ticks?: number }>();
  const usual = withoutElection ? DEFAULT_TICKS_UNELECTED : DEFAULT_TICKS;
  return { ...given, elected: !withoutElection, ticks: ticks ?? usual };
}
