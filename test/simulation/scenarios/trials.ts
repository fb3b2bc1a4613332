import type { Scenario } from "../scenario.ts";
import { CLOCKS, EVERYTHING, NETWORK } from "./rates.ts";

const NETWORK_WORLD: Scenario = {
  name: "network",
  about:
    "a network that loses, delays, doubles and reorders, with short terms and messages that may take no time",
  lengthMs: 90_000,
  roles: [
    { role: "campaign", hosts: 3 },
    { role: "poll", hosts: 2, forgetful: 0.5 },
  ],
  rates: {
    ...Object.fromEntries(Object.entries(NETWORK).map(([kind, rate]) => [kind, rate * 2.5])),
    "clock-drift": 0.5,
    "front-end-skew": 1,
    "wall-error": 0.2,
  },
  timing: {
    durationMs: [1_500, 3_000, 8_000],
    retryIntervalMs: [200, 500, 1_000],
    serviceClockErrorMs: [0, 250],
    clockDriftRatio: [0, 0.005],
  },
  latencyMs: [0.01, 30],
};

const CLOCK_WORLD: Scenario = {
  name: "clocks",
  about:
    "wall clocks that are minutes wrong, step and drift; front ends that disagree; monotonic clocks at the limits of their drift",
  lengthMs: 240_000,
  roles: [
    { role: "campaign", hosts: 3, limited: 0.3 },
    { role: "poll", hosts: 2, forgetful: 0.5, limited: 0.3 },
  ],
  rates: {
    ...CLOCKS,
    "wall-error": 0.5,
    "wall-step": 4,
    "clock-drift": 1,
    "response-lost": 0.05,
    "request-lost": 0.05,
    slow: 0.05,
    partition: 1.5,
    "gc-pause": 2,
    crash: 0.4,
  },
  timing: {
    durationMs: [3_000, 8_000, 30_000, 60_000],
    retryIntervalMs: [200, 500, 1_000],
    serviceClockErrorMs: [0, 100, 250, 1_000],
    clockDriftRatio: [0.005, 0.02, 0.1],
  },
  latencyMs: [0.01, 5],
};

const PAUSE_WORLD: Scenario = {
  name: "pauses",
  about: "processes that stop, freeze and stall between two lines of code, and wake up when it hurts most",
  lengthMs: 120_000,
  roles: [
    { role: "campaign", hosts: 2 },
    { role: "campaign", hosts: 2, freezes: true },
    { role: "poll", hosts: 1, forgetful: 0.5 },
    { role: "stand", hosts: 1 },
  ],
  rates: {
    "gc-pause": 6,
    stop: 3,
    freeze: 3,
    stall: 0.01,
    "worst-moment-thaw": 0.7,
    crash: 0.3,
    partition: 0.5,
    "response-lost": 0.03,
    slow: 0.05,
    "late-duplicate": 0.03,
    "clock-drift": 0.5,
    "front-end-skew": 1,
    "wall-error": 0.2,
  },
  timing: {
    durationMs: [2_000, 5_000, 15_000],
    retryIntervalMs: [200, 1_000],
    serviceClockErrorMs: [0, 250],
    clockDriftRatio: [0.005],
  },
  latencyMs: [0.05, 30],
};

const LIMITS: Scenario = {
  name: "limits",
  about: "terms with a limit or renewed by hand, while wall clocks step forth and back within a term",
  lengthMs: 120_000,
  roles: [
    { role: "campaign", hosts: 3, limited: 0.9, manual: 0.6, lingering: 0 },
    { role: "poll", hosts: 1, limited: 0.9, manual: 0.6, lingering: 0 },
  ],
  rates: {
    "wall-step": 20,
    "wall-error": 0.1,
    "request-lost": 0.05,
    "response-lost": 0.25,
    slow: 0.05,
    "server-error-applied": 0.05,
    partition: 1,
    "gc-pause": 2,
    stop: 0.5,
    stall: 0.001,
    "worst-moment-thaw": 0.5,
    crash: 0.3,
    "clock-drift": 0.7,
    "front-end-skew": 1,
  },
  weather: false,
  timing: {
    durationMs: [3_000, 15_000],
    retryIntervalMs: [50, 200],
    serviceClockErrorMs: [0, 250],
    clockDriftRatio: [0, 0.005],
  },
  wallStepMs: [300, 8_000],
  latencyMs: [0.01, 10],
};

const EDGES: Scenario = {
  name: "edges",
  about:
    "terms that run out to their last moment under clocks at the limits of their drift, with others watching",
  lengthMs: 120_000,
  roles: [{ role: "campaign", hosts: 4, manual: 0.7, limited: 0.1, forgetful: 0 }],
  rates: {
    "no-date": 0.5,
    slow: 0.1,
    partition: 1,
    "gc-pause": 1,
    crash: 0.2,
    "clock-drift": 1,
    "front-end-skew": 1,
  },
  weather: false,
  timing: {
    durationMs: [2_000, 5_000],
    retryIntervalMs: [50, 100],
    serviceClockErrorMs: [0, 250],
    clockDriftRatio: [0, 0.005, 0.1],
  },
  slowMs: [100, 1_000],
  latencyMs: [0.01, 2],
};

const STAMPS: Scenario = {
  name: "stamps",
  about:
    "wall clocks that are seconds wrong and slow answers that cannot tell, so that rows are stamped early and late and nobody renews them",
  lengthMs: 180_000,
  roles: [
    { role: "poll", hosts: 3, manual: 1, lingering: 1, limited: 0, forgetful: 1 },
    { role: "campaign", hosts: 2, manual: 1, lingering: 0.9, limited: 0, forgetful: 1 },
  ],
  rates: {
    "wall-error": 0.9,
    "wall-step": 1.5,
    "request-lost": 0.01,
    "response-lost": 0.02,
    slow: 0.4,
    "gc-pause": 0.5,
    crash: 0.2,
    "clock-drift": 0.3,
    "front-end-skew": 1,
  },
  weather: false,
  timing: {
    durationMs: [5_000, 10_000, 10_000],
    retryIntervalMs: [50],
    serviceClockErrorMs: [0, 0, 1_000],
    requestTimeoutShare: 0.33,
    clockDriftRatio: [0.005],
  },
  wallErrorMs: [1_000, 4_000],
  wallStepMs: [500, 8_000],
  slowMs: [300, 3_000],
  latencyMs: [0.01, 5],
};

const BLIND: Scenario = {
  name: "blind",
  about:
    "proxies that strip the Date header from some responses or all, so that only watching tells who is gone",
  lengthMs: 120_000,
  roles: [
    { role: "campaign", hosts: 3 },
    { role: "poll", hosts: 1 },
  ],
  rates: { ...EVERYTHING, "no-date": 0.7, "clock-drift": 1, partition: 2 },
  timing: {
    durationMs: [3_000, 10_000],
    retryIntervalMs: [200, 1_000],
    serviceClockErrorMs: [0, 250],
    clockDriftRatio: [0.005, 0.02, 0.1],
  },
  latencyMs: [0.01, 30],
};

const FROZEN: Scenario = {
  name: "frozen",
  about:
    "processes that freeze, and whose wall clocks are set back: within a term, and while nobody holds anything or looks at a clock",
  lengthMs: 240_000,
  roles: [
    {
      role: "poll",
      hosts: 2,
      freezes: true,
      forgetful: 0,
      manual: 0.8,
      lingering: 0.8,
      restMs: [500, 20_000],
    },
    { role: "campaign", hosts: 1, freezes: true, forgetful: 0, manual: 0.8, lingering: 0.8 },
    { role: "campaign", hosts: 1, forgetful: 0.9, manual: 0.3 },
  ],
  rates: {
    freeze: 3,
    "hidden-freeze": 8,
    "wall-step": 3,
    "wall-error": 0.3,
    "request-lost": 0.02,
    "response-lost": 0.02,
    slow: 0.02,
    partition: 0.5,
    "clock-drift": 0.5,
    "front-end-skew": 1,
  },
  weather: false,
  timing: {
    durationMs: [3_000, 8_000],
    retryIntervalMs: [100],
    serviceClockErrorMs: [0, 250, 1_000],
    clockDriftRatio: [0.005],
  },
  wallStepMs: [300, 20_000],
  latencyMs: [0.05, 10],
};

const HOURS: Scenario = {
  name: "hours",
  about:
    "clients that live for hours and lead now and then, frozen and with their clocks set in between, far apart in time",
  lengthMs: 2 * 3_600_000,
  roles: [
    {
      role: "poll",
      hosts: 3,
      freezes: true,
      forgetful: 0,
      manual: 0.5,
      lingering: 0.5,
      restMs: [1_000, 900_000],
    },
    { role: "campaign", hosts: 1, freezes: true, forgetful: 0, restMs: [10_000, 1_800_000] },
  ],
  rates: {
    freeze: 0.3,
    "hidden-freeze": 0.1,
    stop: 0.05,
    "wall-step": 0.3,
    "wall-error": 0.5,
    "request-lost": 0.02,
    "response-lost": 0.02,
    slow: 0.02,
    crash: 0.002,
    "clock-drift": 0.7,
    "front-end-skew": 1,
  },
  weather: false,
  timing: {
    durationMs: [15_000, 60_000],
    retryIntervalMs: [30_000, 60_000],
    serviceClockErrorMs: [0, 250],
    clockDriftRatio: [0.005],
  },
  wallStepMs: [300, 300_000],
};

/** Trials of one thing each. */
export const TRIALS: readonly Scenario[] = [
  NETWORK_WORLD,
  CLOCK_WORLD,
  PAUSE_WORLD,
  LIMITS,
  EDGES,
  STAMPS,
  BLIND,
  FROZEN,
  HOURS,
];
