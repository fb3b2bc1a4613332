import type { NetworkFault } from "../../../local/harness/faults.ts";
import type { Chance } from "../../simulation/world/chance.ts";
import type { CandidateConfig, Role, Traits } from "../candidate/messages.ts";

/** A candidate of an election, before it is told what kind it is. */
export interface Seat {
  readonly durationMs: number;
  /** What a roll of the seed picks its role from. */
  readonly roles: readonly Role[];
}

/** One candidate of an election. */
export type CandidatePlan = Pick<CandidateConfig, "name" | "durationMs"> & Traits;

/** One election: a lease with its own job and its own candidates. */
export interface ElectionPlan {
  readonly name: string;
  readonly seats: readonly Seat[];
  /** The labels that candidates may share. */
  readonly affinities: readonly string[];
  /** How often an occurrence of the schedule comes about, on average, in ms. */
  readonly tickEveryMs: number;
  /** How far off wall clocks are at most, in ms. */
  readonly clockErrorMs: number;
  /** What never happens to its requests. */
  readonly without: readonly NetworkFault[];
  /** How long the lease can be without a leader after faults have ended, beyond the protocol's bound, in ms. */
  readonly extraRecoveryMs: number;
}

/** Long-lived candidates, and those who come and go. */
const STANDING: readonly Role[] = ["running", "campaigning"];
const PASSING: readonly Role[] = ["steady", "impolite", "scheduled"];

/**
 * Two elections side by side. In the first, those who watch the lease take it over by having watched it, before
 * anyone could by the service's clock; some of them stand for good, hand over, return under their ids. In the second nobody has a memory, so that the service's clock is all
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
    // The lease may be kept for somebody who does not come, and that may be repeated by a late request.
    extraRecoveryMs: 10_000,
    affinities: ["east", "west"],
    seats: [
      { durationMs: 4_000, roles: STANDING },
      { durationMs: 3_000, roles: STANDING },
      { durationMs: 2_500, roles: [...STANDING, ...PASSING] },
      { durationMs: 2_500, roles: PASSING },
      { durationMs: 2_000, roles: PASSING },
    ],
  },
  {
    name: "memoryless",
    tickEveryMs: 150,
    clockErrorMs: 15_000,
    without: ["no date"],
    extraRecoveryMs: 15_000,
    affinities: [],
    seats: [1_480, 3_480].map((durationMs) => ({ durationMs, roles: ["scheduled"] })),
  },
];

/** Rolls what kind each candidate of an election is. */
export function castOf({ name: election, seats, affinities }: ElectionPlan, chance: Chance): CandidatePlan[] {
  const draws = chance.of("cast");
  return seats.map(({ durationMs, roles }, at) => {
    const role = draws.pick(roles);
    const stands = STANDING.includes(role);
    const stable = draws.happens(0.5) && stands;
    const priority = draws.pick([0, 0, 1, 2]) * Number(stands);
    const affinity = draws.happens(0.5) ? draws.pick(affinities) : undefined;
    const name = `${election}-${at + 1}-${role}`;
    return { name, durationMs, role, id: stable ? `${name}-stable` : undefined, priority, affinity };
  });
}
