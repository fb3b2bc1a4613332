import { parseTiming, type Timing, type TimingOptions } from "../../../lib/core/timing.ts";
import type { Scenario } from "../scenario.ts";
import type { Chance } from "./chance.ts";
import type { World } from "./world.ts";
import type { ClockTraits } from "./process.ts";

/** How far a wrong wall clock is off, at least and at most, in ms. */
const WALL_ERROR_MS: readonly [number, number] = [200, 300_000];

/** The timing options of one history, the same for every candidate; the grace is the least that δ allows. */
export function timingOf(
  scenario: Scenario,
  chance: Chance,
): { readonly options: TimingOptions; readonly timing: Timing } {
  const draws = chance.of("settings/timing");
  const { retryIntervalMs, serviceClockErrorMs, requestTimeoutShare, clockDriftRatio } = scenario.timing;
  const delta = draws.pick(serviceClockErrorMs);
  const durationMs = draws.pick(scenario.timing.durationMs);
  const options: TimingOptions = {
    durationMs,
    requestTimeoutMs:
      requestTimeoutShare === undefined ? undefined : Math.floor(durationMs * requestTimeoutShare),
    retryIntervalMs: draws.pick(retryIntervalMs),
    serviceClockErrorMs: delta,
    graceMs: 1_000 + 2 * delta,
    clockDriftRatio: draws.pick(clockDriftRatio),
    retentionMs: 86_400_000,
  };
  return { options, timing: parseTiming(options) };
}

/** What a process's clocks are like. */
export function clocksOf(name: string, { chance, rate, faults, scenario, settings }: World): ClockTraits {
  const draws = chance.of(`${name}/clocks`);
  const wrong = draws.happens(rate("wall-error"));
  const error = draws.pick([-1, 1]) * draws.spread(...(scenario.wallErrorMs ?? WALL_ERROR_MS));
  const drifts = draws.happens(rate("clock-drift"));
  const gain = draws.pick([-1, -1, 1, 1, draws.between(-1, 1)]) * settings.timing.clockDriftRatio;
  if (wrong) faults.add("wall-error");
  if (drifts) faults.add("clock-drift");
  return {
    wallErrorMs: wrong ? error : draws.between(-20, 20),
    monoRate: drifts ? 1 + gain : 1,
    // One oscillator drives both clocks; the wall clock may be disciplined by a server, or not.
    wallDrift: drifts ? draws.pick([gain, gain, draws.between(-200e-6, 200e-6)]) : 0,
  };
}
