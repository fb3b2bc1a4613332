import type { Scenario } from "../scenario.ts";
import type { FaultRates } from "../world/faults.ts";

/** What a network does. */
export const NETWORK: FaultRates = {
  "request-lost": 0.03,
  "response-lost": 0.04,
  slow: 0.04,
  duplicate: 0.04,
  "late-duplicate": 0.03,
  throttled: 0.02,
  "server-error": 0.02,
  "server-error-applied": 0.02,
  "no-date": 0.05,
  partition: 0.5,
};

/** What befalls processes. */
export const PROCESSES: FaultRates = {
  "gc-pause": 1.5,
  stop: 0.7,
  freeze: 0.7,
  stall: 0.003,
  "worst-moment-thaw": 0.3,
  crash: 0.4,
};

/** What is wrong with clocks. */
export const CLOCKS: FaultRates = {
  "wall-error": 0.3,
  "wall-step": 1,
  "clock-drift": 0.5,
  "front-end-skew": 1,
};

/** All of it. */
export const EVERYTHING: FaultRates = { ...NETWORK, ...PROCESSES, ...CLOCKS };

/** The library's own timing, with two kinds of front ends. */
export const TIMING: Scenario["timing"] = {
  durationMs: [15_000],
  retryIntervalMs: [2_000],
  serviceClockErrorMs: [0, 250, 250],
  clockDriftRatio: [0.005],
};
