import type { Scenario } from "../scenario.ts";
import { EVERYTHING, NETWORK, PROCESSES, TIMING } from "./rates.ts";

const RELAY: Scenario = {
  name: "relay",
  about:
    "candidates of different strength and an operator, and nothing goes wrong: what a hand-over costs is exact",
  lengthMs: 240_000,
  roles: [
    { role: "stand", hosts: 3, priorities: [0, 0, 1, 5, -3], stable: 0.3, forgetful: 0.1 },
    { role: "operate", hosts: 1 },
  ],
  rates: {},
  timing: { ...TIMING, serviceClockErrorMs: [250], clockDriftRatio: [0.005] },
  tenure: { drainMs: [0, 500, 5_000], minTermMs: [0, 5_000, 20_000], reserveForMs: [3_000, 10_000] },
};

const HEIRS: Scenario = {
  ...RELAY,
  name: "heirs",
  about: "as relay, and candidates die: also those that were to follow",
  rates: { crash: 1.5 },
  weather: false,
};

const HANDOVER: Scenario = {
  name: "hand-over",
  about:
    "candidates that ask each other to hand over, name successors and are asked by operators, and all that can befall them",
  lengthMs: 180_000,
  roles: [
    { role: "stand", hosts: 3, priorities: [0, 0, 1, 5, -3], stable: 0.2 },
    { role: "stand", hosts: 1, freezes: true, priorities: [0, 9] },
    { role: "poll", hosts: 1, forgetful: 0.5 },
    { role: "operate", hosts: 1, force: 0.05 },
  ],
  rates: EVERYTHING,
  timing: { ...TIMING, durationMs: [3_000, 15_000], retryIntervalMs: [200, 2_000] },
  tenure: {
    drainMs: [0, 500, 5_000],
    minTermMs: [0, 2_000, 20_000],
    reserveForMs: [0, 1_000, 10_000],
    holdAtLeastMs: [0, 0, 0, 8_000],
    lockDelayMs: [0, 0, 0, 5_000],
  },
};

const RESUME: Scenario = {
  name: "resume",
  about:
    "processes that crash and come back with the same, declared-stable id, over a network that keeps their last words for later",
  lengthMs: 120_000,
  roles: [
    { role: "stand", hosts: 2, stable: 0.9, priorities: [0, 0, 1] },
    { role: "stand", hosts: 1, stable: 0.9, freezes: true },
    { role: "campaign", hosts: 1 },
  ],
  rates: {
    ...Object.fromEntries(Object.entries(NETWORK).map(([kind, rate]) => [kind, rate * 2])),
    ...PROCESSES,
    crash: 4,
    "wall-error": 0.3,
    "clock-drift": 0.5,
    "front-end-skew": 1,
  },
  timing: { ...TIMING, durationMs: [3_000, 15_000], retryIntervalMs: [200, 1_000] },
  tenure: { drainMs: [0, 500], lockDelayMs: [0, 0, 5_000], holdAtLeastMs: [0, 0, 3_000] },
};

const AFFINITY: Scenario = {
  name: "affinity",
  about:
    "invocations of two regions, for each of which releases keep the lease, frozen in between, with terms of different lengths",
  lengthMs: 240_000,
  roles: [
    { role: "schedule", hosts: 4, regions: 2, freezes: true, forgetful: 0.3, limited: 0.3 },
    { role: "schedule", hosts: 1, regions: 1, forgetful: 0.3 },
    { role: "poll", hosts: 1, forgetful: 0.5 },
  ],
  rates: { ...EVERYTHING, "wall-error": 0.5, "late-tick": 0.2, "duplicate-tick": 0.4 },
  timing: { ...TIMING, durationMs: [3_000, 10_000] },
  tenure: { affinityMs: [12_000, 40_000], lengths: [1, 1, 0.4, 3], lockDelayMs: [0, 0, 4_000] },
  tickEveryMs: 8_000,
};

const REGIONS: Scenario = {
  name: "regions",
  about:
    "long-lived candidates of two regions, and outsiders, that hand the lease over within and across them",
  lengthMs: 150_000,
  roles: [
    { role: "stand", hosts: 3, regions: 2, priorities: [0, 0, 1], stable: 0.3 },
    { role: "campaign", hosts: 1, regions: 2, freezes: true },
    { role: "campaign", hosts: 1 },
  ],
  rates: { ...EVERYTHING, crash: 1 },
  timing: { ...TIMING, durationMs: [3_000, 8_000], retryIntervalMs: [500, 2_000] },
  tenure: { affinityMs: [3_000, 15_000], drainMs: [0, 500], lockDelayMs: [0, 2_000] },
};

const HOLD: Scenario = {
  name: "hold",
  about: "terms that stay closed to others for a minimum, and leases that stay closed after a death",
  lengthMs: 180_000,
  roles: [
    { role: "stand", hosts: 2, stable: 0.2 },
    { role: "campaign", hosts: 1, freezes: true },
    { role: "poll", hosts: 2, forgetful: 0.3 },
  ],
  rates: { ...EVERYTHING, crash: 1 },
  timing: { ...TIMING, durationMs: [2_000, 8_000], retryIntervalMs: [200, 1_000] },
  tenure: {
    holdAtLeastMs: [0, 5_000, 20_000],
    lockDelayMs: [0, 4_000, 20_000],
    lengths: [1, 1, 0.7],
    drainMs: [0, 1_000],
  },
};

/** Worlds of hand-over, reservation, return and tenure. */
export const TENURES: readonly Scenario[] = [RELAY, HEIRS, HANDOVER, RESUME, AFFINITY, REGIONS, HOLD];
