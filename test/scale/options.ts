import { Command, Option } from "commander";
import { wholeNumber } from "../../local/harness/command.ts";

/** What can be measured by itself. */
export const PARTS = ["tryAcquire", "worker", "signals", "throttled", "fleet"] as const;
export type Part = (typeof PARTS)[number];

/** What the command line asks for. */
export interface Options {
  readonly shards: number;
  readonly fleetShards: number;
  readonly rest: number;
  readonly only?: readonly Part[];
  readonly json: boolean;
}

/** Reads the command line. Prints help or what is wrong, and exits, as commander does. */
export function parseOptions(argv: readonly string[]): Options {
  return new Command("npm run scale --")
    .description(
      "Has one process hold many shards, both ways, throttles it, and has a fleet of 16 worker processes lose some, gain\n" +
        "one and let one go. Prints what was measured beside its bound, and ends non-zero when a bound is missed.",
    )
    .option("--shards <n>", "how many shards one process holds", wholeNumber(1, 100_000), 10_000)
    .option("--fleet-shards <n>", "how many shards 16 workers share", wholeNumber(16, 100_000), 1_000)
    .option(
      "--rest <s>",
      "for how long it rests while its CPU is measured, in seconds",
      wholeNumber(1, 3_600),
      60,
    )
    .addOption(new Option("--only <parts...>", "measure these only").choices(PARTS))
    .option("--json", "print one JSON object at the end and nothing else on stdout", false)
    .allowExcessArguments(false)
    .parse([...argv], { from: "user" })
    .opts<Options>();
}
