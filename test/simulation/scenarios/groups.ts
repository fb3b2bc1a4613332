import type { Scenario } from "../scenario.ts";
import { EVERYTHING, NETWORK, PROCESSES } from "./rates.ts";

/** The timing of most worlds of groups: short terms, so that much happens in little time. */
const TIMING: Scenario["timing"] = {
  durationMs: [2_000, 5_000],
  retryIntervalMs: [500, 1_500],
  serviceClockErrorMs: [0, 250],
  clockDriftRatio: [0.005],
};

/** What befalls queries and bells. */
const VIEWS: Scenario["rates"] = { "stale-look": 0.05, "lost-bell": 0.1 };

const TENURE: Scenario["tenure"] = { drainMs: [0, 500, 3_000], reserveForMs: [0, 2_000, 10_000] };

const SHARDS_CALM: Scenario = {
  name: "shards-calm",
  about:
    "workers that come and leave one by one, and nothing goes wrong: what it costs is exact, and nothing moves without a cause",
  lengthMs: 60_000,
  roles: [
    { role: "work", hosts: 3 },
    { role: "work", hosts: 1, stayMs: [15_000, 30_000], awayMs: [5_000, 15_000] },
  ],
  rates: {},
  timing: { ...TIMING, durationMs: [8_000], retryIntervalMs: [1_000], serviceClockErrorMs: [250] },
  group: { shards: [7, 11] },
};

const HOLDERS_CALM: Scenario = {
  name: "holders-calm",
  about:
    "processes that are no workers, wait for single shards, release some and close their sessions with others, and nothing goes wrong",
  lengthMs: 75_000,
  roles: [
    { role: "hold", hosts: 3, fickle: 0.5, forgetful: 0.3 },
    { role: "hold", hosts: 1, fickle: 0.5, forgetful: 0.2, stable: 1 },
  ],
  rates: {},
  // Sessions last for much longer than whoever waits may take: what a row said when it was read is no news for long.
  timing: { ...TIMING, durationMs: [10_000, 20_000], serviceClockErrorMs: [250] },
  tenure: { ...TENURE, lockDelayMs: [0, 0, 2_000], holdAtLeastMs: [0, 0, 3_000] },
  group: { shards: [2, 4] },
};

const SHARDS: Scenario = {
  name: "shards",
  about: "workers that share shards, and all that can befall them but operators",
  lengthMs: 45_000,
  roles: [
    { role: "work", hosts: 2, stayMs: [5_000, 90_000] },
    { role: "work", hosts: 1, stable: 1, stayMs: [3_000, 60_000] },
    { role: "work", hosts: 1, freezes: true },
  ],
  rates: { ...EVERYTHING, ...VIEWS },
  timing: TIMING,
  tenure: TENURE,
  group: { shards: [3, 6], pageRows: [1_000, 1_000, 6] },
};

const SHARDS_NETWORK: Scenario = {
  name: "shards-network",
  about: "workers and holders over a network that loses, delays, doubles and reorders what they send",
  lengthMs: 40_000,
  roles: [
    { role: "work", hosts: 3, stayMs: [5_000, 60_000] },
    { role: "hold", hosts: 1, forgetful: 0.2 },
  ],
  rates: {
    ...Object.fromEntries(Object.entries(NETWORK).map(([kind, rate]) => [kind, rate * 2.5])),
    ...VIEWS,
    crash: 0.5,
    "clock-drift": 0.5,
    "front-end-skew": 1,
    "wall-error": 0.2,
  },
  timing: { ...TIMING, retryIntervalMs: [300, 1_000] },
  tenure: TENURE,
  latencyMs: [0.01, 30],
  group: { shards: [3, 5] },
};

const WAVES: Scenario = {
  name: "waves",
  about:
    "workers that come and go in waves, 4 at once, some with stable ids whose last words are kept for later",
  lengthMs: 40_000,
  roles: [
    { role: "work", hosts: 3, stayMs: [3_000, 30_000], awayMs: [50, 5_000] },
    { role: "work", hosts: 3, stable: 1, stayMs: [3_000, 30_000], awayMs: [5, 2_000] },
  ],
  rates: {
    wave: 4,
    crash: 2,
    slow: 0.08,
    "late-duplicate": 0.06,
    duplicate: 0.04,
    "response-lost": 0.04,
    "request-lost": 0.02,
    "wall-error": 0.3,
    "clock-drift": 0.5,
    "front-end-skew": 1,
    ...VIEWS,
  },
  timing: TIMING,
  tenure: { ...TENURE, lockDelayMs: [0, 0, 2_000] },
  group: { shards: [4, 8] },
};

const WEIGHTS: Scenario = {
  name: "weights",
  about:
    "workers of different weight, some with caps below their share, that come and go, and shards that come and go",
  lengthMs: 40_000,
  roles: [
    { role: "work", hosts: 3, weights: [1, 2, 5], caps: [1, 2, Infinity], stayMs: [5_000, 40_000] },
    { role: "work", hosts: 2, weights: [1, 3], fickle: 0.4 },
  ],
  rates: { crash: 0.7, partition: 0.3, "shards-changed": 3, "response-lost": 0.02, slow: 0.02, ...VIEWS },
  timing: TIMING,
  tenure: TENURE,
  group: { shards: [5, 9] },
};

const SLEEPERS: Scenario = {
  name: "sleepers",
  about:
    "workers that freeze, stop and stall in the midst of claims and burials, and wake up when it hurts most",
  lengthMs: 45_000,
  roles: [
    { role: "work", hosts: 3, freezes: true, stayMs: [10_000, 90_000] },
    { role: "work", hosts: 1, stable: 0.5 },
  ],
  rates: {
    ...PROCESSES,
    "gc-pause": 6,
    stop: 3,
    freeze: 3,
    stall: 0.01,
    "worst-moment-thaw": 0.7,
    slow: 0.05,
    "response-lost": 0.03,
    "late-duplicate": 0.03,
    "clock-drift": 0.5,
    "front-end-skew": 1,
    "wall-error": 0.2,
    ...VIEWS,
  },
  timing: TIMING,
  tenure: TENURE,
  latencyMs: [0.05, 30],
  group: { shards: [3, 5] },
};

const SHARD_OPERATORS: Scenario = {
  name: "shard-operators",
  about:
    "operators who free shards by force, ask for them, and delete rows of shards and sessions, put old ones back, and change the list",
  lengthMs: 45_000,
  roles: [
    { role: "work", hosts: 3, stayMs: [10_000, 90_000], stable: 0.3 },
    { role: "hold", hosts: 1 },
    { role: "operate-group", hosts: 2, force: 0.4 },
  ],
  rates: {
    ...EVERYTHING,
    ...VIEWS,
    "operator-delete": 1,
    "operator-restore": 1,
    "operator-release": 1,
    "session-delete": 0.7,
    "shards-changed": 1,
  },
  timing: TIMING,
  tenure: TENURE,
  group: { shards: [3, 5] },
};

const BELLS: Scenario = {
  name: "bells",
  about:
    "operators who ask for shards and free some by force, bells that are lost, and nothing else that goes wrong",
  lengthMs: 75_000,
  roles: [
    { role: "work", hosts: 2, fickle: 0.05 },
    { role: "hold", hosts: 1, fickle: 0.1, restMs: [5_000, 30_000], forgetful: 0 },
    { role: "operate-group", hosts: 1, force: 0.4 },
  ],
  rates: { "lost-bell": 0.4, "operator-release": 0.3 },
  timing: { ...TIMING, durationMs: [5_000, 10_000], retryIntervalMs: [1_000, 2_000] },
  tenure: { drainMs: [500] },
  group: { shards: [3, 4] },
};

const SHARD_DAYS: Scenario = {
  name: "shard-days",
  about: "shards held now and then in days, whose rows and whose sessions' rows TTL deletes in between",
  lengthMs: 6 * 86_400_000,
  roles: [
    { role: "hold", hosts: 2, restMs: [1_000, 60_000_000], fickle: 1, forgetful: 0.4, stable: 0.5 },
    { role: "hold", hosts: 1, restMs: [1_000, 60_000_000], fickle: 1, forgetful: 0.2, freezes: true },
  ],
  rates: {
    "ttl-delete": 1,
    "response-lost": 0.1,
    "request-lost": 0.05,
    "late-duplicate": 0.1,
    slow: 0.1,
    "wall-error": 0.4,
    "clock-drift": 0.3,
    "front-end-skew": 1,
  },
  timing: { ...TIMING, durationMs: [5_000] },
  ttlDelayMs: [0, 0, 3_600_000, 40_000_000],
  group: { shards: [1, 2] },
};

const HOLDERS: Scenario = {
  name: "holders",
  about:
    "processes that are no workers and hold shards, with sessions that are opened and closed all the time",
  lengthMs: 40_000,
  roles: [
    { role: "hold", hosts: 3, fickle: 0.8, forgetful: 0.3 },
    { role: "hold", hosts: 1, fickle: 0.8, stable: 1, forgetful: 0.1, freezes: true },
  ],
  rates: { ...EVERYTHING, ...VIEWS, crash: 1 },
  timing: TIMING,
  tenure: { ...TENURE, lockDelayMs: [0, 0, 2_000], holdAtLeastMs: [0, 0, 3_000] },
  group: { shards: [2, 3] },
};

const PERMITS: Scenario = {
  name: "permits",
  about: "processes that want one of few permits, and do not all think the same of how many there are",
  lengthMs: 40_000,
  roles: [
    { role: "permit", hosts: 4, fickle: 0.9, forgetful: 0.1 },
    { role: "permit", hosts: 1, fickle: 0.9, freezes: true },
  ],
  rates: { ...EVERYTHING, ...VIEWS, crash: 1 },
  timing: TIMING,
  tenure: { lockDelayMs: [0, 0, 2_000] },
  group: { shards: [2], permits: [2, 2, 3] },
};

/** Worlds of groups. */
export const GROUPS: readonly Scenario[] = [
  SHARDS_CALM,
  HOLDERS_CALM,
  SHARDS,
  SHARDS_NETWORK,
  WAVES,
  WEIGHTS,
  SLEEPERS,
  SHARD_OPERATORS,
  BELLS,
  SHARD_DAYS,
  HOLDERS,
  PERMITS,
];
