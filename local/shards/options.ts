import { Command, Option } from "commander";
import { wholeNumber } from "../harness/command.ts";

/** What the command line asks for. */
export interface Options {
  readonly json: boolean;
  /** 8 to 512. */
  readonly shards: number;
  /** Of the workers' sessions, in ms: 1,000 to 60,000. */
  readonly durationMs: number;
  /** Where the drawing is written. */
  readonly svg: string;
}

/** Reads the command line. Prints help or what is wrong, and exits, as commander does. */
export function parseOptions(argv: readonly string[]): Options {
  return new Command("npm run example:shards --")
    .description(
      "Plays four workers that share the shards of a group, on this machine: one is killed, another joins, a third leaves. " +
        "It judges what it saw, and draws who led what over time. It takes about 20 s.",
    )
    .option("--json", "print one JSON object at the end and nothing else; the rest goes to stderr", false)
    .addOption(
      new Option("--shards <n>", "how many shards there are, 8 to 512")
        .argParser(wholeNumber(8, 512))
        .default(64),
    )
    .addOption(
      new Option("--duration-ms <n>", "how long a worker's session lasts without renewal, 1000 to 60000")
        .argParser(wholeNumber(1_000, 60_000))
        .default(5_000),
    )
    .option("--svg <file>", "where to write the drawing", "reports/shards.svg")
    .allowExcessArguments(false)
    .parse([...argv], { from: "user" })
    .opts<Options>();
}
