import type { NetworkFault } from "../../../local/harness/faults.ts";
import type { Role } from "../candidate/messages.ts";

/** One candidate of an election. */
export interface CandidatePlan {
  readonly name: string;
  readonly role: Role;
  readonly durationMs: number;
}

/** One election: a lease with its own job and its own candidates. */
export interface ElectionPlan {
  readonly name: string;
  readonly candidates: readonly CandidatePlan[];
  /** How often an occurrence of the schedule comes about, on average, in ms. */
  readonly tickEveryMs: number;
  /** How far off wall clocks are at most, in ms. */
  readonly clockErrorMs: number;
  /** What never happens to its requests. */
  readonly without: readonly NetworkFault[];
  /** How long the lease can be without a leader after faults have ended, beyond the protocol's bound, in ms. */
  readonly extraRecoveryMs: number;
}

/**
 * Two elections side by side. In the first, those who watch the lease take it over by having watched it, before
 * anyone could by the service's clock. In the second nobody has a memory, so that the service's clock is all
 * there is.
 *
 * A corrected stamp is the middle of a second and the length of the lease later. With these lengths that is just
 * short of a whole second, which is the earliest that a header can speak of: the hardest case for the grace.
 *
 * Without a memory there is a limit: a first claim is stamped by the wall clock, and when its process dies before
 * the answer could correct it, the stamp stands. Who remembers the row sees it unchanged for long enough; who does
 * not has to wait until the stamp has passed. So the second election's clocks are off by seconds, and it is given
 * that much longer to recover. And where an answer without a date made the holder take its stamp away, who does
 * not remember waits for ever; so that is left to the first election.
 */
export const ELECTIONS: readonly ElectionPlan[] = [
  {
    name: "mixed",
    tickEveryMs: 400,
    clockErrorMs: 300_000,
    without: [],
    extraRecoveryMs: 0,
    candidates: [
      { name: "steady-1", role: "steady", durationMs: 3_000 },
      { name: "steady-2", role: "steady", durationMs: 2_000 },
      { name: "impolite-1", role: "impolite", durationMs: 2_500 },
      { name: "scheduled-1", role: "scheduled", durationMs: 2_000 },
    ],
  },
  {
    name: "memoryless",
    tickEveryMs: 150,
    clockErrorMs: 15_000,
    without: ["no date"],
    extraRecoveryMs: 15_000,
    candidates: [
      { name: "scheduled-2", role: "scheduled", durationMs: 1_480 },
      { name: "scheduled-3", role: "scheduled", durationMs: 2_480 },
      { name: "scheduled-4", role: "scheduled", durationMs: 3_480 },
    ],
  },
];
