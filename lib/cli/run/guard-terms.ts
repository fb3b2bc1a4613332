/** The word that makes `leasehold` the guard of a command. No command of its own bears it. */
export const GUARD = "run-guard";

/** How much later than leasehold itself the guard acts, in ms: it is there for when leasehold cannot. */
export const GUARD_LAG_MS = 300;
