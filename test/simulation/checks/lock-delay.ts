import type { Checker } from "../history.ts";
import { digestOf, nameOf, stateKey } from "./claims.ts";
import { canBeProven, openingsOf } from "./proofs.ts";

/**
 * After a term that was not released nobody else's begins before it can be proven that its length and its lock-delay, as
 * its holder asked for it or as the row has it, have passed since its last write. Excepted is a candidate that takes its
 * own again: a claim that it told nobody of, a term of its own id.
 */
export const lockDelay: Checker = (history) => {
  const digest = digestOf(history);
  const wished = new Map(
    digest.terms.map(({ term }) => [stateKey(term.holder, term.token), term.tenure.lockDelayMs]),
  );
  return openingsOf(history).flatMap((opening) => {
    const { event, before, after, maker } = opening;
    if (before.holder === undefined || before.holder === after.holder) return [];
    const promised = wished.get(stateKey(before.holder, before.token));
    const delayMs = Math.max(promised ?? 0, before.lockDelayMs ?? 0);
    if (delayMs === 0 || (maker === event.process && promised === undefined)) return [];
    if (canBeProven(history, opening, delayMs - (before.lockDelayMs ?? 0))) return [];
    const who = nameOf({ holder: after.holder ?? "", token: after.token });
    const message = `${who} followed ${nameOf({ holder: before.holder, token: before.token })} within ${delayMs} ms`;
    return [{ by: "lock-delay" as const, at: event.at, message }];
  });
};
