import { Command, InvalidArgumentError, Option } from "commander";
import { LARGEST_SEED, wholeNumber } from "../../local/harness/command.ts";

/** What the command line asks for. */
export interface Options {
  /** How long to torture, in minutes. What is under way then is brought to its end. */
  readonly minutes: number;
  /** What every draw follows from. Real processes take their own time, so a seed repeats the draws alone. */
  readonly seed: number;
  readonly engine: "embedded" | "dynamodb-local";
  readonly json: boolean;
}

const MOST_MINUTES = 24 * 60;

/** Reads the command line. Prints help or what is wrong, and exits, as commander does. */
export function parseOptions(argv: readonly string[]): Options {
  return new Command("npm run torture --")
    .description(
      "Tortures real candidates and real workers on a real engine, with a network that loses, delays and repeats,\n" +
        "with SIGSTOP, SIGKILL and shifted clocks, and judges what became of the table. Ends non-zero on any violation.",
    )
    .addOption(
      new Option("--minutes <m>", "how long, from 0.1 to a day (1440)").argParser(minutes).default(1),
    )
    .addOption(
      new Option("--seed <n>", "what the draws follow from")
        .argParser(wholeNumber(0, LARGEST_SEED))
        .default(Math.floor(Math.random() * 2 ** 31), "a new one"),
    )
    .addOption(
      new Option("--engine <name>", "the DynamoDB engine")
        .choices(["embedded", "dynamodb-local"])
        .default("embedded"),
    )
    .option("--json", "print one JSON object at the end and nothing else on stdout", false)
    .allowExcessArguments(false)
    .parse([...argv], { from: "user" })
    .opts<Options>();
}

function minutes(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0.1 && value <= MOST_MINUTES) return value;
  throw new InvalidArgumentError(`It must be a number of minutes from 0.1 to ${MOST_MINUTES}.`);
}
