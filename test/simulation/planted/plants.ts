import { IN_CONDUCT } from "./in-conduct.ts";
import { IN_GROUPS } from "./in-groups.ts";
import { IN_HANDOVER } from "./in-handover.ts";
import { IN_SESSIONS } from "./in-sessions.ts";
import { IN_TENURE } from "./in-tenure.ts";
import { IN_TERM } from "./in-term.ts";
import { IN_TIME } from "./in-time.ts";
import { IN_WRITES } from "./in-writes.ts";
import type { Plant } from "./plant.ts";

/** Every planted bug. */
export const PLANTS: readonly Plant[] = [
  ...IN_WRITES,
  ...IN_TIME,
  ...IN_CONDUCT,
  ...IN_HANDOVER,
  ...IN_TENURE,
  ...IN_TERM,
  ...IN_SESSIONS,
  ...IN_GROUPS,
];

/** Finds a planted bug. */
export function plantNamed(name: string): Plant {
  const plant = PLANTS.find((candidate) => candidate.name === name);
  if (plant !== undefined) return plant;
  throw new Error(`there is no planted bug "${name}"`);
}
