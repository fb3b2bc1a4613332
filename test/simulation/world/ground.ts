import type { GroupLog } from "../history.ts";
import type { World } from "./world.ts";

/** The group that workers and holders of a history share. */
export const GROUP = "tenants";

/** What a world of a group has beside processes: its shards. */
export interface GroupGround {
  /** The shards that there are now. */
  shards: readonly string[];
  readonly log: GroupLog;
}

/** Makes the shards of a world that is about a group. */
export function groundOf({ scenario, chance }: World): GroupGround | undefined {
  const { group } = scenario;
  if (group === undefined) return undefined;
  const permits = group.permits && Math.max(...group.permits);
  const count = chance.of("group/shards").pick(group.shards);
  const shards = Array.from({ length: permits ?? count }, (_, nth) =>
    permits === undefined ? `s${nth + 1}` : `permit-0000${nth + 1}`,
  );
  return { shards, log: { name: GROUP, shards, permits } };
}
