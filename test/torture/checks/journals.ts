import type { GroupHistory, JournalEntry } from "./group-history.ts";
import type { Check } from "./history.ts";

/**
 * Each shard has a journal that counts from 1 without a gap, holds what storage said that it accepted and nothing else, and in which a
 * term that wrote its begin wrote it once and first, and its end once and last.
 */
export const checkJournals: Check<GroupHistory> = ({ shardRows, entries, given }) => {
  const wrong: string[] = [];
  const byRow = Map.groupBy(entries, ({ row }) => row);
  const keyOf = ({ row, number, token }: Pick<JournalEntry, "row" | "number" | "token">): string =>
    `${row}: entry ${number} of term ${token}`;
  const accepted = new Set(given.map(keyOf));
  for (const row of shardRows) {
    const journal = [...(byRow.get(row) ?? [])].sort((a, b) => a.number - b.number);
    if (journal.length === 0) wrong.push(`${row}: its journal is empty, so nothing was shown`);
    for (const [at, entry] of journal.entries()) {
      if (entry.number !== at + 1) wrong.push(`${row}: entry ${at + 1} is missing`);
      if (entry.number !== at + 1) break;
      if (!accepted.delete(keyOf(entry)))
        wrong.push(`${keyOf(entry)} is in the journal, and nobody saw it accepted`);
    }
    for (const [token, all] of Map.groupBy(journal, (entry) => entry.token))
      wrong.push(...wrongInTerm(all).map((what) => `${row}: term ${token} ${what}`));
  }
  return [...wrong, ...[...accepted].map((key) => `${key} was accepted and is not in the journal`)];
};

function wrongInTerm(entries: readonly JournalEntry[]): string[] {
  const wrong: string[] = [];
  for (const [at, { what }] of entries.entries()) {
    if (what === "begin" && at > 0) wrong.push("begins in its middle");
    if (what === "end" && at < entries.length - 1) wrong.push("goes on after its end");
  }
  return wrong;
}
