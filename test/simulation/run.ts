import { Command } from "commander";
import { writeFileSync } from "node:fs";
import { violationsOf } from "./checks/all.ts";
import { scenarioOption, seedOption } from "./options.ts";
import { drawingOf } from "./report/drawing.ts";
import { timelineOf } from "./report/timeline.ts";
import { scenarioNamed } from "./scenarios.ts";
import { playOne } from "./world/drive.ts";
import { historyOf } from "./world/history-of.ts";

const { seed, scenario, svg, quiet } = new Command("run.ts")
  .description("Replays one simulated history and prints it as a timeline.")
  .addOption(seedOption("the history's seed").makeOptionMandatory())
  .addOption(scenarioOption("the world that it is played in").default("mixed"))
  .option("--svg <file>", "draw it, too")
  .option("--quiet", "print nothing but violations")
  .allowExcessArguments(false)
  .parse()
  .opts<{ seed: number; scenario: string; svg?: string; quiet?: boolean }>();

const history = await playOne(historyOf(scenarioNamed(scenario), seed));
const violations = violationsOf(history);
if (quiet !== true) for (const line of timelineOf(history, violations)) console.log(line);
for (const { by, at, message } of violations)
  console.log(`${by} at ${(at / 1_000).toFixed(3)} s: ${message}`);
console.log(`seed ${seed}, ${scenario}: ${history.events.length} events, ${violations.length} violations`);
if (svg !== undefined) writeFileSync(svg, drawingOf(history, violations));
process.exitCode = violations.length > 0 ? 1 : 0;
