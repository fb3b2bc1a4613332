import type { Checker } from "../history.ts";
import { STABLE } from "../world/tenure.ts";
import { nameOf } from "./claims.ts";
import { canBeProven, openingsOf } from "./proofs.ts";

/**
 * A process with a declared-stable id goes on with the term that the process before it left, under the same token, for as
 * long as nobody could prove it over: it begins no term of its own in its place, unless it has led in that term itself.
 */
export const resumption: Checker = (history) => {
  const led = new Set(
    history.events.flatMap((event) =>
      event.kind === "began" ? [`${event.term.process} ${event.term.token}`] : [],
    ),
  );
  return openingsOf(history).flatMap((opening) => {
    const { event, before, after, maker } = opening;
    if (before.holder !== after.holder || !(before.holder ?? "").startsWith(STABLE)) return [];
    if (maker === event.process || led.has(`${event.process} ${before.token}`)) return [];
    if (canBeProven(history, opening, 0)) return [];
    const message = `${nameOf({ holder: after.holder ?? "", token: after.token })} took its own term again instead of going on`;
    return [{ by: "resumption" as const, at: event.at, message }];
  });
};
