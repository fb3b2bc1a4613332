import type { GroupHistory, RowPast } from "./group-history.ts";
import type { Check } from "./history.ts";
import { checkRow } from "./row.ts";
import { checkStaleWrites } from "./stale-writes.ts";
import { checkTokens } from "./tokens.ts";

const NEVER_WRITTEN: RowPast = {
  states: new Map(),
  writesUpon: new Map(),
  contradictions: [],
  reached: [],
  seen: [],
};

/** The past of every row, those of sessions included, is whole and linear; see `checkRow`. */
export const checkRowsOfGroup: Check<GroupHistory> = ({ rows }) =>
  [...rows].flatMap(([row, past]) => checkRow(past).map((what) => `${row}: ${what}`));

/** Each term of a shard is handed out once, tokens rise, and nobody else writes within a term; see `checkTokens`. */
export const checkTokensOfShards: Check<GroupHistory> = ({ rows, shardRows, permitRows, handedOut }) => {
  const byRow = Map.groupBy(handedOut, ({ row = "" }) => row);
  const known = new Set([...shardRows, ...permitRows]);
  const wrong = [...byRow.keys()]
    .filter((row) => !known.has(row))
    .map((row) => `a term of ${row} was handed out, which is none of the shards`);
  return wrong.concat(
    [...known].flatMap((row) => {
      const { states } = rows.get(row) ?? NEVER_WRITTEN;
      return checkTokens({ states, handedOut: byRow.get(row) ?? [] }).map((what) => `${row}: ${what}`);
    }),
  );
};

/** No entry of a term that was over got into a journal, and in a journal tokens never fall; see `checkStaleWrites`. */
export const checkStaleEntries: Check<GroupHistory> = ({ rows, shardRows, given, entries }) => {
  const givenBy = Map.groupBy(given, ({ row }) => row);
  const entriesBy = Map.groupBy(entries, ({ row }) => row);
  return shardRows.flatMap((row) => {
    const { states, reached } = rows.get(row) ?? NEVER_WRITTEN;
    const books = { assignments: entriesBy.get(row) ?? [] };
    const written = { states, reached, given: givenBy.get(row) ?? [], books };
    return checkStaleWrites(written).map((what) => `${row}: ${what}`);
  });
};
