import { Command, Option } from "commander";
import { PARTS } from "./parts.ts";

/** What the command line asks for. */
export interface Options {
  /** Names of parts; all where it is left out. */
  readonly only?: readonly string[];
  readonly smoke: boolean;
  readonly json: boolean;
  /** Folder of the page that is written. */
  readonly out: string;
}

/** Reads the command line. Prints help or what is wrong, and exits, as commander does. */
export function parseOptions(argv: readonly string[]): Options {
  const names = PARTS.map(({ name }) => name);
  const list = PARTS.map(({ name, about }) => `  ${name.padEnd(8)} ${about}`).join("\n");
  return new Command("npm run bench --")
    .description(
      "Measures the package beside what people would use instead, in one run on the embedded engine, and writes " +
        "docs/performance.md and its plots. Ends non-zero when a target is missed. Run it on a machine that does " +
        "nothing else.",
    )
    .addOption(
      new Option("--only <parts...>", "measure these only; the page keeps the others").choices(names),
    )
    .option(
      "--smoke",
      "only show that all of it runs: a few seconds, no figure worth reading, nothing written",
      false,
    )
    .option("--json", "print one JSON object at the end and nothing else on stdout", false)
    .option("--out <folder>", "where performance.md is written", "docs")
    .addHelpText("after", `\nParts:\n${list}`)
    .allowExcessArguments(false)
    .parse([...argv], { from: "user" })
    .opts<Options>();
}
