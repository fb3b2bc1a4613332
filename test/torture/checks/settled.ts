import { AUXILIARY } from "../../../lib/core/names.ts";
import { seconds } from "../../../local/harness/screen.ts";
import type { GroupHistory } from "./group-history.ts";
import type { Check } from "./history.ts";

/** Once faults have stopped, every shard is led within the bound (I5). */
export const checkLed: Check<GroupHistory> = ({ settled: { ledMs, ledWithinMs, unled } }) =>
  ledMs !== undefined && ledMs <= ledWithinMs
    ? []
    : [
        `after ${seconds(ledMs ?? ledWithinMs)} nobody led ${unled.join(", ") || "some shard"}; ${seconds(ledWithinMs)} are enough`,
      ];

/** In the end every worker leads as many shards as its weight's part of all workers' weights, give or take less than one. */
export const checkShared: Check<GroupHistory> = ({ settled: { sharedMs, sharedWithinMs, counts } }) => {
  const wrong: string[] = [];
  if (sharedMs === undefined || sharedMs > sharedWithinMs)
    wrong.push(`shards were not shared within ${seconds(sharedWithinMs)}`);
  const shards = counts.reduce((sum, one) => sum + one.shards, 0);
  const weights = counts.reduce((sum, { weight }) => sum + weight, 0);
  for (const { worker, weight, shards: leads } of counts) {
    const quota = (shards * weight) / weights;
    if (Math.abs(leads - quota) < 1) continue;
    wrong.push(
      `${worker} of weight ${weight} leads ${leads} of ${shards} shards, its share is ${quota.toFixed(2)}`,
    );
  }
  return wrong;
};

/**
 * A session that was closed after faults had stopped is vacant in the table. Others may be left there to run out, those of processes that were killed
 * for example; but no shard's last term rests on one of them, since all shards have been led by others since.
 */
export const checkClosed: Check<GroupHistory> = ({ closed, leftHeld, rows, shardRows }) => {
  const names = new Set(closed);
  return leftHeld.flatMap(({ row, token }) => {
    const id = row.slice(row.indexOf(AUXILIARY.session) + AUXILIARY.session.length);
    const wrong = names.has(id) ? [`${row} was closed, and is held with token ${token}`] : [];
    const rests = shardRows.filter((shard) => {
      const last = rows.get(shard)?.seen.at(-1);
      return last?.holder === id && last.sessionToken === token;
    });
    return rests.length === 0 ? wrong : [...wrong, `${row} is held, and holds ${rests.join(", ")}`];
  });
};

/** No worker asked more of the table than it may. */
export const checkBudget: Check<GroupHistory> = ({ spent }) =>
  spent
    .filter(({ requests, budget }) => requests > budget)
    .map(
      ({ worker, time, forMs, requests, budget }) =>
        `${worker} sent ${requests} requests in ${seconds(forMs)} of ${time}, its budget is ${budget}`,
    );
