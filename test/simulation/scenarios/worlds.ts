import type { Scenario } from "../scenario.ts";
import { EVERYTHING, TIMING } from "./rates.ts";

const MIXED: Scenario = {
  name: "mixed",
  about: "4 candidates for 3 minutes, and all that can befall them but operators",
  lengthMs: 180_000,
  roles: [
    { role: "campaign", hosts: 2 },
    { role: "campaign", hosts: 1, freezes: true },
    { role: "poll", hosts: 1, forgetful: 0.5 },
  ],
  rates: EVERYTHING,
  timing: TIMING,
};

const CALM: Scenario = {
  name: "calm",
  about: "nothing goes wrong, so that the counts of requests are exact and no term is ever lost",
  lengthMs: 180_000,
  roles: [
    { role: "campaign", hosts: 2, manual: 0, limited: 0, forgetful: 0 },
    { role: "poll", hosts: 1, manual: 0, limited: 0 },
    { role: "schedule", hosts: 2, manual: 0, limited: 0 },
  ],
  rates: {},
  timing: { ...TIMING, serviceClockErrorMs: [250], clockDriftRatio: [0.005] },
};

const LAMBDA: Scenario = {
  name: "lambda",
  about:
    "scheduled functions whose environments freeze between invocations, and occurrences delivered late and twice",
  lengthMs: 240_000,
  roles: [{ role: "schedule", hosts: 4, freezes: true, forgetful: 0.3 }],
  rates: {
    ...EVERYTHING,
    "late-tick": 0.2,
    "duplicate-tick": 0.4,
  },
  timing: { ...TIMING, durationMs: [3_000, 10_000] },
  tickEveryMs: 10_000,
};

const SCHEDULE: Scenario = {
  name: "schedule",
  about: "occurrences worked on by long-lived processes that serve several at a time with one client",
  lengthMs: 180_000,
  roles: [
    { role: "schedule", hosts: 3, forgetful: 0.02 },
    { role: "campaign", hosts: 1 },
  ],
  rates: {
    ...EVERYTHING,
    "late-tick": 0.2,
    "duplicate-tick": 0.5,
  },
  timing: { ...TIMING, durationMs: [3_000, 10_000] },
  tickEveryMs: 6_000,
};

const OPERATORS: Scenario = {
  name: "operators",
  about: "people who delete the row, vacate it, or put an old copy of the table back",
  lengthMs: 180_000,
  roles: [
    { role: "campaign", hosts: 3 },
    { role: "poll", hosts: 1 },
    { role: "schedule", hosts: 1 },
  ],
  rates: {
    ...EVERYTHING,
    "operator-delete": 1,
    "operator-restore": 1,
    "operator-release": 1,
    "late-tick": 0.2,
    "duplicate-tick": 0.3,
  },
  timing: { ...TIMING, durationMs: [3_000, 15_000] },
};

const DAYS: Scenario = {
  name: "days",
  about: "a lease used now and then in days, whose row TTL deletes in between: at once, late, or never",
  lengthMs: 12 * 86_400_000,
  roles: [{ role: "schedule", hosts: 3, freezes: true, forgetful: 0.5 }],
  rates: {
    "response-lost": 0.1,
    "request-lost": 0.05,
    "late-duplicate": 0.1,
    slow: 0.1,
    "wall-error": 0.4,
    "clock-drift": 0.3,
    "front-end-skew": 1,
    "duplicate-tick": 0.4,
    "late-tick": 0.1,
    "ttl-delete": 1,
  },
  timing: TIMING,
  tickEveryMs: 30_000_000,
  skippedTicks: 0.6,
  ttlDelayMs: [0, 0, 3_600_000, 40_000_000],
};

/** Whole worlds. */
export const WORLDS: readonly Scenario[] = [MIXED, CALM, LAMBDA, SCHEDULE, OPERATORS, DAYS];
