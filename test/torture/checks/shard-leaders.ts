import type { GroupHistory, Revoked } from "./group-history.ts";
import type { Check, HandedOut } from "./history.ts";
import { heldTogetherMs } from "./one-leader.ts";

/**
 * How long the holder of a shard that was vacated by force may go on believing that it leads, in ms: it looks once a minute where the
 * message to it is lost (docs/protocol.md, Groups), and can be stopped for that long besides.
 */
const BELIEVES_MS = 60_000 + 15_000;

/**
 * At no instant were two handles of one shard, or of one permit, held; see `checkOneLeader`. A forced release is no exception for the
 * time before it, and ends its exception once its holder must have looked.
 */
export const checkOneLeaderEach: Check<GroupHistory> = ({ handedOut, revoked }) => {
  const wrong: string[] = [];
  const ended = new Map(revoked.map((one) => [`${one.row} ${one.holder} ${one.token}`, one]));
  for (const [row, all] of Map.groupBy(handedOut, (term) => term.row ?? "")) {
    const terms = all.filter(({ samples }) => samples > 0).sort((a, b) => a.first.before - b.first.before);
    for (const [index, term] of terms.entries()) {
      const revocation = ended.get(`${row} ${term.holder} ${term.token}`);
      const late = revocation === undefined ? 0 : term.last.before - revocation.at - BELIEVES_MS;
      if (late > 0)
        wrong.push(`${row}: ${told(term)} led for ${late.toFixed(0)} ms longer than a forced release allows`);
      for (const other of terms.slice(index + 1)) {
        if (other.first.before > term.last.after) break;
        const ms = heldTogetherMs(term, other);
        if (ms === undefined || isExcused(ended, row, term, other)) continue;
        wrong.push(`${row}: ${told(term)} and ${told(other)} both led for ${ms.toFixed(1)} ms or more`);
      }
    }
  }
  return wrong;
};

/** Whether the older of two terms had been ended by force when the younger began. */
function isExcused(ended: ReadonlyMap<string, Revoked>, row: string, a: HandedOut, b: HandedOut): boolean {
  const [older, younger] = a.token < b.token ? [a, b] : [b, a];
  const revocation = ended.get(`${row} ${older.holder} ${older.token}`);
  return revocation !== undefined && revocation.at <= younger.first.after;
}

const told = ({ candidate, token }: HandedOut): string => `${candidate} (token ${token})`;

/** At no instant did more handles say that they hold a permit than there are permits, whatever the permits were called. */
export const checkPermits: Check<GroupHistory> = ({ permits, shardRows, handedOut }) => {
  const most = mostTogether(handedOut, shardRows);
  return most > permits ? [`${most} held a permit at one instant, of which there are ${permits}`] : [];
};

/** How many handles, of all rows but these, surely said yes at one instant. */
export function mostTogether(handedOut: readonly HandedOut[], without: readonly string[]): number {
  const others = new Set(without);
  const changes = handedOut
    .filter(
      ({ row = "", samples, first, last }) => !others.has(row) && samples > 0 && first.after < last.before,
    )
    .flatMap(({ first, last }) => [
      { at: first.after, by: 1 },
      { at: last.before, by: -1 },
    ])
    // Who ends at the instant at which another begins comes first.
    .sort((a, b) => a.at - b.at || a.by - b.by);
  let held = 0;
  let most = 0;
  for (const { by } of changes) most = Math.max(most, (held += by));
  return most;
}
