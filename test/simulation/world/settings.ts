import { parseTiming, type Timing, type TimingOptions } from "../../../lib/core/timing.ts";
import type { Scenario } from "../scenario.ts";
import type { Chance } from "./chance.ts";
import type { ClockTraits } from "./process.ts";

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

/** What a process's clocks are like. A host that freezes has a wall clock that never steps back. */
export function clocksOf(
  name: string,
  chance: Chance,
  traits: {
    /** The chance that the wall clock is wrong, and by how much. */
    readonly wallError: number;
    readonly wallErrorMs: readonly [number, number];
    readonly drift: number;
    readonly clockDriftRatio: number;
  },
): ClockTraits {
  const draws = chance.of(`${name}/clocks`);
  const wrong = draws.happens(traits.wallError);
  const error = draws.pick([-1, 1]) * draws.spread(...traits.wallErrorMs);
  const drifts = draws.happens(traits.drift);
  const rate = draws.pick([-1, -1, 1, 1, draws.between(-1, 1)]) * traits.clockDriftRatio;
  return {
    wallErrorMs: wrong ? error : draws.between(-20, 20),
    monoRate: drifts ? 1 + rate : 1,
    // One oscillator drives both clocks; the wall clock may be disciplined by a server, or not.
    wallDrift: drifts ? draws.pick([rate, rate, draws.between(-200e-6, 200e-6)]) : 0,
  };
}
