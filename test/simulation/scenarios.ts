import type { Scenario } from "./scenario.ts";
import { GROUPS } from "./scenarios/groups.ts";
import { TENURES } from "./scenarios/tenures.ts";
import { TRIALS } from "./scenarios/trials.ts";
import { WORLDS } from "./scenarios/worlds.ts";

/** The worlds by name. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = Object.fromEntries(
  [...WORLDS, ...TRIALS, ...TENURES, ...GROUPS].map((scenario) => [scenario.name, scenario]),
);

/** Finds a scenario. */
export function scenarioNamed(name: string): Scenario {
  const scenario = SCENARIOS[name];
  if (scenario !== undefined) return scenario;
  throw new Error(`there is no scenario "${name}"; there are ${Object.keys(SCENARIOS).join(", ")}`);
}
