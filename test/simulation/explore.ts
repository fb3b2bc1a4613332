import { Command } from "commander";
import { exploreAbroad } from "./fleet.ts";
import { countOption, minutesOption, scenarioOption, seedOption } from "./options.ts";
import { claimedKinds, Summary } from "./report/summary.ts";
import { SCENARIOS, scenarioNamed } from "./scenarios.ts";

interface Options {
  readonly minutes?: number;
  readonly histories?: number;
  readonly scenario?: string;
  readonly groups?: boolean;
  readonly seed: number;
  readonly workers?: number;
  readonly json?: boolean;
}

const options = new Command("explore.ts")
  .description("Plays simulated histories on all cores until time or number is used up, and checks each.")
  .addOption(minutesOption("for how long (1 when no number is given)"))
  .addOption(countOption("--histories <number>", "how many"))
  .addOption(scenarioOption("one world only; all in turn otherwise"))
  .option("--groups", "the worlds of groups only")
  .addOption(seedOption("the first seed").default(Math.floor(Date.now() / 1_000) * 1_000))
  .addOption(countOption("--workers <number>", "how many threads; one a core otherwise"))
  .option("--json", "print the result as JSON")
  .allowExcessArguments(false)
  .parse()
  .opts<Options>();

const all = Object.keys(SCENARIOS).filter(
  (name) => options.groups !== true || scenarioNamed(name).group !== undefined,
);
const scenarios = options.scenario === undefined ? all : [options.scenario];
const claimed = claimedKinds(scenarios.map(scenarioNamed));
const summary = new Summary(scenarios);
const minutes = options.minutes ?? (options.histories === undefined ? 1 : Number.POSITIVE_INFINITY);
const live = options.json !== true && process.stderr.isTTY;
const ticker = live ? setInterval(() => summary.progress(), 1_000) : undefined;

await exploreAbroad(
  {
    scenarios,
    firstSeed: options.seed,
    histories: options.histories ?? Number.POSITIVE_INFINITY,
    forMs: minutes * 60_000,
    workers: options.workers,
  },
  (progress) => summary.add(progress),
);
clearInterval(ticker);
summary.print(claimed, options.json ?? false);
process.exitCode = summary.ok(claimed) ? 0 : 1;
