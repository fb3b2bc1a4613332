import type { LeaseRecord } from "../../lib/core/record.ts";
import { epochMs } from "../../lib/core/units.ts";
import type { TermRequest } from "../../lib/core/writes.ts";

/** When the rows of these tests are looked at, in service time. */
export const NOON = 1_767_268_800_000;

/** What every row has. */
export const base = { name: "jobs", revision: 3, transitions: 1, writeId: "w" } as const;

/** The row of a worker's session that lasts. */
export const session = (id: string, changes: Partial<LeaseRecord> = {}): LeaseRecord => ({
  ...base,
  row: `session#${id}`,
  holder: id,
  token: 50,
  durationMs: 15_000,
  expiresAt: epochMs(NOON + 15_000),
  acquiredAt: epochMs(NOON - 1_000),
  renewedAt: epochMs(NOON - 10),
  weight: 1,
  ...changes,
});

/** The row of a shard that is held through it, or vacant. */
export const shard = (
  name: string,
  holder: string | undefined,
  changes: Partial<LeaseRecord> = {},
): LeaseRecord => ({
  ...base,
  row: `lease#${name}`,
  holder,
  token: 70,
  durationMs: 0,
  sessionToken: 50,
  renewedAt: epochMs(NOON - 5_000),
  ...changes,
});

/** What a claim of the shard `a` is asked with. */
export const shardRequest: TermRequest = {
  name: "jobs",
  row: "lease#a",
  holder: "ann",
  writeId: "w-1",
  now: epochMs(NOON),
  durationMs: 15_000,
  timed: true,
  retentionMs: 86_400_000,
  tick: undefined,
  claimsTick: false,
  sessionToken: 50,
};
