import type { Scenario } from "../scenario.ts";
import type { Chance } from "./chance.ts";
import { FAULT_KINDS, type FaultKind } from "./faults.ts";

/** How strongly a kind of fault can rage in one history, beside its rate. Half of the kinds rest. */
const STRENGTHS = [0, 0, 0, 0.3, 1, 3];

/**
 * Which faults a history has, and how much of each. Histories in which everything goes wrong at once are much
 * alike; ones in which a few kinds rage find what only those can.
 */
export function weatherOf(scenario: Scenario, chance: Chance): Map<FaultKind, number> {
  const weather = new Map<FaultKind, number>();
  for (const kind of FAULT_KINDS) {
    const rate = scenario.rates[kind] ?? 0;
    const strength = chance.of(`weather/${kind}`).pick(STRENGTHS);
    weather.set(kind, scenario.weather === false ? rate : rate * strength);
  }
  return weather;
}
