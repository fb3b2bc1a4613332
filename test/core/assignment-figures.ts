/**
 * Plays many histories of assignment and prints what they came to: `node test/core/assignment-figures.ts [runs] [first seed] [play]`.
 * docs/adr/0030-assignment-by-pull.md has the figures of 12,000 runs of each kind.
 */
import { KINDS, type Outcome, PLAYS } from "./assignment-histories.ts";

const [runs = "300", first = "0", only] = process.argv.slice(2);
const print = (line: string): boolean => process.stdout.write(`${line}\n`);
const largest = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, value), 0);

print(
  "| history | workers | runs | faults | looks that one is free | looks until rest | claims | refused | requests | moves | beyond share |",
);
print("|---|---|---|---|---|---|---|---|---|---|---|");
for (const [name, play] of Object.entries(PLAYS)) {
  if (only !== undefined && only !== name) continue;
  for (const kind of KINDS) {
    const outcomes: Outcome[] = [];
    let faults = 0;
    for (let seed = Number(first); seed < Number(first) + Number(runs); seed += 1) {
      const outcome = play(seed, kind);
      outcomes.push(outcome);
      if (outcome.faults.length > 0 && (faults += 1) < 4)
        print(`${name} ${kind} ${seed}: ${outcome.faults.join("; ")}`);
    }
    const sum = (of: "claims" | "refused" | "asks" | "moves"): number =>
      outcomes.reduce((total, { tally }) => total + tally[of], 0);
    const led = largest(outcomes.map((outcome) => outcome.led)).toFixed(1);
    const rest = largest(outcomes.map((outcome) => outcome.looks)).toFixed(1);
    const beyond = outcomes.filter((outcome) => (outcome.beyond ?? 0) > 0);
    const most = largest(beyond.map((outcome) => outcome.beyond ?? 0));
    const counts = [sum("claims"), sum("refused"), sum("asks"), sum("moves")].join(" | ");
    print(
      `| ${name} | ${kind} | ${runs} | ${faults} | ${led} | ${rest} | ${counts} | ${beyond.length}, by ${most} at most |`,
    );
  }
}
